"""How long the stages of turns take: percentiles of the last ones, for metrics and `lares status`.

The text form is Prometheus' (its documentation, "Exposition formats"): a summary has its quantiles
over what is kept here, and the sum and count of all since the start.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from laresd.types import Json, Span, Turn

KEPT = 512  # of each stage; a busy home's week
QUANTILES = (0.5, 0.95)
SPANS = ("wake", "endpoint", "transcribe", "understand", "act", "echo", "reply", "speak")
ACTION, SOUND = "to_action", "to_sound"  # from the end of what was said, the endpoint's wait in it
STAGES = (*SPANS, ACTION, SOUND)


@dataclass(slots=True)
class Series:
    """Durations of one kind, in seconds: the last ones, and the sum of all."""

    last: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    count: int = 0
    total: float = 0.0

    def add(self, seconds: float) -> None:
        self.last.append(seconds)
        self.count += 1
        self.total += seconds

    def quantile(self, share: float) -> float:
        """The smallest of the last ones that at least this share of them does not exceed."""
        ranked = sorted(self.last)
        return ranked[max(math.ceil(share * len(ranked)) - 1, 0)] if ranked else math.nan


class Summary:
    """Series by their labels, told as one Prometheus summary of seconds. `most`: labels beyond so
    many are not kept.
    """

    def __init__(self, name: str, words: str, labels: Sequence[str], *, most: int = 64) -> None:
        self._name, self._words, self._labels, self._most = name, words, tuple(labels), most
        self.series: dict[tuple[str, ...], Series] = {}

    def add(self, seconds: float, *labels: str) -> None:
        if labels not in self.series and len(self.series) >= self._most:
            return
        self.series.setdefault(labels, Series()).add(seconds)

    def lines(self) -> Iterator[str]:
        yield f"# HELP {self._name} {self._words}"
        yield f"# TYPE {self._name} summary"
        for values, series in self.series.items():
            pairs = zip(self._labels, values, strict=True)
            told = ",".join(f'{label}="{escaped(value)}"' for label, value in pairs)
            for share in QUANTILES:
                quantile = f'{told},quantile="{share:g}"'
                yield f"{self._name}{{{quantile}}} {series.quantile(share):.6g}"
            yield f"{self._name}_sum{{{told}}} {series.total:.6g}"
            yield f"{self._name}_count{{{told}}} {series.count}"


def escaped(text: str) -> str:
    """A label's value."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def durations(turn: Turn) -> list[tuple[str, float]]:
    """What each stage of a spoken turn took; a turn that acted on several devices has as many
    echoes.
    """
    found = [(span.name, span.end - span.start) for span in turn.spans if span.name in SPANS]
    ended = [span.start for span in turn.spans if span.name == "endpoint"]
    if ended:
        firsts = {
            ACTION: [sent.at for sent in turn.publications][:1],
            SOUND: [span.start for span in turn.spans if span.name == "speak"][:1],
        }
        found += [(name, at - ended[-1]) for name, first in firsts.items() for at in first]
    return found


def asked(spans: Iterable[Span]) -> list[tuple[str, float]]:
    """What each stage of a request took that was not spoken."""
    return [(span.name, span.end - span.start) for span in spans if span.name in SPANS]


class Stages:
    """The stages of all turns, and how turns ended."""

    def __init__(self) -> None:
        self._summary = Summary(
            "lares_turn_stage_seconds", "How long the stages of turns took.", ["stage"]
        )
        self._turns: dict[str, int] = {}

    def add(self, closing: str, took: Iterable[tuple[str, float]]) -> None:
        self._turns[closing] = self._turns.get(closing, 0) + 1
        for name, seconds in took:
            self._summary.add(seconds, name)

    def rows(self) -> list[Mapping[str, Json]]:
        """Of each stage that there was, in the order of a turn; milliseconds."""
        series = {name: self._summary.series.get((name,)) for name in STAGES}
        return [
            {
                "stage": name,
                "count": one.count,
                "p50_ms": round(one.quantile(0.5) * 1000, 1),
                "p95_ms": round(one.quantile(0.95) * 1000, 1),
            }
            for name, one in series.items()
            if one is not None
        ]

    def text(self) -> str:
        """In Prometheus' text form; ends with a newline."""
        lines = [
            "# HELP lares_turns_total Spoken turns by how they ended, and requests (text).",
            "# TYPE lares_turns_total counter",
            *(f'lares_turns_total{{closing="{escaped(k)}"}} {n}' for k, n in self._turns.items()),
            *self._summary.lines(),
        ]
        return "\n".join(lines) + "\n"
