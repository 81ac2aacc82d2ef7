"""An engine's answer on its way: computed in a task of its own, read when its reader likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from laresd.errors import LaresError, Temporary
from laresd.generation import Piece

UNREAD = 64  # pieces that wait for their reader; then the engine waits


class Feed:
    """The pieces of one engine. `arrived` is set whenever there is something new of any feed."""

    def __init__(
        self, pieces: AsyncGenerator[Piece, None], tasks: asyncio.TaskGroup, arrived: asyncio.Event
    ) -> None:
        self._pieces, self._arrived = pieces, arrived
        self._queue: asyncio.Queue[Piece | LaresError] = asyncio.Queue(UNREAD)
        self._task = tasks.create_task(self._pump(), name="an answer on its way")

    @property
    def waiting(self) -> bool:
        """Whether `next` returns at once."""
        return not self._queue.empty()

    async def next(self) -> Piece:
        """Raises what the engine raised."""
        item = await self._queue.get()
        if isinstance(item, LaresError):
            raise item
        return item

    async def close(self) -> None:
        """Give up what is still being computed; returns when the engine has been told."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _pump(self) -> None:
        ended = False
        try:
            async with aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    ended = ended or piece.ending is not None
                    await self._put(piece)
        except LaresError as error:
            await self._put(error)
        else:
            if not ended:
                await self._put(Temporary("the answer broke off"))

    async def _put(self, item: Piece | LaresError) -> None:
        await self._queue.put(item)
        self._arrived.set()
