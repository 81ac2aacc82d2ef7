"""From a generator of events to a client, with a sign of life while there is nothing to tell."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from laresd.errors import LaresError
from laresd.ports import Clock

ALIVE = b": still at it\n\n"  # a comment; every reader of server-sent events skips it
AHEAD = 32  # events that may wait for a slow client; then the generator waits, too


async def relay(
    events: AsyncGenerator[bytes, None],
    send: Callable[[bytes], Awaitable[None]],
    *,
    clock: Clock,
    pause_s: float,
) -> None:
    """Send every event, and ALIVE whenever none came for `pause_s`.

    Raises the generator's LaresError after what came before it, and what `send` raises at once.
    The generator is closed when this returns or raises, also when it is cancelled.
    """
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        source = _Source(events)
        filling = group.create_task(source.fill(), name="http stream")
        try:
            while not (source.ended and not source.waiting):
                if not await clock.wait(source.news, clock.now() + pause_s):
                    await send(ALIVE)
                for one in source.taken():
                    await send(one)
        except (OSError, TimeoutError) as error:  # the client's side; not to be wrapped in a group
            failure = error
        filling.cancel()
    failure = failure or source.failure
    if failure is not None:
        raise failure


class _Source:
    """The generator's side: `news` is set when there is something to take, or the end."""

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        self._events = events
        self._room = asyncio.Event()
        self.waiting: deque[bytes] = deque()
        self.news = asyncio.Event()
        self.ended = False
        self.failure: LaresError | None = None

    async def fill(self) -> None:
        try:
            async with aclosing(self._events) as events:
                async for one in events:
                    self.waiting.append(one)
                    self.news.set()
                    while len(self.waiting) >= AHEAD:
                        self._room.clear()
                        await self._room.wait()
        except LaresError as error:
            self.failure = error
        finally:
            self.ended = True
            self.news.set()

    def taken(self) -> list[bytes]:
        """What waits, which does not wait any more."""
        found = [*self.waiting]
        self.waiting.clear()
        if not self.ended:
            self.news.clear()
        self._room.set()
        return found
