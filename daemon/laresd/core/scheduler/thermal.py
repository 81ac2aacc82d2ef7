"""How warm the box is, and what follows: threads, speed, and which work is still done here. Pure.

The flags are those of `vcgencmd get_throttled` (Raspberry Pi documentation, "vcgencmd"): bits 0 to
3 tell what is the case now, bits 16 to 19 what has been since the start and stays set; the latter
say nothing about now and are not read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntFlag, StrEnum
from typing import Self

from laresd import config
from laresd.types import Reading

HYSTERESIS_C = 5.0  # cooler than the threshold by this before work comes back
CALM = 4  # readings without a flag before its effect ends: flags flicker with the load


class Throttle(IntFlag):
    """What the firmware does at this moment."""

    UNDER_VOLTAGE = 1
    CAPPED = 2  # the frequency
    THROTTLED = 4
    SOFT_LIMIT = 8  # of the temperature


class Heat(StrEnum):
    COOL = "cool"
    WARM = "warm"
    HOT = "hot"


@dataclass(frozen=True, slots=True)
class Limits:
    """Degrees Celsius of the CPU from which the box is warm, and hot. `hot_c` below `warm_c` counts
    as `warm_c`.
    """

    warm_c: float
    hot_c: float

    @classmethod
    def of(cls, settings: config.Scheduler) -> Self:
        return cls(settings.warm_c, max(settings.warm_c, settings.hot_c))


@dataclass(frozen=True, slots=True)
class Weather:
    """What the heat means for work on this box.

    `threads`: the share of its threads to compute with, over 0, at most 1. `slowdown`: by how much
    longer the box needs than when it is cool, at least 1. `urgent_only`: what nobody waits for goes
    to hosts, where one can do it. `why`: for a person; "" while it is cool. `calm` readings passed
    without a flag, `flagged` is the heat that the last flag stood for.
    """

    heat: Heat = Heat.COOL
    threads: float = 1.0
    slowdown: float = 1.0
    urgent_only: bool = False
    why: str = ""
    calm: int = CALM
    flagged: Heat = Heat.COOL

    def threads_of(self, most: int) -> int:
        """How many of `most` threads that is; at least one."""
        return max(1, int(most * self.threads))


FAIR = Weather()
_ORDER = (Heat.COOL, Heat.WARM, Heat.HOT)
_THREADS = {Heat.COOL: 1.0, Heat.WARM: 0.75, Heat.HOT: 0.5}
_THROTTLED_SLOWDOWN = 2.5  # an estimate: half the threads, at a clock that the firmware lowers


def govern(reading: Reading, limits: Limits, before: Weather = FAIR) -> Weather:
    """The weather after a reading; ask at a steady pace, since flags are held for CALM readings."""
    flags = Throttle(reading.throttled & 0xF)
    now = _of_flags(flags)
    calm = 0 if now is not Heat.COOL else min(CALM, before.calm + 1)
    flagged = _worse(now, before.flagged) if calm < CALM else Heat.COOL
    heat = _worse(_of_temperature(reading.celsius, limits, before.heat), flagged)
    slowdown = 1.0 / _THREADS[heat]
    if flags & Throttle.THROTTLED:
        slowdown = max(slowdown, _THROTTLED_SLOWDOWN)
    weather = Weather(
        heat=heat,
        threads=_THREADS[heat],
        slowdown=slowdown,
        urgent_only=heat is Heat.HOT,
        calm=calm,
        flagged=flagged,
    )
    return replace(weather, why=_words(weather, reading, flags))


def _of_temperature(celsius: float | None, limits: Limits, before: Heat) -> Heat:
    """Without a sensor the flags alone decide."""
    if celsius is None:
        return Heat.COOL
    hot = limits.hot_c - (HYSTERESIS_C if before is Heat.HOT else 0.0)
    warm = limits.warm_c - (HYSTERESIS_C if before is not Heat.COOL else 0.0)
    if celsius >= hot:
        return Heat.HOT
    return Heat.WARM if celsius >= warm else Heat.COOL


def _of_flags(flags: Throttle) -> Heat:
    if flags & Throttle.THROTTLED:
        return Heat.HOT
    return Heat.WARM if flags else Heat.COOL


def _worse(one: Heat, other: Heat) -> Heat:
    return max(one, other, key=_ORDER.index)


def _words(weather: Weather, reading: Reading, flags: Throttle) -> str:
    if weather.heat is Heat.COOL:
        return ""
    if flags & Throttle.UNDER_VOLTAGE:
        return "this box gets too little voltage"
    if flags & Throttle.THROTTLED:
        return "this box is throttled"
    degrees = "" if reading.celsius is None else f" ({reading.celsius:.0f} °C)"
    return f"this box is {weather.heat}{degrees}"
