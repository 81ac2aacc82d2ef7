"""Port LanguageModel over the box's own model and the hosts: each answer where it is best."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from laresd.core.scheduler.answer import Answer, Means
from laresd.core.scheduler.counts import Counts
from laresd.core.scheduler.pool import Pool
from laresd.errors import Temporary
from laresd.generation import Generation, Message, Piece
from laresd.ports import Clock, LocalModel


class ScheduledLanguageModel:
    """`run` must run meanwhile: what is on its way is computed in its tasks."""

    def __init__(
        self, pool: Pool, counts: Counts, clock: Clock, *, local: LocalModel | None
    ) -> None:
        self._pool, self._counts, self._clock, self._local = pool, counts, clock, local
        self._means: Means | None = None

    async def run(self) -> None:
        """Until it is cancelled; answers that are on their way end with it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._means = Means(self._pool, self._counts, self._clock, tasks, self._local)
                await self._pool.run()
        finally:
            self._means = None

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        if self._means is None:
            raise Temporary("Lares is being started or stopped", remedy="ask again in a moment")
        answer = Answer(self._means, generation, deadline)
        async with aclosing(answer.pieces()) as pieces:
            async for piece in pieces:
                yield piece

    async def prepare(self, head: Sequence[Message], *, deadline: float) -> None:
        """At the box itself: a host has its own cache, and computes faster than it is asked."""
        if self._local is not None:
            await self._local.prepare(head, deadline=deadline)
            self._pool.prepared(Generation(tuple(head)))

    async def anticipate(self, generation: Generation, *, deadline: float) -> None:
        if self._local is not None:
            await self._local.anticipate(generation, deadline=deadline)
            self._pool.prepared(generation)
