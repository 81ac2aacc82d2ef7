"""Timers as they are kept, asked about and told of. Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class TimerRecord:
    """A timer as kept on disk. Wall-clock seconds since the epoch, so that it outlives a restart.

    Running: `ends_at` is set. Paused: `remaining` is set. Exactly one of the two.
    """

    id: int
    name: str
    duration: float  # as it was asked for: "the five minute timer" stays that when time is added
    ends_at: float | None
    remaining: float | None
    area: str | None = None  # where it was said
    extended: float = 0.0  # seconds added since (negative: taken off)


class TimerVerb(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel_all"
    INCREASE = "increase"
    DECREASE = "decrease"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class TimerCommand:
    """What a person asked of the timers; `core.timers.command_of` makes it from a Recognition.

    `name`, `asked` and `area` say which timer is meant (all empty: the only one there is).
    """

    verb: TimerVerb
    seconds: float = 0.0  # START: how long; INCREASE, DECREASE: by how much
    name: str = ""  # "" for a timer without a name
    asked: float | None = None  # "the five minute timer": seconds it was started with
    area: str | None = None  # "the kitchen timer"; START: where it was said


class TimerOutcome(StrEnum):
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    CHANGED = "changed"
    STATUS = "status"  # `timers` are those asked about, soonest first; never empty
    NONE = "none"  # there is no timer at all
    NOT_FOUND = "not_found"  # `timers`: those that exist
    WHICH = "which"  # several fit: `timers` are these; to be asked back, nothing was done
    ALREADY = "already"  # paused, or running, as it was asked to be
    NO_DURATION = "no_duration"  # how long?
    TOO_LONG = "too_long"  # over core.timers.MAX_SECONDS
    TOO_SHORT = "too_short"  # less is left than was to be taken off
    TOO_MANY = "too_many"  # core.timers.MAX_TIMERS are there


@dataclass(frozen=True, slots=True)
class TimerView:
    """A timer as it is now. `remaining` seconds, 0 or less: it has ended and is being announced."""

    id: int
    name: str
    duration: float
    remaining: float
    paused: bool
    area: str | None = None


@dataclass(frozen=True, slots=True)
class TimerEnded:
    """A timer that has ended. `late`: seconds since then; None when no clock can tell.

    `text` says it in the box's language: "Your tea timer ended 3 minutes ago, while I was off."
    """

    timer: TimerView
    late: float | None
    text: str


@dataclass(frozen=True, slots=True)
class TimerResult:
    """What came of a TimerCommand. `core.timer_words.sentence` says it in the box's language."""

    verb: TimerVerb
    outcome: TimerOutcome
    timers: tuple[TimerView, ...] = ()

    @property
    def done(self) -> bool:
        """Whether it was done or answered; else nothing was changed."""
        return self.outcome in _TIMER_DONE


_TIMER_DONE = frozenset(
    {
        TimerOutcome.STARTED,
        TimerOutcome.PAUSED,
        TimerOutcome.RESUMED,
        TimerOutcome.CANCELLED,
        TimerOutcome.CHANGED,
        TimerOutcome.STATUS,
        TimerOutcome.ALREADY,
    }
)
