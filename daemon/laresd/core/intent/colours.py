"""Colours by their English name, the key that Home Assistant's sentences use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Rgb = tuple[int, int, int]

RGB: Mapping[str, Rgb] = MappingProxyType(
    {
        "white": (255, 255, 255),
        "black": (0, 0, 0),
        "red": (255, 0, 0),
        "orange": (255, 165, 0),
        "yellow": (255, 255, 0),
        "green": (0, 128, 0),
        "blue": (0, 0, 255),
        "purple": (128, 0, 128),
        "violet": (238, 130, 238),
        "brown": (165, 42, 42),
        "pink": (255, 192, 203),
        "turquoise": (64, 224, 208),
        "cyan": (0, 255, 255),
        "magenta": (255, 0, 255),
        "lime": (0, 255, 0),
        "teal": (0, 128, 128),
        "gold": (255, 215, 0),
        "indigo": (75, 0, 130),
        "lavender": (230, 230, 250),
        "crimson": (220, 20, 60),
        "coral": (255, 127, 80),
        "salmon": (250, 128, 114),
        "beige": (245, 245, 220),
        "gray": (128, 128, 128),
        "maroon": (128, 0, 0),
        "navy": (0, 0, 128),
        "olive": (128, 128, 0),
    }
)
KELVIN: Mapping[str, int] = MappingProxyType(
    {"candle": 1900, "warm": 2700, "neutral": 4000, "cool": 5000, "daylight": 6500}
)
