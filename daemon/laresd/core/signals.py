"""What the lamps of a board show: a table from signs to lights, and the frames of a light. Pure.

A light is written as a person would say it: `blue breathe 40%`. The colour is a name or `#rrggbb`;
pattern (solid) and brightness (100%) may be left out. `off` is dark.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from laresd.errors import ConfigError
from laresd.turns import Sign

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255, as LEDs are driven: linear."""

FRAME_S = 1 / 25  # between two frames of a light that moves
BREATH_S = 2.4  # from dark to bright and back
ROUND_S = 1.2  # of a light that spins
BLINK_S = 0.4  # on, and as long off
TAIL = 0.45  # share of the ring that trails behind a spinning light
LOWEST = 0.06  # of a breath: it never goes out

COLOURS: Mapping[str, Colour] = MappingProxyType(
    {
        "off": (0, 0, 0),
        "white": (255, 255, 255),
        "warm": (255, 150, 60),
        "red": (255, 0, 0),
        "orange": (255, 90, 0),
        "yellow": (255, 180, 0),
        "green": (0, 255, 0),
        "cyan": (0, 255, 200),
        "blue": (0, 40, 255),
        "purple": (140, 0, 255),
        "pink": (255, 40, 110),
    }
)


class Pattern(StrEnum):
    SOLID = "solid"
    BREATHE = "breathe"
    SPIN = "spin"  # of a single lamp: it breathes, twice as fast
    BLINK = "blink"


@dataclass(frozen=True, slots=True)
class Light:
    """`share` of the full brightness, 0 to 1."""

    colour: Colour
    pattern: Pattern = Pattern.SOLID
    share: float = 1.0


SAID: Mapping[Sign, str] = MappingProxyType(
    {
        Sign.IDLE: "off",
        Sign.LISTENING: "blue",
        Sign.THINKING: "blue spin",
        Sign.SPEAKING: "green breathe",
        Sign.MUTED: "red 30%",
        Sign.ERROR: "red blink",
    }
)
"""What each sign looks like unless the configuration says otherwise."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """The light of each sign. `brightness`: of the brightest, 0 to 1."""

    lights: Mapping[Sign, Light]
    brightness: float = 1.0

    def frame(self, sign: Sign, seconds: float, lamps: int) -> tuple[Colour, ...]:
        """The lamps at a time since the sign was shown."""
        lit = self.lights[sign]
        return frame(replace(lit, share=lit.share * self.brightness), seconds, lamps)

    def next_frame(self, sign: Sign, seconds: float) -> float | None:
        """As the function."""
        return next_frame(self.lights[sign], seconds)


def table(said: Mapping[str, str]) -> Mapping[Sign, Light]:
    """SAID, with what the configuration says of some signs. Raises ConfigError."""
    for name in said:
        if name not in [*Sign]:
            known = ", ".join(Sign)
            raise ConfigError(f"lights.signs has no sign {name!r}", remedy=f"known: {known}")
    texts = {**SAID, **{Sign(name): text for name, text in said.items()}}
    return MappingProxyType({sign: light(text, sign) for sign, text in texts.items()})


def light(text: str, name: str = "") -> Light:
    """The light that is written so; `name` of the sign stands in errors. Raises ConfigError."""
    colour: Colour | None = None
    pattern, share = Pattern.SOLID, 1.0
    for word in text.casefold().split():
        percent = re.fullmatch(r"(\d{1,3})%", word)
        if percent and int(percent[1]) <= 100:
            share = int(percent[1]) / 100
        elif word in [*Pattern]:
            pattern = Pattern(word)
        elif colour is None and (found := _colour(word)) is not None:
            colour = found
        else:
            raise _wrong(text, name, f"{word!r} is no colour, pattern or brightness")
    if colour is None:
        raise _wrong(text, name, "it names no colour")
    return Light(colour, pattern, share)


def frame(lit: Light, seconds: float, lamps: int) -> tuple[Colour, ...]:
    """The lamps at a time since the light began. A number of lamps from 1 up."""
    match lit.pattern:
        case Pattern.SOLID:
            levels = [1.0] * lamps
        case Pattern.BLINK:
            levels = [1.0 - int(_half(seconds)) % 2] * lamps
        case Pattern.SPIN if lamps > 1:
            levels = _spin(seconds, lamps)
        case Pattern.SPIN:
            levels = [_breath(2 * seconds)]
        case Pattern.BREATHE:
            levels = [_breath(seconds)] * lamps
    return tuple(_dimmed(lit.colour, level * lit.share) for level in levels)


def next_frame(lit: Light, seconds: float) -> float | None:
    """When the lamps change next, in seconds since the light began; None: they stay as they are."""
    if lit.pattern is Pattern.SOLID or not any(lit.colour) or not lit.share:
        return None
    if lit.pattern is Pattern.BLINK:
        return (int(_half(seconds)) + 1) * BLINK_S
    return seconds + FRAME_S


def _half(seconds: float) -> float:
    """Blinks since the beginning, with room for the error of a float at the very edge."""
    return seconds / BLINK_S + 1e-6


def _breath(seconds: float) -> float:
    """Begins bright, so that a short sign is seen; squared, as eyes see brightness."""
    wave = 0.5 + 0.5 * math.cos(2 * math.pi * seconds / BREATH_S)
    return LOWEST + (1 - LOWEST) * wave * wave


def _spin(seconds: float, lamps: int) -> list[float]:
    """A head that goes round, with a tail that fades."""
    head = seconds / ROUND_S % 1.0
    behind = [(head - number / lamps) % 1.0 for number in range(lamps)]
    return [max(0.0, 1.0 - distance / TAIL) ** 2 for distance in behind]


def _dimmed(colour: Colour, level: float) -> Colour:
    red, green, blue = (round(part * level) for part in colour)
    return red, green, blue


def _colour(word: str) -> Colour | None:
    if not re.fullmatch(r"#[0-9a-f]{6}", word):
        return COLOURS.get(word)
    return int(word[1:3], 16), int(word[3:5], 16), int(word[5:7], 16)


def _wrong(text: str, name: str, why: str) -> ConfigError:
    at = f"lights.signs.{name}" if name else "a light"
    return ConfigError(
        f"{at} is {text!r}: {why}",
        remedy='write it as "blue", "#0040ff breathe" or "red blink 40%"; colours: '
        + ", ".join(COLOURS),
    )
