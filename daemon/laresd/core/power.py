"""What follows from scarce memory, a weak supply and heat; and what an answer costs. Pure.

Threads and the place of work follow from the heat alone, in scheduler/thermal.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

from laresd.core.scheduler.thermal import Heat, Throttle, Weather
from laresd.types import Pressure, Reading, Span, Stall

SETTLED_S = 30.0  # without scarcity, before anything is taken back
HOPELESS = 3.0  # times `stall_percent` in which some wait for memory: it is not short, it is gone
LEAST_SHARE = 0.5  # of `available_percent`, below which it is gone, too
JOULES_PER_KWH = 3.6e6


class Need(IntEnum):
    """Of memory."""

    NONE = 0
    SHORT = 1  # background work stops
    GONE = 2  # and what can be loaded again is given back: the OOM killer would be next


@dataclass(frozen=True, slots=True)
class Bounds:
    """Percent; as in [board]."""

    stall: float
    available: float


@dataclass(frozen=True, slots=True)
class Standing:
    """`since`: when the need was last at least this. `why`: for a person; "" without a need."""

    need: Need = Need.NONE
    since: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Measures:
    """`background`: whether work that nobody waits for may go on. `give_back`: what is kept for
    later is given up now. `boost`: whether the clock may be raised for a turn.
    """

    background: bool = True
    give_back: bool = False
    boost: bool = True


def judge(
    pressure: Pressure, bounds: Bounds, before: Standing, now: float, *, alarmed: bool = False
) -> Standing:
    """The need after a look; it grows at once and shrinks, a step at a time, after SETTLED_S.
    `alarmed`: the kernel has just called, sooner than its averages tell.
    """
    need, why = _need(pressure, bounds)
    if alarmed and need is Need.NONE:
        need, why = Need.SHORT, "the kernel calls: work waits for memory"
    if need >= before.need:
        return Standing(need, now, why)
    if now - before.since < SETTLED_S:
        return before
    lower = Need(before.need - 1)
    return replace(before, need=lower, since=now, why=why or before.why if lower else "")


def measures(
    standing: Standing, reading: Reading, weather: Weather, weak_s: float = math.inf
) -> Measures:
    """`weak_s`: seconds since the voltage was last too low. A weak supply is not asked for more:
    neither by work that can wait, nor by a higher clock. Under it a memory card may be written
    wrongly. The flag comes and goes with the load, so that it is believed for SETTLED_S.
    """
    weak = is_weak(reading) or weak_s < SETTLED_S
    flagged = bool(reading.throttled & 0xF) or weak
    return Measures(
        background=standing.need is Need.NONE and not weak,
        give_back=standing.need is Need.GONE,
        boost=not flagged and weather.heat is Heat.COOL,
    )


def is_weak(reading: Reading) -> bool:
    """Whether the board gets too little voltage now."""
    return bool(reading.throttled & Throttle.UNDER_VOLTAGE)


def _need(pressure: Pressure, bounds: Bounds) -> tuple[Need, str]:
    stalls = pressure.memory or Stall(0.0, 0.0)
    left = 100.0 if pressure.available is None else pressure.available * 100.0
    if stalls.some >= bounds.stall * HOPELESS or stalls.full >= bounds.stall:
        return Need.GONE, f"work waits for memory {stalls.some:.0f} % of the time"
    if left < bounds.available * LEAST_SHARE:
        return Need.GONE, f"{left:.0f} % of the memory is left"
    if stalls.some >= bounds.stall:
        return Need.SHORT, f"work waits for memory {stalls.some:.0f} % of the time"
    if left < bounds.available:
        return Need.SHORT, f"{left:.0f} % of the memory is left"
    return Need.NONE, ""


def seconds_of(spans: Iterable[Span]) -> float:
    """How long an answer took, from its first stage to its last."""
    told = list(spans)
    if not told:
        return 0.0
    return max(span.end for span in told) - min(span.start for span in told)


@dataclass(frozen=True, slots=True)
class Spent:
    """By answers: the power of the machine while each was made, its idle share among it."""

    answers: int = 0
    joules: float = 0.0
    last: float = 0.0  # joules of the last

    def with_answer(self, seconds: float, watts: float) -> Spent:
        """`watts`: of the machine in that time."""
        joules = max(seconds, 0.0) * max(watts, 0.0)
        return Spent(self.answers + 1, self.joules + joules, joules)

    @property
    def each(self) -> float | None:
        """Joules of an answer, on average; None before the first."""
        return self.joules / self.answers if self.answers else None


def money(joules: float, kwh_price: float) -> float:
    """In the currency of the price."""
    return joules / JOULES_PER_KWH * kwh_price
