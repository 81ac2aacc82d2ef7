"""The machine's clocks."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Port `Clock`: the running event loop's monotonic clock and the machine's wall clock.

    On Linux the monotonic clock stands still while the machine is suspended; so do timers.
    """

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return time.time()

    async def wait(self, event: asyncio.Event, until: float | None) -> bool:
        try:
            async with asyncio.timeout_at(until):
                await event.wait()
        except TimeoutError:
            return event.is_set()
        return True
