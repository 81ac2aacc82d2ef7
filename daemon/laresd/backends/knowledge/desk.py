"""Where documents are read, one at a time: the reader and the counter of tokens are there only
while there is something to read.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from laresd.backends.knowledge.origin import Original
from laresd.backends.knowledge.tokens import Count
from laresd.documents import Extracted, Passage
from laresd.errors import LaresError, Temporary
from laresd.ports import Clock, DocumentReader

IDLE_S = 30.0  # that the reader is kept when nothing is left to read
WAITING = 4  # documents; sources wait beyond that

Cut = Callable[[Extracted, Count], tuple[str, Sequence[Passage]]]
"""A document's text and its passages. Blocks."""

Open = Callable[[], AbstractAsyncContextManager[DocumentReader]]
"""A reader that is ready. Raises LaresError where there is none."""


class NoReader(Temporary):
    """Documents cannot be read at all at the moment: no fault of a document."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a document says."""

    extracted: Extracted
    text: str
    passages: Sequence[Passage]


_Job = tuple[Original, asyncio.Future[Read]]


class Desk:
    """`run` must run for `read` to return. `counter` blocks; `quiet` returns when nothing that a
    person waits for is computed.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        open_reader: Open,
        counter: Callable[[], Count],
        cut: Cut,
        quiet: Callable[[], Awaitable[None]],
        longest_s: float,
    ) -> None:
        self._clock, self._open = clock, open_reader
        self._counter, self._cut, self._quiet = counter, cut, quiet
        self._longest_s = longest_s
        self._waiting: asyncio.Queue[_Job] = asyncio.Queue(WAITING)

    async def read(self, original: Original) -> Read:
        """Raises NoReader; Permanent for what cannot be read, Temporary when the reader died of it
        or it took too long.
        """
        done: asyncio.Future[Read] = asyncio.get_running_loop().create_future()
        await self._waiting.put((original, done))
        return await done

    async def run(self) -> None:
        while True:
            job: _Job | None = await self._waiting.get()
            try:
                async with self._session() as (reader, count):
                    while job is not None:
                        await self._do(*job, reader, count)
                        job = await self._next()
            except NoReader as error:
                if job is not None:
                    _fail(job[1], error)

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncIterator[tuple[DocumentReader, Count]]:
        async with contextlib.AsyncExitStack() as stack:
            try:
                count = await asyncio.to_thread(self._counter)
                reader = await stack.enter_async_context(self._open())
            except LaresError as error:
                raise NoReader(error.message, remedy=error.remedy) from error
            yield reader, count

    async def _next(self) -> _Job | None:
        try:
            async with asyncio.timeout(IDLE_S):
                return await self._waiting.get()
        except TimeoutError:
            return None

    async def _do(
        self,
        original: Original,
        done: asyncio.Future[Read],
        reader: DocumentReader,
        count: Count,
    ) -> None:
        if done.done():  # its source was removed
            return
        try:
            await self._quiet()
            extracted = original.extracted or await self._extracted(original, reader)
            text, passages = await asyncio.to_thread(self._cut, extracted, count)
        except LaresError as error:
            _fail(done, error)
        except BaseException:
            done.cancel()
            raise
        else:
            if not done.done():
                done.set_result(Read(extracted, text, passages))

    async def _extracted(self, original: Original, reader: DocumentReader) -> Extracted:
        assert original.path is not None
        return await reader.extract(
            original.path,
            media_type=original.media_type,
            deadline=self._clock.now() + self._longest_s,
        )


def _fail(done: asyncio.Future[Read], error: LaresError) -> None:
    if not done.done():
        done.set_exception(error)
