"""A button or a switch whose contacts bounce: its state, as it settles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from laresd.ports import Clock

LOOK_S = 1.0  # an edge may be lost; then the level is seen so late


class Contact:
    """`read`: whether it is closed at this moment; short, and safe from the event loop. `edge` is
    set, in the loop's thread, whenever it may have changed.
    """

    def __init__(
        self, read: Callable[[], bool], edge: asyncio.Event, clock: Clock, settle_s: float
    ) -> None:
        self._read = read
        self._clock = clock
        self._settle_s = settle_s
        self._edge = edge

    @property
    def closed(self) -> bool:
        return self._read()

    async def changes(self) -> AsyncGenerator[bool, None]:
        """The state at first, and each one after it: at once, then for `settle_s` the contacts may
        bounce without being asked, and then what counts is the level. Raises what `read` raises.
        """
        state = self._read()
        yield state
        while True:
            self._edge.clear()
            now = self._read()
            if now is state:
                await self._clock.wait(self._edge, self._clock.now() + LOOK_S)
                continue
            state = now
            yield state
            await self._clock.wait(asyncio.Event(), self._clock.now() + self._settle_s)
