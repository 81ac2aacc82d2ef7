"""A library of a test's own: the real store and ingest, with a reader and a clock of the test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from laresd.backends import cold
from laresd.backends.knowledge.cold import Originals
from laresd.backends.knowledge.desk import Desk
from laresd.backends.knowledge.files import FileOrigin
from laresd.backends.knowledge.ingest import SourceLibrary
from laresd.backends.knowledge.ledger import Ledger
from laresd.backends.knowledge.origin import Origin
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.tokens import Count, estimate
from laresd.backends.knowledge.visiting import Visitor
from laresd.core.knowledge import chunking
from laresd.core.knowledge.words import words
from laresd.documents import Collection, Document, Extracted, Passage, Source, SourceKind
from laresd.errors import LaresError
from tests.fakes.clock import FakeClock
from tests.fakes.document_reader import FakeDocumentReader

LONG_AGO = 1_700_000_000


def cut(extracted: Extracted, count: Count) -> tuple[str, Sequence[Passage]]:
    return chunking.text_of(extracted), chunking.passages(extracted, count)


def written(path: Path, text: str | bytes, *, at: float = LONG_AGO) -> Path:
    """A file that nobody has written for a while."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    os.utime(path, (at, at))
    return path


class FakeWatch:
    """Tells of changes when the test says so; `fault` is raised instead."""

    def __init__(self) -> None:
        self.fault: LaresError | None = None
        self._told = asyncio.Event()

    async def __call__(self, root: Path) -> AsyncGenerator[None, None]:
        if self.fault is not None:
            raise self.fault
        yield
        while True:
            await self._told.wait()
            self._told.clear()
            yield

    def tell(self) -> None:
        self._told.set()


class CountingClock(FakeClock):
    """Knows how many wait for it."""

    waiting = 0

    async def wait(self, event: asyncio.Event, until: float | None) -> bool:
        self.waiting += 1
        try:
            return await super().wait(event, until)
        finally:
            self.waiting -= 1


@dataclass
class Shelf:
    """The parts of a library that a test looks at."""

    store: LibraryStore
    clock: CountingClock = field(default_factory=CountingClock)
    reader: FakeDocumentReader = field(default_factory=FakeDocumentReader)
    watch: FakeWatch = field(default_factory=FakeWatch)
    origins: dict[str, Origin] = field(default_factory=dict)  # by location, instead of files
    access: Mapping[str, Collection] = field(default_factory=dict)
    full: LaresError | None = None  # why nothing more may be kept
    texts: int = 0  # documents whose texts wait for vectors
    on_texts: Callable[[], None] = lambda: None
    most_bytes: int = 1 << 20
    follow_s: float = 3600.0
    originals: Originals = field(
        default_factory=lambda: Originals(cold.Shelf(Path("/none"), Path("/none")), "none")
    )

    def library(self) -> SourceLibrary:
        self._desk = Desk(
            self.clock,
            open_reader=self.reader.opening,
            counter=lambda: estimate,
            cut=cut,
            quiet=_nobody_waits,
            longest_s=60.0,
        )
        visitor = Visitor(
            self.store,
            Ledger(self.store),
            self._desk,
            check_room=self._check_room,
            on_texts=self._count_texts,
            keep=self.originals.keep,
        )
        self.lib = SourceLibrary(
            self.store,
            visitor,
            self.clock,
            check=_as_it_is,
            origin=self._origin,
            watch=self.watch,
            access=self.access,
            follow_s=self.follow_s,
        )
        return self.lib

    @asynccontextmanager
    async def running(self) -> AsyncIterator[SourceLibrary]:
        library = self.library()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(library.run()), group.create_task(self._desk.run())]
            await asyncio.sleep(0)
            try:
                yield library
            finally:
                for task in tasks:
                    task.cancel()

    async def read_through(self) -> None:
        """Until no source is being read, and each waits for a reason to be looked at."""
        async with asyncio.timeout(60):
            sources = len(await self.store.sources())
            while self.lib.progress() or self.clock.waiting < sources:  # noqa: ASYNC110
                await asyncio.sleep(0.002)

    async def begun(self) -> None:
        """Until a source is being read."""
        async with asyncio.timeout(60):
            while not self.lib.progress():  # noqa: ASYNC110  # no event tells
                await asyncio.sleep(0.001)

    async def after(self, seconds: float) -> None:
        """Until no source is being read after so long."""
        await self.clock.advance(seconds)
        await asyncio.sleep(0.01)
        await self.read_through()

    async def documents(self, collection: str = "house") -> dict[str, Document]:
        """By the last part of their uri."""
        found = await self.store.documents(collection, limit=1000, offset=0)
        return {each.uri.rpartition("/")[2]: each for each in found}

    def _origin(self, source: Source) -> Origin:
        if source.location in self.origins:
            return self.origins[source.location]
        return FileOrigin(
            Path(source.location),
            is_folder=source.kind is SourceKind.FOLDER,
            most_bytes=self.most_bytes,
            wall=self.clock.wall,
        )

    def _check_room(self) -> None:
        if self.full is not None:
            raise self.full

    def _count_texts(self) -> None:
        self.texts += 1
        self.on_texts()


@asynccontextmanager
async def a_shelf(folder: Path) -> AsyncIterator[Shelf]:
    async with LibraryStore(folder / "library.db", words) as store:
        yield Shelf(store)


async def _nobody_waits() -> None:
    return None


async def _as_it_is(source: Source) -> Source:
    return source
