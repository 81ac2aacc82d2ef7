"""What an entity of Home Assistant is and says, in the words of Lares. Pure.

Sources: https://developers.home-assistant.io/docs/core/entity/ (attributes and the bits of
`supported_features` of each domain).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from laresd.backends.home_assistant.reading import Row, bits, number, text, texts
from laresd.types import Json

Attributes = dict[str, Json]

# supported_features
COVER_POSITION, COVER_STOP = 4, 8  # valves have the same
COVER_TILT = 128
FAN_SPEED, FAN_PRESET = 1, 8
CLIMATE_TEMPERATURE = 1
MEDIA_VOLUME = 4
COLOURS = frozenset({"hs", "rgb", "rgbw", "rgbww", "xy"})
UNLIT = frozenset({"onoff", "unknown", ""})

DOMAINS = frozenset(
    {
        "binary_sensor", "button", "climate", "cover", "fan", "humidifier", "input_boolean",
        "input_button", "lawn_mower", "light", "lock", "media_player", "number", "scene",
        "script", "select", "sensor", "siren", "switch", "vacuum", "valve",
    }
)  # fmt: skip
STATELESS = frozenset({"button", "input_button", "scene", "script"})


def features(domain: str, told: Row) -> frozenset[str]:
    """What it can do beyond on and off; `told`: its attributes."""
    can = bits(told, "supported_features")
    found = {
        "light": _light_features(told),
        "cover": _opening_features(can) | ({"tilt"} if can & COVER_TILT else set()),
        "valve": _opening_features(can),
        "fan": _fan_features(can, told),
        "media_player": {"volume"} if can & MEDIA_VOLUME else set(),
        "climate": _climate_features(can, told),
    }
    return frozenset(found.get(domain, set()))


def _light_features(told: Row) -> set[str]:
    modes = set(texts(told, "supported_color_modes"))
    found = {"brightness"} if modes - UNLIT else set()
    if modes & COLOURS:
        found.add("rgb")
    if "color_temp" in modes:
        found.add("color_temp")
    return found


def _opening_features(can: int) -> set[str]:
    position = {"position"} if can & COVER_POSITION else set()
    return position | ({"stop"} if can & COVER_STOP else set())


def _fan_features(can: int, told: Row) -> set[str]:
    speed = {"percentage"} if can & FAN_SPEED else set()
    return speed | ({"mode"} if can & FAN_PRESET and texts(told, "preset_modes") else set())


def _climate_features(can: int, told: Row) -> set[str]:
    temperature = {"temperature"} if can & CLIMATE_TEMPERATURE else set()
    return temperature | ({"mode"} if texts(told, "hvac_modes") else set())


def options(domain: str, told: Row) -> tuple[str, ...]:
    keys = {
        "climate": ("hvac_modes", "preset_modes"),
        "fan": ("preset_modes",),
        "select": ("options",),
    }.get(domain, ())
    return tuple(dict.fromkeys(option for key in keys for option in texts(told, key)))


def limits(domain: str, told: Row) -> tuple[float | None, float | None]:
    keys = {"climate": ("min_temp", "max_temp"), "number": ("min", "max")}.get(domain)
    return (number(told, keys[0]), number(told, keys[1])) if keys else (None, None)


def attributes(domain: str, told: Row) -> Attributes:
    """Those of EntityState, as far as they are known."""
    found: Attributes = {}
    for name, read in _READERS.get(domain, {}).items():
        value = read(told)
        if value is not None:
            found[name] = value
    return found


def _share(key: str, whole: float) -> Callable[[Row], Json]:
    def read(told: Row) -> Json:
        value = number(told, key)
        if value is None:
            return None
        share = round(min(max(value / whole, 0.0), 1.0) * 100)
        return max(1, share) if value > 0 else 0

    return read


def _plain(key: str) -> Callable[[Row], Json]:
    return lambda told: number(told, key)


def _rgb(told: Row) -> Json:
    value = told.get("rgb_color")
    if not isinstance(value, list) or len(value) != 3:
        return None
    return [part for part in value if isinstance(part, (int, float))] if value else None


def _preset(told: Row) -> Json:
    return text(told, "preset_mode") or None


def _muted(told: Row) -> Json:
    value = told.get("is_volume_muted")
    return value if isinstance(value, bool) else None


_READERS: Mapping[str, Mapping[str, Callable[[Row], Json]]] = {
    "light": {
        "brightness_pct": _share("brightness", 255),
        "rgb": _rgb,
        "color_temp_k": _plain("color_temp_kelvin"),
    },
    "cover": {"position": _plain("current_position"), "tilt": _plain("current_tilt_position")},
    "valve": {"position": _plain("current_position")},
    "fan": {"percentage": _plain("percentage"), "preset_mode": _preset},
    "climate": {
        "temperature": _plain("temperature"),
        "current_temperature": _plain("current_temperature"),
        "preset_mode": _preset,
    },
    "media_player": {"volume_pct": _share("volume_level", 1.0), "muted": _muted},
}


def reports(domain: str, told: Row) -> frozenset[str]:
    """The attributes that its states carry, so that an echo must have them."""
    can = features(domain, told)
    named = {
        "brightness": "brightness_pct",
        "rgb": "rgb",
        "color_temp": "color_temp_k",
        "position": "position",
        "tilt": "tilt",
        "percentage": "percentage",
        "temperature": "temperature",
        "volume": "volume_pct",
    }
    return frozenset(named[feature] for feature in can if feature in named)


def unit(told: Row) -> str | None:
    return text(told, "unit_of_measurement") or None
