"""Home Assistant's MQTT discovery messages, in component and in device form. Pure.

Formats: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from laresd.backends.home.abbreviations import DEVICE_KEYS, KEYS
from laresd.errors import Permanent
from laresd.types import Json

MAX_PAYLOAD = 256 * 1024
MAX_COMPONENTS = 512
SHARED = ("availability", "state_topic", "command_topic", "qos", "encoding")

Values = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Component:
    """One entity as announced. `key`: the discovery topic, and "#id" in device form."""

    key: str
    platform: str
    values: Mapping[str, Json]  # long keys, base topics replaced
    device: Mapping[str, Json]
    object_id: str  # of the topic, the last resort for a name

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return value.strip() if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a message says about the entities of its topic.

    `whole`: it replaces all that was known of the topic; otherwise only the named components
    change, None meaning that the component is gone.
    """

    components: Mapping[str, Component | None]
    whole: bool


def filters(prefix: str) -> tuple[str, str]:
    """The topic filters of discovery messages."""
    return f"{prefix}/+/+/config", f"{prefix}/+/+/+/config"


def parse(topic: str, payload: bytes) -> Announcement:
    """Raises Permanent, in words for a person, for what is no discovery message."""
    parts = topic.split("/")
    node = 4 if len(parts) >= 5 and parts[-4] != "device" else 3
    platform, object_id = parts[-node], parts[-2]
    if not payload.strip():
        return Announcement({}, whole=True)
    body = _expand(_object(payload), KEYS)
    if platform == "device":
        return _device(topic, body)
    component = _component(topic, platform, body, {}, object_id)
    return Announcement({topic: component}, whole=True)


def _object(payload: bytes) -> Values:
    if len(payload) > MAX_PAYLOAD:
        raise Permanent(f"{len(payload)} bytes are more than the {MAX_PAYLOAD} allowed")
    try:
        body = json.loads(payload.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Permanent("it is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        raise Permanent(f"it is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Permanent("it is not a JSON object")
    return body


def _expand(body: Mapping[str, Json], keys: Mapping[str, str]) -> Values:
    return {keys.get(key, key): value for key, value in body.items()}


def _device(topic: str, body: Values) -> Announcement:
    components = body.get("components")
    if not isinstance(components, dict) or len(components) > MAX_COMPONENTS:
        raise Permanent("the device form needs its components (cmps) as an object")
    shared = {
        key: value
        for key, value in body.items()
        if key == "~" or key in SHARED or key.startswith(("availability", "payload_"))
    }
    shared["device"] = body.get("device")
    found: dict[str, Component | None] = {}
    for name, raw in components.items():
        if not isinstance(raw, dict):
            raise Permanent(f"component {name!r} is not an object")
        values = _expand(raw, KEYS)
        platform = values.get("platform")
        if not isinstance(platform, str):
            raise Permanent(f"component {name!r} has no platform (p)")
        key = f"{topic}#{name}"
        gone = set(values) == {"platform"}
        found[key] = None if gone else _component(key, platform, values, shared, name)
    return Announcement(found, whole=False)


def _component(
    key: str, platform: str, body: Values, shared: Mapping[str, Json], object_id: str
) -> Component:
    values = {**shared, **body}
    device = values.get("device") or {}
    if not isinstance(device, dict):
        raise Permanent("device is not an object")
    base = values.get("~", "")
    if not isinstance(base, str):
        raise Permanent("the base topic (~) is not text")
    availability = values.get("availability")
    if isinstance(availability, dict):
        availability = [availability]
    if isinstance(availability, list):
        values["availability"] = [
            _based(_expand(item, KEYS), base) for item in availability if isinstance(item, dict)
        ]
    return Component(key, platform, _based(values, base), _expand(device, DEVICE_KEYS), object_id)


def _based(values: Mapping[str, Json], base: str) -> Values:
    """With `~` at the beginning or end of topics replaced."""
    result: Values = {}
    for key, value in values.items():
        replaced = value
        if isinstance(value, str) and base and key.endswith("topic"):
            if value.startswith("~"):
                replaced = base + value[1:]
            elif value.endswith("~"):
                replaced = value[:-1] + base
        result[key] = replaced
    return result
