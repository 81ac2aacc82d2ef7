"""Lights with a topic for each property: Home Assistant's default schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from laresd.backends.home import colour
from laresd.backends.home.settings import (
    Changes,
    Codec,
    Params,
    Reader,
    Settings,
    Unsupported,
    Write,
    Writer,
    always,
    shown,
    within,
)
from laresd.backends.home.templates import Template
from laresd.types import Command, EntityState, Json

Send = Callable[[Json], list[Write]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a turn_on asks for beyond on, checked: None for what it leaves open."""

    brightness_pct: float | None = None
    rgb: colour.Rgb | None = None
    kelvin: float | None = None


def wish(params: Params, features: frozenset[str], limits: tuple[float, float]) -> Wish:
    """Raises Unsupported for what the light doesn't have. `limits`: kelvin."""
    rgb: colour.Rgb | None = None
    if "rgb" in params or "color_name" in params:
        rgb = _rgb(params)
        if "rgb" not in features:
            raise Unsupported("it has no colours")
    brightness = kelvin = None
    if "brightness_pct" in params:
        if "brightness" not in features:
            raise Unsupported("it cannot be dimmed")
        brightness = within(params, "brightness_pct", 0, 100, " %")
    if "color_temp_k" in params:
        if "color_temp" not in features:
            raise Unsupported("it has no colour temperature")
        kelvin = within(params, "color_temp_k", *limits, " K")
    return Wish(brightness, rgb, kelvin)


def _rgb(params: Params) -> colour.Rgb:
    value = params.get("rgb")
    if value is None:
        name = str(params["color_name"])
        rgb = colour.named(name)
        if rgb is None:
            raise Unsupported(f"{name!r} is not a colour that Lares knows")
        return rgb
    parts = list(value) if isinstance(value, (list, tuple)) else []
    if len(parts) != 3 or not all(type(item) is int and 0 <= item <= 255 for item in parts):
        raise Unsupported(f"rgb must be three numbers from 0 to 255, not {value!r}")
    red, green, blue = (int(str(item)) for item in parts)
    return red, green, blue


def kelvin_limits(settings: Settings) -> tuple[float, float]:
    """(lowest, highest), from kelvin or mireds; Home Assistant's 2000 to 6535 by default."""
    low, high = settings.number("min_kelvin", 0), settings.number("max_kelvin", 0)
    if settings.has("max_mireds") and settings.number("max_mireds", 0) > 0:
        low = low or colour.kelvin(settings.number("max_mireds", 500))
    if settings.has("min_mireds") and settings.number("min_mireds", 0) > 0:
        high = high or colour.kelvin(settings.number("min_mireds", 153))
    return low or 2000, high or 6535


def topic_light(settings: Settings) -> Codec:
    """The default schema: power, brightness, rgb or hs, and colour temperature."""
    on, off = settings.text("payload_on", "ON"), settings.text("payload_off", "OFF")
    power = settings.send("command_topic")
    if power is None:
        return Codec(readers=_readers(settings, on, off), reports=frozenset())
    parts = _Parts(settings)
    limits = kelvin_limits(settings)
    order = settings.text("on_command_type", "last")

    def turn_on(params: Params, state: EntityState) -> list[Write]:
        asked = wish(params, parts.features, limits)
        styles = parts.styles(asked, full=order == "brightness")
        if order == "brightness" and styles:
            return styles
        return [*power(on), *styles] if order == "first" else [*styles, *power(on)]

    writers: dict[Command, Writer] = {
        Command.TURN_ON: turn_on,
        Command.TURN_OFF: always(power, off),
    }
    readers = _readers(settings, on, off)
    return Codec(
        readers, writers, _reports(settings), parts.features, optimistic=settings.optimistic
    )


class _Parts:
    """The command topics beside on and off."""

    def __init__(self, settings: Settings) -> None:
        self._scale = settings.number("brightness_scale", 255)
        self._brightness = settings.send("brightness_command_topic", "brightness_command_template")
        self._kelvin = settings.flag("color_temp_kelvin")
        self._temperature = settings.send("color_temp_command_topic", "color_temp_command_template")
        self._colour = _colour_sender(settings)
        features = {"brightness": self._brightness, "rgb": self._colour}
        features["color_temp"] = self._temperature
        self.features = frozenset(name for name, send in features.items() if send)

    def styles(self, asked: Wish, *, full: bool) -> list[Write]:
        """The messages for all but on; `full`: brightness is what turns this light on."""
        writes: list[Write] = []
        if asked.rgb is not None and self._colour:
            writes += self._colour(asked.rgb)
        if asked.kelvin is not None and self._temperature:
            value = round(asked.kelvin) if self._kelvin else colour.mireds(asked.kelvin)
            writes += self._temperature(value)
        percent = 100.0 if full and asked.brightness_pct is None else asked.brightness_pct
        if percent is not None and self._brightness:
            writes += self._brightness(max(1, round(percent * self._scale / 100)))
        return writes


def _colour_sender(settings: Settings) -> Callable[[colour.Rgb], list[Write]] | None:
    """By the first of the colour topics that the light has."""
    retain = settings.flag("retain")
    for name, variables in _COLOURS.items():
        topic = settings.topic(f"{name}_command_topic")
        if topic:
            template = settings.template(f"{name}_command_template")
            return partial(_send_colour, Write(topic, "", retain), template, variables)
    return None


def _named(rgb: colour.Rgb, **more: float) -> dict[str, float]:
    red, green, blue = rgb
    return {"red": red, "green": green, "blue": blue, **more}


_COLOURS: Mapping[str, Callable[[colour.Rgb], dict[str, float]]] = {
    "rgb": _named,
    "rgbw": lambda rgb: _named(rgb, white=0),
    "rgbww": lambda rgb: _named(rgb, cold_white=0, warm_white=0),
    "hs": lambda rgb: dict(zip(("hue", "sat"), colour.to_hs(rgb), strict=True)),
    "xy": lambda rgb: dict(zip(("x", "y"), colour.to_xy(rgb), strict=True)),
}


def _send_colour(
    form: Write,
    template: Template | None,
    variables: Callable[[colour.Rgb], dict[str, float]],
    rgb: colour.Rgb,
) -> list[Write]:
    values = variables(rgb)
    text = ",".join(shown(item) for item in values.values())
    if template is not None:
        text = template.write({**values, "value": text})
    return [replace(form, payload=text)]


def _reports(settings: Settings) -> frozenset[str]:
    topics = {
        "brightness_state_topic": "brightness_pct",
        **{f"{name}_state_topic": "rgb" for name in _COLOURS},
        "color_temp_state_topic": "color_temp_k",
    }
    return frozenset(name for key, name in topics.items() if settings.topic(key))


def _readers(settings: Settings, on: str, off: str) -> tuple[Reader, ...]:
    scale = settings.number("brightness_scale", 255)
    in_kelvin = settings.flag("color_temp_kelvin")
    if scale <= 0:
        raise Unsupported(f"brightness_scale must be above 0, not {scale}")

    def power(value: str) -> Changes:
        return {"state": {"None": "unknown", on: "on", off: "off"}[value]}

    def brightness(value: str) -> Changes:
        return {"brightness_pct": percent(float(value), scale)}

    def rgb(value: str) -> Changes:
        red, green, blue, *_ = (int(float(item)) for item in value.split(","))
        return {"rgb": [red, green, blue]}

    def xy(value: str) -> Changes:
        x, y = (float(item) for item in value.split(","))
        return {"rgb": list(colour.from_xy(x, y))}

    def hs(value: str) -> Changes:
        hue, saturation = (float(item) for item in value.split(","))
        return {"rgb": list(colour.from_hs(hue, saturation))}

    def temperature(value: str) -> Changes:
        number = float(value)
        return {"color_temp_k": round(number) if in_kelvin else colour.kelvin(number)}

    reader = settings.reader
    return (
        *reader("state_topic", ("state_value_template", "value_template"), power),
        *reader("brightness_state_topic", "brightness_value_template", brightness),
        *reader("rgb_state_topic", "rgb_value_template", rgb),
        *reader("rgbw_state_topic", "rgbw_value_template", rgb),
        *reader("rgbww_state_topic", "rgbww_value_template", rgb),
        *reader("hs_state_topic", "hs_value_template", hs),
        *reader("xy_state_topic", "xy_value_template", xy),
        *reader("color_temp_state_topic", "color_temp_value_template", temperature),
    )


def percent(value: float, scale: float) -> int:
    """0 to 100; anything above 0 is at least 1, because a dim light is not off."""
    share = min(max(value / scale * 100, 0), 100)
    return max(1, round(share)) if value > 0 else 0
