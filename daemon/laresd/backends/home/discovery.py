"""Home Assistant's MQTT discovery messages, in component and in device form. Pure.

Formats: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from laresd.backends.home import text
from laresd.backends.home.abbreviations import DEVICE_KEYS, KEYS, ORIGIN_KEYS
from laresd.errors import Permanent
from laresd.types import Json

MAX_PAYLOAD = 256 * 1024
MAX_COMPONENTS = 512
SHARED = frozenset(
    {
        *("availability", "availability_mode", "availability_template", "availability_topic"),
        *("payload_available", "payload_not_available", "state_topic", "command_topic"),
        *("qos", "encoding", "~"),
    }
)
OWN_ORIGIN = "lares"  # boxes announce themselves, too: nobody turns a box off with the lights

Values = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Component:
    """One entity as announced. `key`: the discovery topic, and "#id" where it announces several.

    `mirrors`: topics that carry what the state topic carries, to that topic. `asks`: (topic,
    payload) that make the device tell its state. `twins`: identifiers under which Home Assistant's
    discovery may announce the same device; where it does, this one stays silent.
    """

    key: str
    platform: str
    values: Mapping[str, Json]  # long keys, base topics replaced
    device: Mapping[str, Json]
    object_id: str  # of the topic, the last resort for a name
    mirrors: Mapping[str, str] = field(default_factory=dict)
    asks: tuple[tuple[str, str], ...] = ()
    twins: frozenset[str] = frozenset()

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return _plain(value).strip()

    @property
    def identifiers(self) -> frozenset[str]:
        """What makes two announcements one device."""
        ids = self.device.get("identifiers")
        given = ids if isinstance(ids, list) else [ids]
        connections = self.device.get("connections")
        pairs = connections if isinstance(connections, list) else []
        given = [*given, *(item[1] for item in pairs if isinstance(item, list) and len(item) == 2)]
        return frozenset(identifier(_plain(item)) for item in given if _plain(item))

    @property
    def device_name(self) -> str:
        return text.name(_plain(self.device.get("name")))


def identifier(value: str) -> str:
    """As it is compared: addresses are written with and without colons, in both cases."""
    return value.replace(":", "").casefold()


def _plain(value: Json) -> str:
    return str(value) if isinstance(value, (str, int, float)) and value is not True else ""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a message says about the entities of its topic.

    `whole`: it replaces all that was known of the topic; otherwise only the named components
    change, None meaning that the component is gone. `scope` stands for the topic where several
    topics tell about the same entities.
    """

    components: Mapping[str, Component | None]
    whole: bool
    scope: str = ""


def filters(prefix: str) -> tuple[str, str]:
    """The topic filters of discovery messages."""
    return f"{prefix}/+/+/config", f"{prefix}/+/+/+/config"


def parse(topic: str, payload: bytes, prefix: str = "homeassistant") -> Announcement:
    """Raises Permanent, in words for a person, for what is no discovery message."""
    platform, *_, object_id, _ = topic.removeprefix(f"{prefix}/").split("/")
    if not payload.strip():
        return Announcement({}, whole=True)
    body = _expand(json_object(payload), KEYS)
    if body.get("migrate_discovery") is True or _is_own(body):
        return Announcement({}, whole=True)
    if platform == "device":
        return _device(topic, body)
    component = _component(topic, platform, body, object_id)
    return Announcement({topic: component}, whole=True)


def _is_own(body: Mapping[str, Json]) -> bool:
    origin = body.get("origin")
    named = _expand(origin, ORIGIN_KEYS).get("name") if isinstance(origin, dict) else None
    return isinstance(named, str) and named.casefold() == OWN_ORIGIN


def json_value(payload: bytes, limit: int = MAX_PAYLOAD) -> Json:
    """The JSON of a payload. Raises Permanent, in words for a person, where there is none."""
    if len(payload) > limit:
        raise Permanent(f"{len(payload)} bytes are more than the {limit} allowed")
    try:
        body: Json = json.loads(payload)
    except UnicodeDecodeError as error:
        raise Permanent("it is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        raise Permanent(f"it is not JSON: {error}") from error
    return body


def json_object(payload: bytes) -> Values:
    body = json_value(payload)
    if not isinstance(body, dict):
        raise Permanent("it is not a JSON object")
    return body


def _expand(body: Mapping[str, Json], keys: Mapping[str, str]) -> Values:
    return {keys.get(key, key): value for key, value in body.items()}


def _device(topic: str, body: Values) -> Announcement:
    components = body.get("components")
    if not isinstance(components, dict) or len(components) > MAX_COMPONENTS:
        raise Permanent("the device form needs its components (cmps) as an object")
    shared = {key: value for key, value in body.items() if key in SHARED}
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
        found[key] = None if gone else _component(key, platform, values, name, shared)
    return Announcement(found, whole=False)


def _component(
    key: str, platform: str, body: Values, object_id: str, shared: Mapping[str, Json] | None = None
) -> Component:
    values = {**(shared or {}), **body}
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
