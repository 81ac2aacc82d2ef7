"""One look at a source: each step of it carried out in the store, whole or not at all."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from laresd.backends.knowledge.desk import Desk, NoReader
from laresd.backends.knowledge.ledger import Ledger
from laresd.backends.knowledge.origin import (
    Changed,
    Expected,
    Failed,
    Gone,
    Later,
    Moved,
    Noted,
    Origin,
    Original,
    Step,
    Unchanged,
)
from laresd.backends.knowledge.store import Known, LibraryStore
from laresd.documents import Document, Extracted, Progress, Source
from laresd.errors import LaresError, Permanent, Temporary

log = logging.getLogger(__name__)

ATTEMPTS = 2  # that a document gets of which the reader died or which took too long


@dataclass(frozen=True, slots=True)
class Room:
    """On the disk, in MiB: so much is left free, and the library has at most so much."""

    free_mb: int
    most_mb: int

    def check(self, library: Path) -> None:
        """Raises Temporary where nothing more may be kept. Blocks."""
        free = shutil.disk_usage(library.parent).free >> 20
        if free < self.free_mb:
            raise Temporary(
                f"no more documents are read: {free} MiB of the disk are free",
                remedy=f"free some, or lower knowledge.free_mb (now {self.free_mb})",
            )
        used = sum(map(_bytes, (library, library.with_name(library.name + "-wal")))) >> 20
        if used >= self.most_mb:
            raise Temporary(
                f"no more documents are read: the library has {used} MiB",
                remedy=f"remove a source, or raise knowledge.most_mb (now {self.most_mb})",
            )


def _bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


class Visitor:
    """`on_texts`: called when texts without vectors were kept. `check_room` blocks. `keep`: gets
    each document that was read, while its file is there.
    """

    def __init__(
        self,
        store: LibraryStore,
        ledger: Ledger,
        desk: Desk,
        *,
        check_room: Callable[[], None],
        on_texts: Callable[[], None],
        keep: Callable[[Source, Original], Awaitable[None]],
    ) -> None:
        self._store, self._ledger, self._desk = store, ledger, desk
        self._check_room, self._on_texts, self._keep = check_room, on_texts, keep
        self._attempts: Counter[str] = Counter()  # by digest

    async def visit(
        self, source: Source, origin: Origin, at: float, told: Callable[[Progress], None]
    ) -> bool:
        """Whether all of it is known now (`at`, wall seconds); False where something was just being
        written, or is tried once more. `told` of each step. Raises LaresError when it cannot go on.
        """
        visit = _Visit(source, origin, await self._store.known(source.id))
        async with aclosing(origin.steps(visit.known)) as steps:
            async for step in steps:
                await self._take(visit, step, told)
                told(visit.progress)
        if not visit.later:
            await self._ledger.visited(source.id, at, visit.notes)
        return not visit.later

    async def _take(self, visit: _Visit, step: Step, told: Callable[[Progress], None]) -> None:
        match step:
            case Expected(documents):
                visit.progress = replace(visit.progress, total=documents)
            case Unchanged(documents):
                visit.count(done=documents, unchanged=documents)
            case Noted(note):
                visit.notes.append(note)
            case Later():
                visit.postpone()
            case Gone(ids):
                await self._store.drop(ids)
            case Moved():
                await self._ledger.moved(
                    step.id, step.uri, step.title, step.title_before, step.modified
                )
                visit.count(done=1, unchanged=1)
            case Failed(original, fault):
                await self._keep_fault(visit, original, fault)
            case Changed(original):
                told(replace(visit.progress, at=original.uri))
                await self._read(visit, original)

    async def _read(self, visit: _Visit, original: Original) -> None:
        await asyncio.to_thread(self._check_room)
        try:
            read = await self._desk.read(original)
            if not read.passages:
                raise Permanent("there is no text in it")
        except NoReader:
            raise
        except Permanent as error:
            await self._keep_fault(visit, original, str(error))
            return
        except LaresError as error:
            self._attempts[original.digest] += 1
            if self._attempts[original.digest] < ATTEMPTS:
                log.warning("%s is tried once more: %s", original.uri, error)
                visit.postpone()
                return
            await self._keep_fault(visit, original, str(error))
            return
        if not await visit.origin.is_still(original):
            visit.postpone()
            return
        await self._keep(visit.source, original)
        document = _document(visit.source, original, read.extracted)
        await self._store.put(document, read.text, read.passages)
        self._attempts.pop(original.digest, None)
        self._on_texts()
        visit.count(done=1)

    async def _keep_fault(self, visit: _Visit, original: Original, fault: str) -> None:
        before = visit.known.get(original.uri)
        told = before is not None and (
            (before.fault, before.digest, before.size, before.modified)
            == (fault, original.digest, original.size, original.modified)
        )
        if not told:
            log.warning("%s is not known: %s", original.uri, fault)
            await self._store.put(_document(visit.source, original, fault=fault), "", ())
        visit.count(done=1, failed=1)


class _Visit:
    """What a look at a source has come to."""

    def __init__(self, source: Source, origin: Origin, known: Mapping[str, Known]) -> None:
        self.source, self.origin, self.known = source, origin, known
        self.progress = Progress()
        self.notes: list[str] = []
        self.later = False

    def count(self, *, done: int, failed: int = 0, unchanged: int = 0) -> None:
        now = self.progress
        self.progress = replace(
            now,
            done=now.done + done,
            failed=now.failed + failed,
            unchanged=now.unchanged + unchanged,
        )

    def postpone(self) -> None:
        self.later = True
        self.count(done=1)


def _document(
    source: Source, original: Original, extracted: Extracted | None = None, fault: str = ""
) -> Document:
    return Document(
        0,
        source.id,
        source.collection,
        original.uri,
        (extracted.title if extracted else "") or original.title,
        original.digest,
        original.size,
        original.modified,
        extracted.language if extracted else "",
        (extracted.media_type if extracted else "") or original.media_type,
        fault,
        extracted.notes if extracted else (),
    )
