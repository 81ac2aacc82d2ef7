"""Timers: what a command means for the timers there are. Pure: time and timers come in as values.

`now` and `ends_at` are wall-clock seconds. A wall clock is not to be trusted at boot (a Pi has no
clock of its own and wakes up minutes or years behind until NTP answers), therefore each running
timer also has a `latest`: the end it cannot go past, which moves with the clock when that is set.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from laresd.timing import TimerCommand, TimerOutcome, TimerRecord, TimerResult, TimerVerb, TimerView
from laresd.types import Recognition, Scalar

MAX_TIMERS = 50
MAX_SECONDS = 7 * 24 * 3600.0
MAX_NAME = 60  # characters kept of a name
CLOCK_STEP = 2.0  # seconds by which the wall clock must jump to count as having been set

_VERBS = {
    "HassStartTimer": TimerVerb.START,
    "HassPauseTimer": TimerVerb.PAUSE,
    "HassUnpauseTimer": TimerVerb.RESUME,
    "HassCancelTimer": TimerVerb.CANCEL,
    "HassCancelAllTimers": TimerVerb.CANCEL_ALL,
    "HassIncreaseTimer": TimerVerb.INCREASE,
    "HassDecreaseTimer": TimerVerb.DECREASE,
    "HassTimerStatus": TimerVerb.STATUS,
}


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer in memory. `latest`: when it rings at the latest (running timers only).

    `inherited`: it was read from disk, so its `ends_at` was written by another run's clock.
    """

    record: TimerRecord
    latest: float = 0.0
    inherited: bool = False

    def ends_at(self) -> float | None:
        """When it rings (wall seconds); None while it is paused."""
        return None if self.record.ends_at is None else min(self.record.ends_at, self.latest)

    def remaining(self, now: float) -> float:
        """Seconds to its end; negative when that has passed."""
        ends_at = self.ends_at()
        return (self.record.remaining or 0.0) if ends_at is None else ends_at - now

    def view(self, now: float) -> TimerView:
        kept = self.record
        return TimerView(
            id=kept.id,
            name=kept.name,
            duration=kept.duration,
            remaining=self.remaining(now),
            paused=kept.ends_at is None,
            area=kept.area,
        )


@dataclass(frozen=True, slots=True)
class TimerDecision:
    """What to write and what to answer. `result.timers` of a START has no id until it is saved."""

    result: TimerResult
    saves: tuple[TimerRecord, ...] = ()
    deletes: tuple[int, ...] = ()


def command_of(recognition: Recognition, area: str | None = None) -> TimerCommand | None:
    """The command in a recognised sentence; None when its intent is not about timers.

    `area` is where it was said. Slots are Home Assistant's: name, area, hours, minutes, seconds
    (how long) and start_hours, start_minutes, start_seconds (which one).
    """
    verb = _VERBS.get(recognition.intent)
    if verb is None:
        return None
    slots = recognition.slots
    named_area = str(slots["area"]) if slots.get("area") else None
    return TimerCommand(
        verb=verb,
        seconds=_seconds(slots, "") or 0.0,
        name=str(slots.get("name") or "").strip(),
        asked=_seconds(slots, "start_"),
        area=named_area or (area if verb is TimerVerb.START else None),
    )


def _seconds(slots: Mapping[str, Scalar], prefix: str) -> float | None:
    parts = [(slots.get(f"{prefix}{unit}"), size) for unit, size in _UNITS]
    known = [float(value) * size for value, size in parts if value is not None]
    return sum(known) if known else None


_UNITS = (("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0))


def inherit(record: TimerRecord, now: float) -> Timer:
    """A timer as read from disk at a start.

    It never rings later than its whole length from now, even when the clock is years behind.
    """
    whole = record.duration + max(0.0, record.extended)
    return Timer(record, latest=now + whole, inherited=True)


def own(record: TimerRecord) -> Timer:
    """A timer that this run has written, by the clock it has now."""
    return Timer(record, latest=record.ends_at or 0.0)


def clock_was_set(timers: Sequence[Timer], step: float) -> list[Timer]:
    """The timers after the wall clock jumped by `step` seconds.

    What was started in this run still takes as long as it was asked for. What an earlier run wrote
    keeps its end: that was written by a clock that was right.
    """
    return [_moved(timer, step) for timer in timers]


def _moved(timer: Timer, step: float) -> Timer:
    latest, record = timer.latest + step, timer.record
    if timer.inherited or record.ends_at is None:
        return dataclasses.replace(timer, latest=latest)
    return Timer(dataclasses.replace(record, ends_at=record.ends_at + step), latest)


def decide(command: TimerCommand, timers: Sequence[Timer], now: float) -> TimerDecision:
    """What the command does to the timers. When it is not clear which one is meant: nothing."""
    if command.verb is TimerVerb.START:
        return _start(command, timers, now)
    meant = _meant(command, timers)
    if not meant:
        outcome = TimerOutcome.NOT_FOUND if timers else TimerOutcome.NONE
        return _answer(command, outcome, _views(timers, now))
    if command.verb is TimerVerb.STATUS:
        return _answer(command, TimerOutcome.STATUS, _views(meant, now))
    if command.verb is TimerVerb.CANCEL_ALL:
        return _cancel(command, meant, now)
    able = [timer for timer in meant if _able(command.verb, timer)] or meant
    if len(able) > 1:
        return _answer(command, TimerOutcome.WHICH, _views(able, now))
    return _one(command, able[0], now)


def _one(command: TimerCommand, timer: Timer, now: float) -> TimerDecision:
    match command.verb:
        case TimerVerb.PAUSE:
            return _pause(command, timer, now)
        case TimerVerb.RESUME:
            return _resume(command, timer, now)
        case TimerVerb.INCREASE:
            return _change(command, timer, command.seconds, now)
        case TimerVerb.DECREASE:
            return _change(command, timer, -command.seconds, now)
        case _:
            return _cancel(command, [timer], now)


def _start(command: TimerCommand, timers: Sequence[Timer], now: float) -> TimerDecision:
    if command.seconds <= 0:
        return _answer(command, TimerOutcome.NO_DURATION)
    if command.seconds > MAX_SECONDS:
        return _answer(command, TimerOutcome.TOO_LONG)
    if len(timers) >= MAX_TIMERS:
        return _answer(command, TimerOutcome.TOO_MANY, _views(timers, now))
    record = TimerRecord(
        id=0,
        name=" ".join(command.name.split())[:MAX_NAME].rstrip(),
        duration=command.seconds,
        ends_at=now + command.seconds,
        remaining=None,
        area=command.area,
    )
    return _write(command, TimerOutcome.STARTED, record, now)


def _pause(command: TimerCommand, timer: Timer, now: float) -> TimerDecision:
    if timer.record.ends_at is None:
        return _answer(command, TimerOutcome.ALREADY, (timer.view(now),))
    left = max(0.0, timer.remaining(now))
    record = dataclasses.replace(timer.record, ends_at=None, remaining=left)
    return _write(command, TimerOutcome.PAUSED, record, now)


def _resume(command: TimerCommand, timer: Timer, now: float) -> TimerDecision:
    if timer.record.ends_at is not None:
        return _answer(command, TimerOutcome.ALREADY, (timer.view(now),))
    ends_at = now + timer.remaining(now)
    record = dataclasses.replace(timer.record, ends_at=ends_at, remaining=None)
    return _write(command, TimerOutcome.RESUMED, record, now)


def _change(command: TimerCommand, timer: Timer, by: float, now: float) -> TimerDecision:
    views = (timer.view(now),)
    if command.seconds <= 0:
        return _answer(command, TimerOutcome.NO_DURATION, views)
    left = max(0.0, timer.remaining(now)) + by
    if left <= 0:
        return _answer(command, TimerOutcome.TOO_SHORT, views)
    if left > MAX_SECONDS:
        return _answer(command, TimerOutcome.TOO_LONG, views)
    paused = timer.record.ends_at is None
    record = dataclasses.replace(
        timer.record,
        ends_at=None if paused else now + left,
        remaining=left if paused else None,
        extended=timer.record.extended + by,
    )
    return _write(command, TimerOutcome.CHANGED, record, now)


def _cancel(command: TimerCommand, meant: Sequence[Timer], now: float) -> TimerDecision:
    result = TimerResult(command.verb, TimerOutcome.CANCELLED, _views(meant, now))
    return TimerDecision(result, deletes=tuple(timer.record.id for timer in meant))


def _write(
    command: TimerCommand, outcome: TimerOutcome, record: TimerRecord, now: float
) -> TimerDecision:
    result = TimerResult(command.verb, outcome, (own(record).view(now),))
    return TimerDecision(result, saves=(record,))


def _answer(
    command: TimerCommand, outcome: TimerOutcome, views: tuple[TimerView, ...] = ()
) -> TimerDecision:
    return TimerDecision(TimerResult(command.verb, outcome, views))


def _views(timers: Sequence[Timer], now: float) -> tuple[TimerView, ...]:
    views = [timer.view(now) for timer in timers]
    return tuple(sorted(views, key=lambda view: (view.paused, view.remaining, view.id)))


def _able(verb: TimerVerb, timer: Timer) -> bool:
    """Of several that fit, "resume the timer" can only mean a paused one, and the reverse."""
    paused = timer.record.ends_at is None
    return {TimerVerb.PAUSE: not paused, TimerVerb.RESUME: paused}.get(verb, True)


def _meant(command: TimerCommand, timers: Sequence[Timer]) -> list[Timer]:
    """The timers that the command's name, length and room fit, none of them guessed."""
    found = list(timers)
    if command.name:
        found = _by_name(command.name, found)
    if command.asked is not None:
        asked = command.asked
        found = [timer for timer in found if abs(timer.record.duration - asked) < 0.5]
    if command.area:
        found = _by_area(command.area, found)
    return found


def _by_area(area: str, timers: list[Timer]) -> list[Timer]:
    """Those set in that room, else those named like it: "the kitchen timer" can be either."""
    here = [timer for timer in timers if _words(timer.record.area) == _words(area)]
    return here or _by_name(area, timers)


def _by_name(name: str, timers: list[Timer]) -> list[Timer]:
    """Those of exactly this name, else those whose name has all its words ("pizza oven")."""
    wanted = _words(name)
    exact = [timer for timer in timers if _words(timer.record.name) == wanted]
    return exact or [timer for timer in timers if set(wanted) <= set(_words(timer.record.name))]


def _words(text: str | None) -> list[str]:
    return (text or "").casefold().split()
