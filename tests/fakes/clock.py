"""A clock that moves only when the test says so."""

from __future__ import annotations

import asyncio
import contextlib


class FakeClock:
    """Port `Clock`. `advance` moves both clocks, `set_wall` what NTP would."""

    def __init__(self, *, now: float = 1000.0, wall: float = 1_790_000_000.0) -> None:
        self._now = now
        self._wall = wall
        self._sleepers: dict[int, tuple[float, asyncio.Timeout]] = {}
        self._asleep = asyncio.Event()
        self._count = 0

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._wall

    async def wait(self, event: asyncio.Event, until: float | None) -> bool:
        if until is not None and until <= self._now:
            return event.is_set()
        self._count += 1
        number = self._count
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None) as alarm:
                    if until is not None:
                        self._sleepers[number] = (until, alarm)
                    self._asleep.set()
                    await event.wait()
        finally:
            self._sleepers.pop(number, None)
        return event.is_set()

    def set_wall(self, wall: float) -> None:
        self._wall = wall

    async def asleep(self) -> None:
        """Until somebody waits who did not before this call."""
        self._asleep.clear()
        async with asyncio.timeout(30):
            await self._asleep.wait()

    async def advance(self, seconds: float) -> None:
        """Move on, and return when whoever that woke waits again.

        Jumps to `now + seconds` at once: sleepers in between wake late, as on a busy machine.
        """
        self._now += seconds
        self._wall += seconds
        due = [alarm for until, alarm in self._sleepers.values() if until <= self._now]
        for alarm in due:
            alarm.reschedule(asyncio.get_running_loop().time())
        if due:
            await self.asleep()
