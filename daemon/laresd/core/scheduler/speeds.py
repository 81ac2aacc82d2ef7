"""How fast an engine is, learned from what it did: values that each observation makes anew. Pure.

The time to the first token is a line over the tokens of the prompt that have to be computed, the
time of one more token a line over the requests that run beside it. Both are least squares of the
relative error in which old observations fade; until there are enough of them at different places,
the shape of the line (not its height) stays near the one it began with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Self

from laresd.jobs import HostFacts, JobKind

FADE = 0.95  # what an observation counts after the next one: about the last 20 decide
SETTLED = 8  # observations after which one that is far off is believed only in part
FAR = 4.0  # how far, as a factor
SHAPE_WEIGHT = 0.3  # of each of the two points that hold the shape of a line, in observations

_LEAST_S = 1e-6
_FIRST_SIGMA = 0.35  # of the log of actual over forecast, before anything is known
_FIRST_WEIGHT = 4.0
_P95 = 1.645  # standard deviations
_LATE_BOUNDS = (1.1, 6.0)


@dataclass(frozen=True, slots=True)
class Line:
    """y = base + slope * x, neither ever negative. `shape`: base and slope to begin with; `span`:
    the x over which it was meant. Build it with `of`.
    """

    base: float
    slope: float
    shape: tuple[float, float]
    span: float
    count: int = 0
    sums: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)  # w x y xx xy
    height: tuple[float, float] = (0.0, 0.0)  # weight, and log of y over the shape's y

    @classmethod
    def of(cls, base: float, slope: float, *, span: float) -> Self:
        base = max(base, _LEAST_S)
        slope = max(slope, 0.0)
        return cls(base, slope, (base, slope), span)

    def at(self, x: float) -> float:
        return max(self.base + self.slope * max(x, 0.0), _LEAST_S)

    def observed(self, x: float, y: float, weight: float = 1.0) -> Line:
        """The line after one more point; a `weight` below 1 for one that tells less."""
        x, y, forecast = max(x, 0.0), max(y, _LEAST_S), self.at(x)
        if self.count >= SETTLED:
            y = min(max(y, forecast / FAR), forecast * FAR)
            scale = forecast
        else:
            scale = max(forecast, y)  # a forecast that is a guess may be far too small
        shaped = max(self.shape[0] + self.shape[1] * x, _LEAST_S)
        fade = FADE**weight
        height = (
            self.height[0] * fade + weight,
            self.height[1] * fade + weight * math.log(y / shaped),
        )
        counted = weight / scale**2  # relative errors count, not seconds
        point = (1.0, x, y, x * x, x * y)
        sums = tuple(old * fade + counted * new for old, new in zip(self.sums, point, strict=True))
        line = replace(self, count=self.count + 1, sums=sums, height=height)
        base, slope = line._solved()
        return replace(line, base=base, slope=slope)

    def _solved(self) -> tuple[float, float]:
        scale = math.exp(self.height[1] / self.height[0])
        w, x, y, xx, xy = self.sums
        usual = w / self.height[0]  # a point of the shape counts as an observation, however small
        for at in (0.0, self.span):
            value = max(scale * (self.shape[0] + self.shape[1] * at), _LEAST_S)
            v = SHAPE_WEIGHT * min(usual, 1 / value**2)
            w, x, y, xx, xy = w + v, x + v * at, y + v * value, xx + v * at**2, xy + v * at * value
        spread = xx - x * x / w
        slope = (xy - x * y / w) / spread if spread > 0 else 0.0
        base = (y - slope * x) / w
        if slope < 0:
            return y / w, 0.0
        if base < 0:
            return 0.0, xy / xx
        return base, slope


@dataclass(frozen=True, slots=True)
class Spread:
    """How far off forecasts are: of the log of actual over forecast, faded sums."""

    weight: float = _FIRST_WEIGHT
    total: float = 0.0
    squares: float = _FIRST_WEIGHT * _FIRST_SIGMA**2

    def observed(self, forecast: float, actual: float) -> Spread:
        far = math.log(FAR)
        error = math.log(max(actual, _LEAST_S) / max(forecast, _LEAST_S))
        error = min(max(error, -far), far)
        return Spread(
            self.weight * FADE + 1.0, self.total * FADE + error, self.squares * FADE + error**2
        )

    @property
    def late(self) -> float:
        """The p95 as a multiple of the forecast."""
        mean = self.total / self.weight
        deviation = math.sqrt(max(self.squares / self.weight - mean**2, 0.0))
        return min(max(math.exp(mean + _P95 * deviation), _LATE_BOUNDS[0]), _LATE_BOUNDS[1])


@dataclass(frozen=True, slots=True)
class Observation:
    """What one job took. Seconds.

    `tokens`: of the prompt that were computed, so without cached ones; for a kind of job without
    tokens any measure of its size, always the same (audio seconds, characters, pixels).
    `first_token_s`: from sending it to the first token (or to all, where all comes at once);
    `round_trip_s` and `waited_s` (in a queue) are the parts of it that are not the engine's speed.
    `answer_tokens` came in all, the last one `answer_s` after the first; `beside`: how many others
    ran at that time. `slowdown`: of the box, by heat, as it was then.
    """

    tokens: float
    first_token_s: float
    answer_tokens: int = 0
    answer_s: float = 0.0
    beside: float = 0.0
    round_trip_s: float = 0.0
    waited_s: float = 0.0
    slowdown: float = 1.0


@dataclass(frozen=True, slots=True)
class Speeds:
    """Of one engine, for one kind of job. Start with `of` or `expected`."""

    first: Line
    token: Line
    spread: Spread = field(default_factory=Spread)
    job_s: float = 1.0  # that a job takes in all, without waiting

    @classmethod
    def of(
        cls, *, latency_s: float, prefill_s: float, decode_s: float = 0.0, crowding: float = 0.25
    ) -> Self:
        """`prefill_s` a token of the prompt, `decode_s` a token of the answer when nothing runs
        beside it, and longer by the share `crowding` for each request that does.
        """
        return cls(
            Line.of(latency_s, prefill_s, span=_SPAN),
            Line.of(decode_s, decode_s * crowding, span=4.0),
            job_s=latency_s + prefill_s * 256 + decode_s * 64,
        )

    @classmethod
    def expected(cls, kind: JobKind, facts: HostFacts | None = None) -> Self:
        """Before anything was observed: what a host tells of itself, else what is usual. Without
        facts: this box.
        """
        latency_s, prefill_s, decode_s = (_USUAL_HERE if facts is None else _USUAL)[kind]
        if facts is not None and kind is JobKind.TEXT:
            prefill_s = 1.0 / facts.prefill_speed if facts.prefill_speed > 0 else prefill_s
            decode_s = 1.0 / facts.decode_speed if facts.decode_speed > 0 else decode_s
        crowding = 0.6 if facts is None else 0.15
        return cls.of(
            latency_s=latency_s, prefill_s=prefill_s, decode_s=decode_s, crowding=crowding
        )

    @property
    def count(self) -> int:
        """Observations so far."""
        return self.first.count

    def first_token_s(self, tokens: float) -> float:
        """Until the first token, when so many of the prompt have to be computed; without the round
        trip and the queue.
        """
        return self.first.at(tokens)

    def token_s(self, beside: float = 0.0) -> float:
        """Of each further token, with so many other requests beside it."""
        return self.token.at(beside)

    @property
    def late(self) -> float:
        """The p95 of the time to the first token, as a multiple of its forecast; over 1."""
        return self.spread.late

    def observed(self, seen: Observation) -> Speeds:
        slowdown = max(seen.slowdown, 1.0)
        first_s = max(seen.first_token_s - seen.round_trip_s - seen.waited_s, _LEAST_S) / slowdown
        spread = self.spread
        if self.count >= 2:  # before, it is the error of a guess, not of a forecast
            spread = spread.observed(self.first_token_s(seen.tokens), first_s)
        token, further = self.token, seen.answer_tokens - 1
        if further > 0 and seen.answer_s > 0:
            each_s = seen.answer_s / further / slowdown
            token = token.observed(seen.beside, each_s, weight=min(1.0, further / 16))
        job_s = first_s + max(seen.answer_s, 0.0) / slowdown
        return Speeds(
            self.first.observed(seen.tokens, first_s),
            token,
            spread,
            self.job_s + (job_s - self.job_s) * (1 / (self.count + 2) if self.count < 8 else 0.1),
        )


_SPAN = 512.0  # tokens of a prompt, usually

# Latency, seconds a token (audio second, character, pixel) of what comes in and of what goes out.
_USUAL: Mapping[JobKind, tuple[float, float, float]] = MappingProxyType(
    {
        JobKind.TEXT: (0.1, 1 / 1000, 1 / 40),
        JobKind.EMBED: (0.05, 1 / 5000, 0.0),
        JobKind.TRANSCRIBE: (0.2, 1 / 20, 0.0),
        JobKind.SPEAK: (0.2, 1 / 500, 0.0),
        JobKind.IMAGE: (2.0, 8e-6, 0.0),
    }
)
_USUAL_HERE: Mapping[JobKind, tuple[float, float, float]] = MappingProxyType(
    {
        JobKind.TEXT: (0.05, 1 / 30, 1 / 6),
        JobKind.EMBED: (0.01, 1 / 1500, 0.0),
        JobKind.TRANSCRIBE: (0.1, 1 / 4, 0.0),
        JobKind.SPEAK: (0.05, 1 / 2000, 0.0),
        JobKind.IMAGE: (60.0, 1e-3, 0.0),
    }
)

_NONE: Mapping[str, tuple[float, float]] = MappingProxyType({})

MOST_CLASSES = 64
_USUAL_LENGTH = 48.0  # tokens of an answer
_LENGTH_FADE = 0.9


@dataclass(frozen=True, slots=True)
class AnswerLengths:
    """How long answers are, by class (any words that tell like from unlike: the caller, the
    grammar). The geometric mean, since a few long ones should not count for all. At most
    MOST_CLASSES, of which the one longest not seen is forgotten.
    """

    seen: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: _NONE
    )  # weight, log of tokens

    def expected(self, name: str, most: int) -> float:
        """Tokens of the next answer of that class, which may have `most`."""
        weight, total = self.seen.get(name, (0.0, 0.0))
        usual = math.exp((total + math.log(_USUAL_LENGTH)) / (weight + 1.0))
        return min(usual, float(max(most, 0)))

    def observed(self, name: str, tokens: int) -> AnswerLengths:
        weight, total = self.seen.get(name, (0.0, 0.0))
        others = [(key, value) for key, value in self.seen.items() if key != name]
        new = (weight * _LENGTH_FADE + 1.0, total * _LENGTH_FADE + math.log(max(tokens, 1)))
        return AnswerLengths(MappingProxyType(dict([*others[-(MOST_CLASSES - 1) :], (name, new)])))
