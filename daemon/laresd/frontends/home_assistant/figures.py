"""The numbers that a house may want to see of its Lares, from what happens as it happens."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from laresd.frontends.home_assistant.announcement import SOURCES, Energy
from laresd.generation import LOCAL
from laresd.types import Json, Reply, ReplyKind, Turn

# Raspberry Pi's documentation, "vcgencmd get_throttled"; 16 bits higher: since it was started.
THROTTLE_FLAGS = (
    (0, "under-voltage"),
    (1, "frequency capped"),
    (2, "throttled"),
    (3, "soft temperature limit"),
)
_KWH = 3.6e6  # joules
DAY_S = 86_400.0
MOST_WAKES = 10_000  # that are remembered of a day
CALLED = "request"  # a turn's wake word where somebody opened the ear without one
_NOBODY = ("no_speech", "nothing_heard", "not_addressed")  # closings of a turn nobody wanted


@dataclass(frozen=True, slots=True)
class Vitals:
    """The machine now. `celsius`, `throttled` None: it does not tell. `joules` since some moment
    that stays the same, measured or estimated. `tokens_per_second`: of the language model's last
    answers, 0 where there was none. `model`: the loaded language model, "" for none. `stalled`:
    percent of the time in which work waited for memory; `worn`: of the storage's life;
    `answer_joules`, `answer_cost`: of an answer, on average. None: it does not tell.
    """

    joules: float = 0.0
    celsius: float | None = None
    throttled: int | None = None
    tokens_per_second: float = 0.0
    model: str = ""
    stalled: float | None = None
    free_gb: float | None = None
    worn: int | None = None
    answer_joules: float | None = None
    answer_cost: float | None = None


class Figures:
    """Told of turns, replies and vitals; `form` is what is published. Times: monotonic seconds."""

    def __init__(self, energy: Energy, watts: float) -> None:
        """`watts`: of the machine while it computes, where energy is estimated."""
        measured = "measured by the machine itself: lares status tells by what"
        estimated = f"estimated: the time that engines compute x scheduler.watts ({watts:g} W)"
        self._how = measured if energy is Energy.MEASURED else estimated
        self._answers: Counter[str] = Counter()
        self._latency: float | None = None
        self._vitals = Vitals()
        self._first: Vitals | None = None
        self._at = 0.0
        self._watts: float | None = None
        self._false_wakes: deque[float] = deque(maxlen=MOST_WAKES)  # when
        self._rejected_wakes: deque[float] = deque(maxlen=MOST_WAKES)

    def turn(self, turn: Turn) -> None:
        if woken_in_vain(turn):
            self._false_wakes.append(self._at)
        latency = latency_ms(turn)
        if latency is not None:
            self._latency = latency

    def replied(self, reply: Reply) -> None:
        self._answers[source_of(reply)] += 1

    def rejected(self) -> None:
        """A second look did not believe a wake word."""
        self._rejected_wakes.append(self._at)

    def machine(self, vitals: Vitals, now: float) -> None:
        for times in (self._false_wakes, self._rejected_wakes):
            while times and times[0] <= now - DAY_S:
                times.popleft()
        if self._first is None:
            self._first = vitals
        elif now > self._at:
            self._watts = max(vitals.joules - self._vitals.joules, 0.0) / (now - self._at)
        self._vitals, self._at = vitals, now

    def form(self) -> dict[str, Json]:
        """Null where nothing is known yet. Rounded, so that noise is no news."""
        vitals, first = self._vitals, self._first or self._vitals
        flags = vitals.throttled or 0
        return {
            "latency_ms": None if self._latency is None else round(self._latency),
            "tokens_per_second": round(vitals.tokens_per_second, 1) or None,
            "model": vitals.model or "none",
            "celsius": None if vitals.celsius is None else round(vitals.celsius * 2) / 2,
            "throttled_now": _flags(flags),
            "throttled_since_boot": _flags(flags >> 16),
            "watts": None if self._watts is None else round(self._watts, 1),
            "kwh": round(max(vitals.joules - first.joules, 0.0) / _KWH, 6),
            "energy_how": self._how,
            "stalled": _rounded(vitals.stalled, 0),
            "free_gb": _rounded(vitals.free_gb, 1),
            "worn": vitals.worn,
            "answer_joules": _rounded(vitals.answer_joules, 1),
            "answer_cost": _rounded(vitals.answer_cost, 6),
            "false_wakes": len(self._false_wakes),
            "rejected_wakes": len(self._rejected_wakes),
            **{f"answers_{source}": self._answers[source] for source in SOURCES},
        }


def woken_in_vain(turn: Turn) -> bool:
    """Whether a wake word began the turn, and then nobody spoke, nobody spoke to this box, or
    nothing was understood.
    """
    if not turn.wake_word or turn.wake_word == CALLED:
        return False
    if turn.reply is not None:
        return turn.reply.kind is ReplyKind.NOT_UNDERSTOOD
    return turn.closing in _NOBODY


def latency_ms(turn: Turn) -> float | None:
    """From the end of what was said to the first sound of the reply; None without a reply."""
    ends = [span.start for span in turn.spans if span.name == "endpoint"]
    sounds = [span.start for span in turn.spans if span.name == "speak"]
    return (sounds[-1] - ends[-1]) * 1000 if ends and sounds else None


def source_of(reply: Reply) -> str:
    """Who answered: one of SOURCES."""
    if not reply.understood_by:
        return "nobody"
    if reply.understood_by == "llm":
        places = {span.detail.get("where", LOCAL) for span in reply.spans}
        return "llm" if places <= {LOCAL} else "host"
    return reply.understood_by if reply.understood_by in SOURCES else "other"


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _flags(bits: int) -> list[Json]:
    return [name for bit, name in THROTTLE_FLAGS if bits >> bit & 1]
