"""The numbers that a house may want to see of its Lares, from what happens as it happens."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from laresd.frontends.home_assistant.announcement import SOURCES, Energy
from laresd.generation import LOCAL
from laresd.types import Json, Reply, Turn

# Raspberry Pi's documentation, "vcgencmd get_throttled"; 16 bits higher: since it was started.
THROTTLE_FLAGS = (
    (0, "under-voltage"),
    (1, "frequency capped"),
    (2, "throttled"),
    (3, "soft temperature limit"),
)
_KWH = 3.6e6  # joules


@dataclass(frozen=True, slots=True)
class Vitals:
    """The machine now. `celsius`, `throttled` None: it does not tell. `joules` since some moment
    that stays the same, measured or estimated. `tokens_per_second`: of the language model's last
    answers, 0 where there was none. `model`: the loaded language model, "" for none.
    """

    joules: float = 0.0
    celsius: float | None = None
    throttled: int | None = None
    tokens_per_second: float = 0.0
    model: str = ""


class Figures:
    """Told of turns, replies and vitals; `form` is what is published. Times: monotonic seconds."""

    def __init__(self, energy: Energy, watts: float) -> None:
        """`watts`: of the machine while it computes, where energy is estimated."""
        measured = "measured by the CPU (RAPL), without the rest of the machine"
        estimated = f"estimated: the time that engines compute x scheduler.watts ({watts:g} W)"
        self._how = measured if energy is Energy.MEASURED else estimated
        self._answers: Counter[str] = Counter()
        self._latency: float | None = None
        self._vitals = Vitals()
        self._first: Vitals | None = None
        self._at = 0.0
        self._watts: float | None = None

    def turn(self, turn: Turn) -> None:
        latency = latency_ms(turn)
        if latency is not None:
            self._latency = latency

    def replied(self, reply: Reply) -> None:
        self._answers[source_of(reply)] += 1

    def machine(self, vitals: Vitals, now: float) -> None:
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
            **{f"answers_{source}": self._answers[source] for source in SOURCES},
        }


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


def _flags(bits: int) -> list[Json]:
    return [name for bit, name in THROTTLE_FLAGS if bits >> bit & 1]
