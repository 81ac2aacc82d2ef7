"""Colours: rgb (0 to 255) from and to hue/saturation, CIE xy, mireds and names. Pure."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping

Rgb = tuple[int, int, int]

NAMES: Mapping[str, Rgb] = {
    "amber": (255, 191, 0),
    "aqua": (0, 255, 255),
    "beige": (245, 245, 220),
    "black": (0, 0, 0),
    "blue": (0, 0, 255),
    "brown": (165, 42, 42),
    "coral": (255, 127, 80),
    "crimson": (220, 20, 60),
    "cyan": (0, 255, 255),
    "gold": (255, 215, 0),
    "gray": (128, 128, 128),
    "green": (0, 255, 0),
    "grey": (128, 128, 128),
    "indigo": (75, 0, 130),
    "lavender": (230, 230, 250),
    "lime": (0, 255, 0),
    "magenta": (255, 0, 255),
    "maroon": (128, 0, 0),
    "navy": (0, 0, 128),
    "olive": (128, 128, 0),
    "orange": (255, 165, 0),
    "pink": (255, 105, 180),
    "purple": (128, 0, 128),
    "red": (255, 0, 0),
    "salmon": (250, 128, 114),
    "silver": (192, 192, 192),
    "teal": (0, 128, 128),
    "turquoise": (64, 224, 208),
    "violet": (238, 130, 238),
    "white": (255, 255, 255),
    "yellow": (255, 255, 0),
}


def named(name: str) -> Rgb | None:
    return NAMES.get(name.strip().lower().replace(" ", ""))


def to_hs(rgb: Rgb) -> tuple[float, float]:
    """(hue in degrees, saturation in percent)."""
    hue, saturation, _ = colorsys.rgb_to_hsv(*(part / 255 for part in rgb))
    return round(hue * 360, 2), round(saturation * 100, 2)


def from_hs(hue: float, saturation: float) -> Rgb:
    red, green, blue = colorsys.hsv_to_rgb(hue % 360 / 360, min(max(saturation, 0), 100) / 100, 1)
    return round(red * 255), round(green * 255), round(blue * 255)


def to_xy(rgb: Rgb) -> tuple[float, float]:
    """CIE 1931 chromaticity of an sRGB colour (IEC 61966-2-1, D65)."""
    red, green, blue = (_linear(part / 255) for part in rgb)
    x = 0.4124 * red + 0.3576 * green + 0.1805 * blue
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = 0.0193 * red + 0.1192 * green + 0.9505 * blue
    whole = x + y + z
    if whole == 0:
        return 0.3127, 0.3290
    return round(x / whole, 4), round(y / whole, 4)


def from_xy(x: float, y: float) -> Rgb:
    """The brightest sRGB colour of this chromaticity."""
    if y <= 0:
        return 255, 255, 255
    big_x, big_z = x / y, (1 - x - y) / y
    parts = (
        3.2406 * big_x - 1.5372 - 0.4986 * big_z,
        -0.9689 * big_x + 1.8758 + 0.0415 * big_z,
        0.0557 * big_x - 0.2040 + 1.0570 * big_z,
    )
    highest = max(*parts, 1e-9)
    red, green, blue = (round(_gamma(max(part, 0.0) / highest) * 255) for part in parts)
    return red, green, blue


def mireds(kelvin: float) -> int:
    return round(1_000_000 / kelvin)


def kelvin(mired: float) -> int:
    return round(1_000_000 / mired)


def alike(left: Rgb, right: Rgb) -> bool:
    """The same colour to the eye: brightness is left out, devices report it apart."""
    (hue_a, sat_a), (hue_b, sat_b) = to_hs(left), to_hs(right)
    apart = abs(hue_a - hue_b) % 360
    return abs(sat_a - sat_b) <= 15 and (min(apart, 360 - apart) <= 12 or max(sat_a, sat_b) <= 15)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _gamma(part: float) -> float:
    return part * 12.92 if part <= 0.0031308 else float(1.055 * part ** (1 / 2.4) - 0.055)
