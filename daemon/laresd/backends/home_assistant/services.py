"""Which service of Home Assistant an action calls, and with what. Pure.

Source: the services.yaml of each integration of home-assistant/core (light.turn_on takes
brightness_pct, rgb_color, color_name, color_temp_kelvin since 2024.11, ...).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from laresd.errors import Permanent
from laresd.types import Action, Command, Json

HVAC_MODES = frozenset({"off", "heat", "cool", "heat_cool", "auto", "dry", "fan_only"})
_NAMES: Mapping[str, str] = {
    "rgb": "rgb_color",
    "color_temp_k": "color_temp_kelvin",
    "tilt": "tilt_position",
}
_SIMPLE: Mapping[Command, str] = {
    Command.TURN_ON: "turn_on",
    Command.TURN_OFF: "turn_off",
    Command.TOGGLE: "toggle",
    Command.LOCK: "lock",
    Command.UNLOCK: "unlock",
    Command.SET_TEMPERATURE: "set_temperature",
    Command.SET_SPEED: "set_percentage",
    Command.PRESS: "press",
    Command.ACTIVATE: "turn_on",
    Command.SELECT: "select_option",
    Command.SET_VALUE: "set_value",
    Command.NEXT: "media_next_track",
    Command.PREVIOUS: "media_previous_track",
    Command.SET_VOLUME: "volume_set",
    Command.MUTE: "volume_mute",
    Command.UNMUTE: "volume_mute",
}
_BY_DOMAIN: Mapping[str, Mapping[Command, str]] = {
    "cover": {
        Command.OPEN: "open_cover",
        Command.CLOSE: "close_cover",
        Command.STOP: "stop_cover",
        Command.SET_POSITION: "set_cover_position",
        Command.SET_TILT: "set_cover_tilt_position",
        Command.TOGGLE: "toggle",
    },
    "valve": {
        Command.OPEN: "open_valve",
        Command.CLOSE: "close_valve",
        Command.STOP: "stop_valve",
        Command.SET_POSITION: "set_valve_position",
        Command.TOGGLE: "toggle",
    },
    "media_player": {
        Command.PLAY: "media_play",
        Command.PAUSE: "media_pause",
        Command.STOP: "media_stop",
    },
    "vacuum": {
        Command.START: "start",
        Command.STOP: "stop",
        Command.PAUSE: "pause",
        Command.DOCK: "return_to_base",
    },
    "lawn_mower": {
        Command.START: "start_mowing",
        Command.PAUSE: "pause",
        Command.DOCK: "dock",
    },
}


@dataclass(frozen=True, slots=True)
class Call:
    """`data` has the entity's id, too."""

    domain: str
    service: str
    data: Mapping[str, Json]


def call(action: Action) -> Call:
    """Raises Permanent where Home Assistant has no such service."""
    domain, command = action.entity_id.partition(".")[0], action.command
    if command is Command.SET_MODE:
        return _mode(domain, action)
    service = _BY_DOMAIN.get(domain, {}).get(command) or _SIMPLE.get(command)
    if service is None:
        raise Permanent(f"Home Assistant cannot {str(command).replace('_', ' ')} a {domain}")
    data: dict[str, Json] = {"entity_id": action.entity_id}
    for name, value in action.params.items():
        if name == "volume_pct":
            data["volume_level"] = round(_number(value) / 100, 3)
        else:
            data[_NAMES.get(name, name)] = value
    if command in (Command.MUTE, Command.UNMUTE):
        data["is_volume_muted"] = command is Command.MUTE
    return Call(domain, service, data)


def _mode(domain: str, action: Action) -> Call:
    """Whatever is no mode of a climate device is one of its presets."""
    key = {"climate": "preset_mode", "fan": "preset_mode", "humidifier": "mode"}.get(domain)
    mode = action.params.get("mode")
    if key is None:
        raise Permanent(f"Home Assistant cannot set the mode of a {domain}")
    if domain == "climate" and mode in HVAC_MODES:
        key = "hvac_mode"
    return Call(domain, f"set_{key}", {"entity_id": action.entity_id, key: mode})


def _number(value: Json) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise Permanent("a volume is a number")
