"""What a Zigbee2MQTT device exposes, as the values of Home Assistant announcements. Pure.

Source: https://www.zigbee2mqtt.io/guide/usage/exposes.html. `access` is a sum of 1 (published), 2
(can be set) and 4 (can be asked for).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from laresd.types import Json

SET, GET = 2, 4
MAX_EXPOSES = 200
STATE: Mapping[str, tuple[str, ...]] = {"state_topic": ("state_topic",)}
BOTH: Mapping[str, tuple[str, ...]] = {**STATE, "command_topic": ("command_topic",)}
HIDDEN = frozenset({"linkquality", "last_seen", "update", "update_available", "identify"})
SPEEDS = ("low", "medium", "high", "1", "2", "3", "4", "5", "6", "7", "8", "9")
CLASSES: Mapping[str, str] = {  # property to Home Assistant's device class
    **{name: name for name in ("battery", "current", "energy", "gas", "humidity", "illuminance")},
    **{name: name for name in ("occupancy", "power", "presence", "pressure", "smoke", "tamper")},
    **{name: name for name in ("temperature", "vibration", "voltage", "carbon_monoxide", "pm25")},
    "co2": "carbon_dioxide",
    "contact": "door",
    "water_leak": "moisture",
    "soil_moisture": "moisture",
    "voc": "volatile_organic_compounds",
    "illuminance_lux": "illuminance",
    "moving": "moving",
    "garage_door_contact": "garage_door",
}

Feature = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Found:
    """One entity. `topics`: which settings are the device's state topic, which its /set topic.

    `ask`: the payload that makes the device tell it, "" where it cannot be asked.
    """

    platform: str
    slug: str
    values: Mapping[str, Json]
    topics: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: BOTH)
    ask: str = ""


def found(told: Iterable[Json]) -> Iterator[Found]:
    """The entities that people speak about, in the device's order."""
    seen: set[str] = set()
    for entry in list(told)[:MAX_EXPOSES]:
        if not isinstance(entry, dict):
            continue
        for item in _of(entry):
            if item.slug not in seen:
                seen.add(item.slug)
                yield item


def common(members: Sequence[Sequence[Found]]) -> list[Found]:
    """What a group can do: the lights or switches of which every member has one.

    The one with the fewest abilities speaks for all.
    """
    result = []
    for platform in ("light", "switch", "cover", "fan", "lock"):
        each = [[item for item in found if item.platform == platform] for found in members]
        if each and all(each):
            firsts = [items[0] for items in each]
            result.append(min(firsts, key=lambda item: len(str(item.values))))
            break
    return result


def scene(number: int, name: str) -> Found:
    values: dict[str, Json] = {"name": name, "payload_on": json.dumps({"scene_recall": number})}
    return Found("scene", f"scene_{number}", values, {"command_topic": ("command_topic",)})


def _of(entry: Feature) -> Iterator[Found]:
    kind = entry.get("type")
    make = _SPECIFIC.get(str(kind))
    if make is not None:
        features = {_text(item, "name"): item for item in _features(entry)}
        item = make(features, _text(entry, "endpoint"))
        if item is not None:
            yield item
        return
    generic = _generic(entry)
    if generic is not None:
        yield generic


def _features(entry: Feature) -> list[Feature]:
    told = entry.get("features")
    return [item for item in told if isinstance(item, dict)] if isinstance(told, list) else []


def _text(entry: Feature, key: str) -> str:
    value = entry.get(key)
    return str(value) if isinstance(value, (str, int)) and value is not True else ""


def _property(feature: Feature) -> str:
    """The key in the device's messages; only what can stand in a template as it is."""
    name = _text(feature, "property") or _text(feature, "name")
    return name if re.fullmatch(r"\w{1,64}", name) else ""


def _value(prop: str) -> str:
    return f"{{{{ value_json['{prop}'] }}}}"


def _access(feature: Feature) -> int:
    value = feature.get("access")
    return value if isinstance(value, int) else 1


def _ask(*features: Feature | None) -> str:
    keys = [_property(item) for item in features if item is not None and _access(item) & GET]
    return json.dumps(dict.fromkeys(keys, "")) if keys else ""


def _set(prop: str) -> str:
    """A command template: {"property": "value"}."""
    return f'{{"{prop}": {{{{ value | to_json }}}}}}'


def _set_number(prop: str) -> str:
    return f'{{"{prop}": {{{{ value }}}}}}'


def _called(endpoint: str) -> dict[str, Json]:
    """The main entity is called like the device; one of several endpoints has its own name."""
    return {"name": endpoint.replace("_", " ") or None}


def _slug(kind: str, endpoint: str) -> str:
    return f"{kind}_{endpoint}" if endpoint else kind


def _light(features: Mapping[str, Feature], endpoint: str) -> Found | None:
    state = features.get("state")
    prop = _property(state) if state else ""
    if not state or not prop:
        return None
    values: dict[str, Json] = {**_called(endpoint), "schema": "json"}
    modes = [*(["xy"] if "color_xy" in features else []), *_hs(features)]
    warmth, dimmer = features.get("color_temp"), features.get("brightness")
    if warmth:
        modes.append("color_temp")
        values |= {f"{end}_mireds": warmth.get(f"value_{end}") for end in ("min", "max")}
    if dimmer:
        values |= {"brightness": True, "brightness_scale": dimmer.get("value_max") or 254}
    values["supported_color_modes"] = [*modes] or (["brightness"] if dimmer else ["onoff"])
    if endpoint and prop == f"state_{endpoint}":
        values["endpoint"] = endpoint
    return Found("light", _slug("light", endpoint), values, ask=_ask(state, dimmer))


def _hs(features: Mapping[str, Feature]) -> list[str]:
    return ["hs"] if "color_hs" in features and "color_xy" not in features else []


def _on_off(feature: Feature, prop: str) -> dict[str, Json]:
    """Commands as they are published, states as a template prints them: values may be booleans."""
    on, off = feature.get("value_on", "ON"), feature.get("value_off", "OFF")
    return {
        "payload_on": json.dumps({prop: on}),
        "payload_off": json.dumps({prop: off}),
        "state_on": on,
        "state_off": off,
    }


def _switch(features: Mapping[str, Feature], endpoint: str) -> Found | None:
    state = features.get("state")
    prop = _property(state) if state else ""
    if not state or not prop:
        return None
    values: dict[str, Json] = {
        **_called(endpoint),
        **_on_off(state, prop),
        "value_template": _value(prop),
    }
    return Found("switch", _slug("switch", endpoint), values, ask=_ask(state))


def _lock(features: Mapping[str, Feature], endpoint: str) -> Found | None:
    state = features.get("state")
    prop = _property(state) if state else ""
    if not state or not prop:
        return None
    on, off = state.get("value_on", "LOCK"), state.get("value_off", "UNLOCK")
    values: dict[str, Json] = {
        **_called(endpoint),
        **{"payload_lock": on, "payload_unlock": off, "state_locked": on, "state_unlocked": off},
        "value_template": _value(prop),
        "command_template": _set(prop),
    }
    return Found("lock", _slug("lock", endpoint), values, ask=_ask(state))


def _cover(features: Mapping[str, Feature], endpoint: str) -> Found | None:
    values: dict[str, Json] = _called(endpoint)
    states: list[str] = []
    commands: list[str] = []
    state, position, tilt = (features.get(key) for key in ("state", "position", "tilt"))
    if state and (prop := _property(state)):
        values |= {
            f"payload_{word}": json.dumps({prop: word.upper()})
            for word in ("open", "close", "stop")
        }
        values |= {"state_open": "OPEN", "state_closed": "CLOSE", "state_stopped": "STOP"}
        values["value_template"] = _value(prop)
        states.append("state_topic")
        commands.append("command_topic")
    for feature, topic, template in (
        (position, "position", ("set_position_topic", "set_position_template", "position_topic")),
        (tilt, "tilt", ("tilt_command_topic", "tilt_command_template", "tilt_status_topic")),
    ):
        if feature and (prop := _property(feature)):
            out, form, told = template
            read = "position_template" if topic == "position" else "tilt_status_template"
            values |= {form: _set_number(prop), read: _value(prop)}
            commands.append(out)
            states.append(told)
    if not commands:
        return None
    topics = {"state_topic": tuple(states), "command_topic": tuple(commands)}
    return Found("cover", _slug("cover", endpoint), values, topics, _ask(state, position))


def _fan(features: Mapping[str, Feature], endpoint: str) -> Found | None:
    state, mode, speed = (features.get(key) for key in ("state", "mode", "speed"))
    prop = _property(state) if state else ""
    if not state or not prop:
        return None
    values: dict[str, Json] = {
        **_called(endpoint),
        "payload_on": state.get("value_on", "ON"),
        "payload_off": state.get("value_off", "OFF"),
        "state_value_template": _value(prop),
        "command_template": _set(prop),
    }
    states, commands = ["state_topic"], ["command_topic"]
    if speed and (number := _property(speed)):
        values |= {
            "speed_range_min": speed.get("value_min") or 1,
            "speed_range_max": speed.get("value_max") or 254,
            "percentage_command_template": _set_number(number),
            "percentage_value_template": _value(number),
        }
        states.append("percentage_state_topic")
        commands.append("percentage_command_topic")
    elif mode and (word := _property(mode)):
        values |= _fan_modes(mode, word)
        if "percentage_value_template" in values:
            states.append("percentage_state_topic")
            commands.append("percentage_command_topic")
        states.append("preset_mode_state_topic")
        commands.append("preset_mode_command_topic")
    topics = {"state_topic": tuple(states), "command_topic": tuple(commands)}
    return Found("fan", _slug("fan", endpoint), values, topics, _ask(state))


def _fan_modes(mode: Feature, prop: str) -> dict[str, Json]:
    """Modes that are speeds are percentages, too."""
    names = [item for item in _values(mode) if item not in {"off", "on"}]
    speeds = [item for item in SPEEDS if item in names]
    values: dict[str, Json] = {
        "preset_modes": [*names],
        "preset_mode_command_template": _set(prop),
        "preset_mode_value_template": _value(prop),
    }
    if speeds:
        listed, numbered = json.dumps(["off", *speeds]), json.dumps(dict(_numbered(speeds)))
        values |= {
            "speed_range_max": len(speeds),
            "percentage_command_template": f'{{"{prop}": {{{{ {listed}[value] | to_json }}}}}}',
            "percentage_value_template": f"{{{{ {numbered}.get(value_json['{prop}'], 'None') }}}}",
        }
    return values


def _numbered(speeds: Iterable[str]) -> Iterator[tuple[str, int]]:
    yield "off", 0
    yield from ((speed, number) for number, speed in enumerate(speeds, 1))


def _climate(features: Mapping[str, Feature], endpoint: str) -> Found | None:
    names = ("occupied_heating_setpoint", "current_heating_setpoint", "occupied_cooling_setpoint")
    target = next((features[name] for name in names if name in features), None)
    values: dict[str, Json] = _called(endpoint)
    states: list[str] = []
    commands: list[str] = []
    parts: list[tuple[Feature | None, str]] = [(target, "temperature")]
    parts += [(features.get("system_mode"), "mode"), (features.get("preset"), "preset_mode")]
    for feature, name in parts:
        if feature and (prop := _property(feature)) and _access(feature) & SET:
            kind = "value" if name == "preset_mode" else "state"
            values[f"{name}_command_template"] = _set(prop)
            values[f"{name}_{kind}_template"] = _value(prop)
            states.append(f"{name}_state_topic")
            commands.append(f"{name}_command_topic")
    if target:
        values |= {f"{end}_temp": target.get(f"value_{end}") for end in ("min", "max")}
        values = {key: value for key, value in values.items() if value is not None or key == "name"}
        values["temperature_command_template"] = _set_number(_property(target))
    if "system_mode" in features:
        values["modes"] = [*_values(features["system_mode"])]
    if "preset" in features:
        values["preset_modes"] = [*_values(features["preset"])]
    local = features.get("local_temperature")
    if local and (prop := _property(local)):
        values["current_temperature_template"] = _value(prop)
        states.append("current_temperature_topic")
    topics = {"state_topic": tuple(states), "command_topic": tuple(commands)}
    if not states:
        return None
    return Found("climate", _slug("climate", endpoint), values, topics, _ask(target))


def _values(feature: Feature) -> list[str]:
    told = feature.get("values")
    return [str(item) for item in told][:64] if isinstance(told, list) else []


_SPECIFIC = {
    "light": _light,
    "switch": _switch,
    "lock": _lock,
    "cover": _cover,
    "fan": _fan,
    "climate": _climate,
}


def _generic(entry: Feature) -> Found | None:
    prop, name = _property(entry), _text(entry, "name")
    if not prop or name in HIDDEN or entry.get("category"):
        return None
    settable = bool(_access(entry) & SET)
    make = _KINDS.get((str(entry.get("type")), settable))
    if make is None:
        return None
    platform, more = make
    label = _text(entry, "label") or name.replace("_", " ")
    values: dict[str, Json] = {"name": label, "value_template": _value(prop)}
    if platform == "switch":
        values |= _on_off(entry, prop)
    elif settable:
        values["command_template"] = _set_number(prop) if platform == "number" else _set(prop)
    if (kind := CLASSES.get(name)) and platform in {"sensor", "binary_sensor"}:
        values["device_class"] = kind
    for key, source in more.items():
        if entry.get(source) is not None:
            values[key] = entry[source]
    if prop == "action":
        return _action(entry, label)
    return Found(platform, prop, values, BOTH if settable else STATE, _ask(entry))


def _action(entry: Feature, label: str) -> Found:
    template = "{{ {'event_type': value_json['action']} | to_json }}"
    values: dict[str, Json] = {"name": label, "event_types": [*_values(entry)]}
    return Found("event", "action", {**values, "value_template": template}, STATE)


_ON_OFF = {"payload_on": "value_on", "payload_off": "value_off"}
_LIMITS = {"min": "value_min", "max": "value_max", "unit_of_measurement": "unit"}
_KINDS: Mapping[tuple[str, bool], tuple[str, Mapping[str, str]]] = {
    ("binary", False): ("binary_sensor", _ON_OFF),
    ("binary", True): ("switch", {}),
    ("numeric", False): ("sensor", {"unit_of_measurement": "unit"}),
    ("numeric", True): ("number", _LIMITS),
    ("enum", False): ("sensor", {}),
    ("enum", True): ("select", {"options": "values"}),
    ("text", False): ("sensor", {}),
    ("text", True): ("text", {}),
}
