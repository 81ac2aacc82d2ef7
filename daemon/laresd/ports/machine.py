"""What the box runs on: its time, its heat, its secrets."""

from __future__ import annotations

import asyncio
from typing import Protocol

from laresd.types import Pressure, Reading


class Clock(Protocol):
    """Time as the daemon sees it; tests bring their own."""

    def now(self) -> float:
        """Monotonic seconds, the clock of every deadline (the event loop's)."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch, for what outlives a restart."""
        ...

    async def wait(self, event: asyncio.Event, until: float | None) -> bool:
        """Wait for the event, at most until `until` (on `now`; None: without end).

        True when the event is set, False when the time came first.
        """
        ...


class Pins(Protocol):
    """The house's PIN, which only its hash is kept of."""

    async def check(self, digits: str) -> bool:
        """Whether it is the PIN, in a time that does not tell how nearly. Raises Permanent when
        there is none to compare with.
        """
        ...


class Board(Protocol):
    """The machine that Lares runs on."""

    async def reading(self) -> Reading:
        """How warm it is now. Raises nothing: what cannot be read is not there."""
        ...


class Meter(Protocol):
    """What measures the energy that is used."""

    async def joules(self) -> float | None:
        """Since the first call. None: there is no such figure, or it may not be read."""
        ...


class Pressures(Protocol):
    async def pressure(self) -> Pressure:
        """How scarce memory, processor and disk are now. Raises nothing."""
        ...


class Spare(Protocol):
    """Something that can do without its memory until it is used again."""

    @property
    def name(self) -> str: ...

    def rest(self) -> bool:
        """Give it back, if nobody uses it now. Whether there was something to give."""
        ...
