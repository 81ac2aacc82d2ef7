"""Port Signs over a row of lamps: the sign of the box's own ear, as the scheme has it look."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from laresd.backends.gpio.chips import Colour
from laresd.ports import Clock
from laresd.turns import Sign

log = logging.getLogger(__name__)

ERROR_S = 2.0  # that a failure is shown, though all is well again


class Row(Protocol):
    """Lamps that can be set. Called from threads, one call at a time."""

    @property
    def lamps(self) -> int: ...

    def show(self, colours: Sequence[Colour]) -> None:
        """One colour for each lamp. Raises Temporary or Permanent."""
        ...

    def close(self) -> None:
        """All dark, and what was opened is given back. Raises nothing."""
        ...


class Scheme(Protocol):
    """What each sign looks like (core.signals.Scheme); seconds since it was shown."""

    def frame(self, sign: Sign, seconds: float, lamps: int) -> Sequence[Colour]: ...

    def next_frame(self, sign: Sign, seconds: float) -> float | None: ...


class Lamps:
    """Keep `run` running. A sign that does not move costs nothing: the row is written once. Other
    ears than that at `site` are not shown. Leaving it as a context makes the row dark.
    """

    def __init__(self, row: Row, scheme: Scheme, clock: Clock, *, site: str = "") -> None:
        self._row = row
        self._scheme = scheme
        self._clock = clock
        self._site = site
        self._sign = Sign.IDLE  # of the turn
        self._muted = False
        self._failed_at: float | None = None
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self._row.close)

    def show(self, sign: Sign, site: str) -> None:
        if site != self._site:
            return
        if sign is Sign.ERROR:
            self._failed_at = self._clock.now()
        elif sign is Sign.MUTED:
            sign, self._muted = Sign.IDLE, True
        self._sign = Sign.IDLE if sign is Sign.ERROR else sign
        self._news.set()

    def mute(self, muted: bool) -> None:
        """Whether the microphone is off: shown wherever nothing else goes on."""
        self._muted = muted
        self._news.set()

    async def run(self) -> None:
        """Until cancelled. Raises what the row raises when it cannot be written."""
        began, sign = self._clock.now(), self._visible()
        written: Sequence[Colour] | None = None
        while True:
            self._news.clear()
            if self._visible() is not sign:
                began, sign = self._clock.now(), self._visible()
            seconds = self._clock.now() - began
            colours = self._scheme.frame(sign, seconds, self._row.lamps)
            if colours != written:
                await asyncio.to_thread(self._row.show, colours)
                written = colours
            await self._clock.wait(self._news, self._due(sign, seconds, began))

    def _visible(self) -> Sign:
        """A failure is shown for a while, unless somebody speaks to the box meanwhile."""
        if self._sign is not Sign.IDLE:
            return self._sign
        if self._failed_at is not None:
            if self._clock.now() < self._failed_at + ERROR_S:
                return Sign.ERROR
            self._failed_at = None
        return Sign.MUTED if self._muted else Sign.IDLE

    def _due(self, sign: Sign, seconds: float, began: float) -> float | None:
        """When there is something to write or to look at again."""
        due = self._scheme.next_frame(sign, seconds)
        if sign is not Sign.ERROR or self._failed_at is None:
            return None if due is None else began + due
        over = self._failed_at + ERROR_S
        return over if due is None else min(over, began + due)
