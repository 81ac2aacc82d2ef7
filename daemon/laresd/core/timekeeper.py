"""The timers of a running box: waits for the next end, announces it, keeps every change on disk.

Over ports only. What a command means is decided in `core.timers`; here is what has to wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from laresd.core import timers as rules
from laresd.core.timer_words import announcement
from laresd.core.timers import Timer
from laresd.errors import LaresError, Temporary
from laresd.ports import Clock, TimerStore
from laresd.timing import TimerCommand, TimerEnded, TimerResult

log = logging.getLogger(__name__)

CLOCK_CHECK = 10.0  # seconds between looks at the wall clock while a timer runs
ANNOUNCE_TIMEOUT = 60.0  # seconds an announcement may take before it counts as failed
FIRST_RETRY, LAST_RETRY = 10.0, 300.0  # seconds until a failed announcement is tried again
BELIEVABLE = 7 * 24 * 3600.0  # seconds late; beyond that the clock was wrong, not the timer late


Announce = Callable[[TimerEnded], Awaitable[None]]


class Timekeeper:
    """Port `Timers`. Enter it (reads the store), then `run()`.

    `announce` returns when people have been told, or raises a LaresError: then it is called again
    later. A timer leaves the disk only after it was announced, so that a power cut in between
    makes it ring again rather than never.
    """

    def __init__(
        self, store: TimerStore, clock: Clock, announce: Announce, *, language: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._announce = announce
        self._language = language
        self._timers: dict[int, Timer] = {}
        self._again: dict[int, tuple[float, float]] = {}  # id: (not before, pause) after a failure
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._offset = 0.0  # wall clock minus monotonic clock
        self._started = 0.0

    async def __aenter__(self) -> Self:
        """Reads the timers of earlier runs. Raises what the store raises."""
        self._started = self._clock.now()
        self._offset = self._clock.wall() - self._started
        now = self._time()
        for record in await self._store.load():
            self._timers[record.id] = rules.inherit(record, now)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def handle(self, command: TimerCommand) -> TimerResult:
        async with self._lock:
            await self._follow_clock()
            now = self._time()
            decision = rules.decide(command, list(self._timers.values()), now)
            views = decision.result.timers
            for record in decision.saves:
                saved = await self._store.save(record)
                self._timers[saved.id] = rules.own(saved)
                self._again.pop(saved.id, None)
                views = (self._timers[saved.id].view(now),)
            for timer_id in decision.deletes:
                await self._store.delete(timer_id)
                self._forget(timer_id)
            self._changed.set()
        return TimerResult(decision.result.verb, decision.result.outcome, views)

    async def run(self) -> None:
        """Announce each timer when it ends, soonest first, until cancelled."""
        while True:
            self._changed.clear()
            async with self._lock:
                await self._follow_clock()
            due = self._due()
            if due is not None:
                await self._ring(due)
            else:
                await self._clock.wait(self._changed, self._next_look())

    def _time(self) -> float:
        """Wall-clock seconds that do not jump between two looks at the wall clock."""
        return self._clock.now() + self._offset

    async def _follow_clock(self) -> None:
        step = self._clock.wall() - self._time()
        if abs(step) < rules.CLOCK_STEP:
            return
        self._offset += step
        if not self._timers:
            return
        log.warning("the wall clock was set by %+.0f s; running timers follow", step)
        for timer in rules.clock_was_set(list(self._timers.values()), step):
            before = self._timers[timer.record.id].record
            self._timers[timer.record.id] = timer
            if timer.record != before:
                await self._rewrite(timer)

    async def _rewrite(self, timer: Timer) -> None:
        try:
            await self._store.save(timer.record)
        except LaresError as error:
            log.error("timer %d keeps a wrong end on disk: %s", timer.record.id, error)

    def _rings_at(self, timer: Timer) -> float | None:
        """On the monotonic clock; None while it is paused."""
        ends_at = timer.ends_at()
        if ends_at is None:
            return None
        not_before, _ = self._again.get(timer.record.id, (0.0, 0.0))
        return max(ends_at - self._offset, not_before)

    def _ends(self) -> list[tuple[float, Timer]]:
        ends = [(self._rings_at(timer), timer) for timer in self._timers.values()]
        running = [(at, timer) for at, timer in ends if at is not None]
        return sorted(running, key=lambda pair: (pair[0], pair[1].record.id))

    def _due(self) -> Timer | None:
        ends = self._ends()
        return ends[0][1] if ends and ends[0][0] <= self._clock.now() else None

    def _next_look(self) -> float | None:
        ends = self._ends()
        return min(ends[0][0], self._clock.now() + CLOCK_CHECK) if ends else None

    def _late(self, timer: Timer) -> float | None:
        late = self._time() - (timer.record.ends_at or 0.0)
        return max(0.0, late) if late < BELIEVABLE else None

    async def _ring(self, timer: Timer) -> None:
        view, late = timer.view(self._time()), self._late(timer)
        was_off = late is None or self._clock.now() - late < self._started
        text = announcement(view, late, self._language, was_off=was_off)
        log.info("timer %d has ended: %s", view.id, text)
        try:
            async with asyncio.timeout(ANNOUNCE_TIMEOUT):
                await self._announce(TimerEnded(view, late, text))
        except (LaresError, TimeoutError) as error:
            self._try_later(timer, error)
            return
        async with self._lock:
            current = self._timers.get(view.id)
            if current is not None and current.record == timer.record:
                await self._finish(view.id)

    def _try_later(self, timer: Timer, error: Exception) -> None:
        _, pause = self._again.get(timer.record.id, (0.0, FIRST_RETRY / 2))
        pause = min(pause * 2, LAST_RETRY)
        self._again[timer.record.id] = (self._clock.now() + pause, pause)
        reason = error if isinstance(error, LaresError) else Temporary("it took too long")
        log.error(
            "timer %d could not be announced: %s; again in %.0f s", timer.record.id, reason, pause
        )

    async def _finish(self, timer_id: int) -> None:
        self._forget(timer_id)
        try:
            await self._store.delete(timer_id)
        except LaresError as error:
            log.error("timer %d will ring again after a restart: %s", timer_id, error)

    def _forget(self, timer_id: int) -> None:
        self._timers.pop(timer_id, None)
        self._again.pop(timer_id, None)
