"""The box's cores for what is most urgent, whatever kind of job it is.

The language model orders its own requests by class. What it cannot see is that a voice is being
transcribed beside it; and documents are embedded in another process, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from laresd.errors import DeadlineExceeded, LaresError
from laresd.ports import Clock, LocalModel
from laresd.types import Priority

log = logging.getLogger(__name__)

HOLD_S = 30.0  # the language model goes on after that by itself, if it is not told to before
TELL_S = 5.0

_CLASSES = tuple(Priority)  # the most urgent first


class Gate:
    """`run` must run for the language model to be told."""

    def __init__(self, local: LocalModel | None, clock: Clock) -> None:
        self._local, self._clock = local, clock
        self._busy: Counter[Priority] = Counter()
        self._changed = asyncio.Event()

    @property
    def most_urgent(self) -> Priority | None:
        """The class that has the cores now."""
        return next((each for each in _CLASSES if self._busy[each]), None)

    @contextmanager
    def taken(self, priority: Priority) -> Iterator[None]:
        """While the block runs, work of this class is done on the cores."""
        self._count(priority, 1)
        try:
            yield
        finally:
            self._count(priority, -1)

    async def clear(self, priority: Priority, *, deadline: float) -> None:
        """Until nothing more urgent than this class is done. Raises DeadlineExceeded."""
        while self._is_behind(priority):
            changed = self._changed
            if not await self._clock.wait(changed, deadline):
                raise DeadlineExceeded("this box had more urgent work all the time")

    async def run(self) -> None:
        told: Priority | None = None
        while True:
            changed, now = self._changed, self.most_urgent
            if now is not told:
                await self._tell(now)
                told = now
            until = None if told is None else self._clock.now() + HOLD_S / 2
            if changed is self._changed and not await self._clock.wait(changed, until):
                told = None  # it lasts: tell the language model again

    def _is_behind(self, priority: Priority) -> bool:
        first = self.most_urgent
        return first is not None and _CLASSES.index(first) < _CLASSES.index(priority)

    def _count(self, priority: Priority, by: int) -> None:
        self._busy[priority] += by
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _tell(self, first: Priority | None) -> None:
        if self._local is None:
            return
        last = Priority.BACKGROUND if first is None else first
        seconds = 0.0 if first is None else HOLD_S
        with contextlib.suppress(LaresError):  # it is away, and computes nothing then
            await self._local.hold(last, seconds, deadline=self._clock.now() + TELL_S)
