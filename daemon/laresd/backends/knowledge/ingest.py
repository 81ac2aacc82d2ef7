"""The library as its owner sees it: sources come and go, and each is followed as it changes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from laresd.backends.knowledge.ledger import Held, Ledger, Visit
from laresd.backends.knowledge.origin import Origin
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.visiting import Visitor
from laresd.backends.knowledge.watching import Watch
from laresd.documents import Collection, Document, Progress, Source, SourceKind
from laresd.errors import LaresError, Refused, Temporary
from laresd.ports import Clock

log = logging.getLogger(__name__)

MOST_SOURCES = 200
DAY_S = 86_400.0  # between two full comparisons of a folder that is watched
POLL_S = 300.0  # of one that is not
FILE_S = 30.0  # between two looks at a single file
SOON_S = 4.0  # until what was just being written is looked at again
GAP_S = 2.0  # between two looks at a folder that changes all the time, at least
RETRY_S, RETRY_MOST_S = 60.0, 3600.0  # after a source could not be looked at

_FILES = (SourceKind.FILE, SourceKind.FOLDER)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a source is. `reading`: how far, where it is being read."""

    source: Source
    visit: Visit
    held: Held
    reading: Progress | None = None


class _Followed:
    """What is in memory of a source that is followed."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()  # for another look
        self.tasks: list[asyncio.Task[None]] = []
        self.is_watched = False


class SourceLibrary:
    """Port Library. `run` must run for sources to be read. `check`: what a new source is, exactly;
    it raises Permanent or Refused where it is not there or may not be read. `access`: collections
    of the configuration. `follow_s`: between two looks at pages and rows.
    """

    def __init__(
        self,
        store: LibraryStore,
        visitor: Visitor,
        clock: Clock,
        *,
        check: Callable[[Source], Awaitable[Source]],
        origin: Callable[[Source], Origin],
        watch: Watch,
        access: Mapping[str, Collection],
        follow_s: float,
    ) -> None:
        self._store, self._ledger = store, Ledger(store)
        self._visitor, self._clock = visitor, clock
        self._check, self._origin, self._watch = check, origin, watch
        self._access, self._follow_s = access, follow_s
        self._followed: dict[int, _Followed] = {}
        self._progress: dict[int, Progress] = {}
        self._changing = asyncio.Lock()
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        async with self._changing:
            sources = await self._store.sources()
        async with asyncio.TaskGroup() as group:
            for source in sources:
                self._begin(source, group)
            self._group = group
            try:
                await asyncio.Event().wait()
            finally:
                self._group = None

    async def collections(self) -> Sequence[Collection]:
        """Those with sources, and those that are configured."""
        kept = {each.name: each for each in await self._store.collections()}
        return [
            replace(
                kept.get(name, Collection(name)), sites=who.sites, users=who.users,
                programs=who.programs,
            )
            for name in sorted(kept.keys() | self._access.keys())
            for who in [self._access.get(name, Collection(name))]
        ]  # fmt: skip

    async def sources(self) -> Sequence[Source]:
        return await self._store.sources()

    async def add(self, source: Source) -> Source:
        checked = await self._check(source)
        async with self._changing:
            there = await self._store.sources()
            if len(there) >= MOST_SOURCES:
                raise Refused(f"there are {MOST_SOURCES} sources already", remedy="add a folder")
            _refuse_twice(checked, there)
            added = await self._store.add(checked)
            if added.id in self._followed:
                await self._end(added.id)  # its options may be others now
            self._progress[added.id] = Progress()
            if self._group is not None:
                self._begin(added, self._group)
        return added

    async def remove(self, source_id: int) -> None:
        async with self._changing:
            await self._end(source_id)
            await self._store.remove(source_id)

    async def documents(self, collection: str, *, limit: int, offset: int) -> Sequence[Document]:
        return await self._store.documents(collection, limit=limit, offset=offset)

    async def text(self, document_id: int) -> str:
        return await self._store.text(document_id)

    def has_sources(self) -> bool:
        """Without waiting; also those that are not read yet."""
        return bool(self._followed)

    def progress(self) -> Mapping[int, Progress]:
        return dict(self._progress)

    async def standing(self) -> Sequence[Standing]:
        """Of each source."""
        visits, held = await self._ledger.visits(), await self._ledger.held()
        return [
            Standing(
                source,
                visits.get(source.id, Visit()),
                held.get(source.id, Held(0, 0, 0)),
                self._progress.get(source.id),
            )
            for source in await self._store.sources()
        ]

    async def retry(self, source_id: int | None = None) -> int:
        """Read again what could not be read, of a source or of all, and look at it now; how many
        documents that are.
        """
        async with self._changing:
            faulty = await self._ledger.faulty(source_id)
            await self._store.drop(faulty)
            for number, followed in self._followed.items():
                if source_id in (None, number):
                    self._progress.setdefault(number, Progress())
                    followed.asked.set()
        return len(faulty)

    def _begin(self, source: Source, group: asyncio.TaskGroup) -> None:
        followed = self._followed[source.id] = _Followed()
        name = f"source {source.id}"
        followed.tasks.append(group.create_task(self._follow(source, followed), name=name))
        if source.kind is SourceKind.FOLDER:
            watching = self._watched(source, followed)
            followed.tasks.append(group.create_task(watching, name=f"changes of {name}"))

    async def _end(self, source_id: int) -> None:
        followed = self._followed.pop(source_id, None)
        if followed is not None:
            for task in followed.tasks:
                task.cancel()
            await asyncio.wait(followed.tasks)
        self._progress.pop(source_id, None)

    async def _follow(self, source: Source, followed: _Followed) -> None:
        """Look at it, wait until there is reason to look again, and so on."""
        with contextlib.suppress(LaresError):  # when it was last read is not known: read it now
            await self._until_due(source, followed)
        failures = 0
        while True:
            followed.asked.clear()
            began = self._clock.now()
            try:
                whole = await self._look(source)
                failures = 0
                pause = self._pause(source, followed) if whole else SOON_S
            except LaresError as error:
                failures += 1
                pause = min(RETRY_S * 2 ** (failures - 1), RETRY_MOST_S)
                await self._failed(source, error)
            finally:  # who waits for it sees how it went
                self._progress.pop(source.id, None)
            gap = max(GAP_S, self._clock.now() - began)
            await self._clock.wait(asyncio.Event(), self._clock.now() + gap)
            until = None if pause is None else self._clock.now() + pause
            await self._clock.wait(followed.asked, until)

    async def _look(self, source: Source) -> bool:
        def told(progress: Progress) -> None:
            self._progress[source.id] = progress

        told(Progress())
        return await self._visitor.visit(source, self._origin(source), self._clock.wall(), told)

    async def _failed(self, source: Source, error: LaresError) -> None:
        log.warning("%s: %s", source.location, error)
        with contextlib.suppress(LaresError):  # a full disk: then it stays in the log
            await self._ledger.not_visited(source.id, str(error))

    async def _until_due(self, source: Source, followed: _Followed) -> None:
        """Files are compared at each start; what is elsewhere when its time has come."""
        if source.kind in _FILES or source.id in self._progress:  # the latter was just added
            return
        visit = (await self._ledger.visits()).get(source.id, Visit())
        if visit.at is None:
            return
        since = max(self._clock.wall() - visit.at, 0.0)
        pause = self._pause(source, followed)
        until = None if pause is None else self._clock.now() + pause - since
        await self._clock.wait(followed.asked, until)

    def _pause(self, source: Source, followed: _Followed) -> float | None:
        """Until the next look though nothing tells of a change; None: never."""
        if source.kind is SourceKind.FILE:
            return FILE_S
        if source.kind is SourceKind.FOLDER:
            return DAY_S if followed.is_watched else POLL_S
        return self._follow_s if ("follow", "true") in source.options else None

    async def _watched(self, source: Source, followed: _Followed) -> None:
        said = False
        while True:
            try:
                async with contextlib.aclosing(self._watch(Path(source.location))) as changes:
                    async for _ in changes:
                        followed.is_watched = True
                        followed.asked.set()
            except Temporary as error:
                followed.is_watched = False
                followed.asked.set()
                if not said:
                    log.warning("%s", error)
                said = True
            await self._clock.wait(asyncio.Event(), self._clock.now() + POLL_S)


def _refuse_twice(source: Source, there: Sequence[Source]) -> None:
    """Raises Refused for what a folder of the same collection holds already."""
    if source.kind not in _FILES:
        return
    path = Path(source.location)
    for other in there:
        if other.kind is SourceKind.FOLDER and other.collection == source.collection:
            inside = path.is_relative_to(other.location) and path != Path(other.location)
            if inside:
                raise Refused(
                    f"{path} is read already: it is in {other.location} (source {other.id})"
                )
