"""Lights whose state and command are one message: the JSON and the template schema."""

from __future__ import annotations

import json

from laresd.backends.home import colour
from laresd.backends.home.lights import Wish, kelvin_limits, percent, wish
from laresd.backends.home.settings import (
    Changes,
    Codec,
    Params,
    Reader,
    Settings,
    Unsupported,
    Write,
    always,
)
from laresd.errors import Permanent
from laresd.types import Command, EntityState, Json

COLOUR_MODES = ("rgb", "rgbw", "rgbww", "hs", "xy")


def json_light(settings: Settings) -> Codec:
    """`schema: json`, as Zigbee2MQTT and ESPHome announce their lights."""
    modes = settings.texts("supported_color_modes") or tuple(
        name for name in (*COLOUR_MODES, "color_temp") if settings.flag(name)
    )
    scale = settings.number("brightness_scale", 255)
    if scale <= 0:
        raise Unsupported(f"brightness_scale must be above 0, not {scale}")
    style = next((name for name in COLOUR_MODES if name in modes), "")
    dims = settings.flag("brightness") or bool(set(modes) - {"onoff"})
    features = {"brightness": dims, "rgb": bool(style), "color_temp": "color_temp" in modes}
    names = frozenset(name for name, there in features.items() if there)
    in_kelvin, limits = settings.flag("color_temp_kelvin"), kelvin_limits(settings)
    send, endpoint = settings.send("command_topic"), settings.text("endpoint")

    def message(asked: Wish) -> dict[str, Json]:
        body: dict[str, Json] = {"state": "ON"}
        if asked.brightness_pct is not None:
            body["brightness"] = max(1, round(asked.brightness_pct * scale / 100))
        if asked.rgb is not None:
            body["color"] = _colour(asked.rgb, style)
        if asked.kelvin is not None:
            value = round(asked.kelvin) if in_kelvin else colour.mireds(asked.kelvin)
            body["color_temp"] = value
        return body

    def turn_on(params: Params, state: EntityState) -> list[Write]:
        assert send is not None
        return send(json.dumps(_out(message(wish(params, names, limits)), endpoint)))

    def read(payload: str) -> Changes:
        return _json_changes(_in(json.loads(payload), endpoint), scale, in_kelvin)

    writers = {}
    if send is not None:
        off = always(send, json.dumps(_out({"state": "OFF"}, endpoint)))
        writers = {Command.TURN_ON: turn_on, Command.TURN_OFF: off}
    readers = settings.reader("state_topic", (), read)
    return Codec(readers, writers, _reports(names), names, optimistic=settings.optimistic)


def _out(body: dict[str, Json], endpoint: str) -> dict[str, Json]:
    """Where several lights are one Zigbee device, each one's keys end in its endpoint's name."""
    return {f"{key}_{endpoint}": value for key, value in body.items()} if endpoint else body


def _in(body: object, endpoint: str) -> object:
    if not endpoint or not isinstance(body, dict):
        return body
    end = f"_{endpoint}"
    return {key.removesuffix(end): body[key] for key in body if key.endswith(end)}


def _reports(features: frozenset[str]) -> frozenset[str]:
    names = {"brightness": "brightness_pct", "rgb": "rgb", "color_temp": "color_temp_k"}
    return frozenset(names[item] for item in features)


def _colour(rgb: colour.Rgb, style: str) -> Json:
    if style == "hs":
        hue, saturation = colour.to_hs(rgb)
        return {"h": hue, "s": saturation}
    if style == "xy":
        x, y = colour.to_xy(rgb)
        return {"x": x, "y": y}
    red, green, blue = rgb
    whites = {"rgbw": ("w",), "rgbww": ("c", "w")}.get(style, ())
    return {"r": red, "g": green, "b": blue, **dict.fromkeys(whites, 0)}


def _json_changes(body: object, scale: float, in_kelvin: bool) -> Changes:
    if not isinstance(body, dict):
        return {}
    changes: dict[str, Json] = {}
    word = {"ON": "on", "OFF": "off", None: "unknown"}.get(body.get("state", ""))
    if word:
        changes["state"] = word
    brightness = _number(body.get("brightness"))
    if brightness is not None:
        changes["brightness_pct"] = percent(brightness, scale)
    warmth, mode = _number(body.get("color_temp")), body.get("color_mode")
    if warmth and warmth > 0 and mode in {None, "color_temp"}:
        changes["color_temp_k"] = round(warmth) if in_kelvin else colour.kelvin(warmth)
        changes |= {"rgb": None} if mode else {}
    rgb = _read_colour(body.get("color"))
    if rgb is not None and mode != "color_temp":
        changes["rgb"] = list(rgb)
        changes |= {"color_temp_k": None} if mode else {}
    return changes


def _read_colour(body: object) -> colour.Rgb | None:
    if not isinstance(body, dict):
        return None
    numbers = {key: number for key in body if (number := _number(body[key])) is not None}
    if {"r", "g", "b"} <= numbers.keys():
        return round(numbers["r"]), round(numbers["g"]), round(numbers["b"])
    if {"h", "s"} <= numbers.keys():
        return colour.from_hs(numbers["h"], numbers["s"])
    if {"x", "y"} <= numbers.keys():
        return colour.from_xy(numbers["x"], numbers["y"])
    return None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)


def template_light(settings: Settings) -> Codec:
    """`schema: template`: templates make the command and take the state apart."""
    on, off = settings.template("command_on_template"), settings.template("command_off_template")
    topic, retain = settings.topic("command_topic"), settings.flag("retain")
    if on is None or off is None or not topic:
        raise Permanent("a template light needs command_topic and both command templates")
    in_kelvin, limits = settings.flag("color_temp_kelvin"), kelvin_limits(settings)
    parts = {
        "brightness": settings.has("brightness_template"),
        "rgb": settings.has("red_template"),
        "color_temp": settings.has("color_temp_template"),
    }
    features = frozenset(name for name, there in parts.items() if there)

    def turn_on(params: Params, state: EntityState) -> list[Write]:
        asked = wish(params, features, limits)
        variables: dict[str, Json] = {"state": "on"}
        if asked.brightness_pct is not None:
            variables["brightness"] = max(1, round(asked.brightness_pct * 255 / 100))
        if asked.rgb is not None:
            variables |= dict(zip(("red", "green", "blue"), asked.rgb, strict=True))
            variables["hue"], variables["sat"] = colour.to_hs(asked.rgb)
        if asked.kelvin is not None:
            value = round(asked.kelvin) if in_kelvin else colour.mireds(asked.kelvin)
            variables["color_temp"] = value
        return [Write(topic, on.write(variables), retain)]

    def turn_off(params: Params, state: EntityState) -> list[Write]:
        return [Write(topic, off.write({"state": "off"}), retain)]

    writers = {Command.TURN_ON: turn_on, Command.TURN_OFF: turn_off}
    readers = _template_readers(settings, in_kelvin)
    return Codec(readers, writers, _reports(features), features, optimistic=settings.optimistic)


def _template_readers(settings: Settings, in_kelvin: bool) -> tuple[Reader, ...]:
    red = settings.template("red_template")
    green, blue = settings.template("green_template"), settings.template("blue_template")

    def rgb(payload: str) -> Changes:
        values = [part.read(payload) if part else None for part in (red, green, blue)]
        return {"rgb": [int(float(value)) for value in values if value is not None]}

    def temperature(value: str) -> Changes:
        return {"color_temp_k": round(float(value)) if in_kelvin else colour.kelvin(float(value))}

    def power(value: str) -> Changes:
        return {"state": {"on": "on", "off": "off"}[value.lower()]}

    def brightness(value: str) -> Changes:
        return {"brightness_pct": percent(float(value), 255)}

    reader = settings.reader
    readers = (
        [*reader("state_topic", "state_template", power)] if settings.has("state_template") else []
    )
    if settings.has("brightness_template"):
        readers += reader("state_topic", "brightness_template", brightness)
    if red is not None and green is not None and blue is not None:
        readers += reader("state_topic", (), rgb)
    if settings.has("color_temp_template"):
        readers += reader("state_topic", "color_temp_template", temperature)
    return tuple(readers)
