"""A pool of engines for the length of a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

from laresd.core.scheduler.pool import Pool


@asynccontextmanager
async def looking(
    pool: Pool, run: Callable[[], Coroutine[None, None, None]] | None = None
) -> AsyncIterator[None]:
    """From the moment at which every host was looked at once. `run`: what runs the pool, where
    that is not the pool itself.
    """
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task((run or pool.run)())
        await pool.looked()
        try:
            yield
        finally:
            running.cancel()
