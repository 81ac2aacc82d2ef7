"""Zigbee2MQTT without its Home Assistant integration: what its bridge tells of devices and groups.

Formats: https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html (bridge/devices,
bridge/groups, FRIENDLY_NAME, /set, /get, /availability) and .../exposes.html. Every exposed thing
becomes the announcement that Home Assistant's discovery would make of it, so that one set of codecs
reads and commands both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from laresd.backends.home import exposes
from laresd.backends.home.discovery import Announcement, Component, identifier, json_value
from laresd.backends.home.exposes import Found
from laresd.errors import Permanent
from laresd.types import Json

MAX_PAYLOAD = 8 * 1024 * 1024  # a hundred devices with all they expose take over a megabyte
MAX_DEVICES = 1000
SAID = "{{ value_json.state if value_json is mapping else value }}"

Entry = Mapping[str, Json]


class Zigbee2Mqtt:
    """One bridge, by its base topic. Devices and groups come apart; groups are what both make."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._devices: tuple[Entry, ...] = ()
        self._groups: tuple[Entry, ...] = ()

    @property
    def filters(self) -> tuple[str, ...]:
        return f"{self._base}/bridge/devices", f"{self._base}/bridge/groups"

    def read(self, topic: str, payload: bytes) -> Announcement:
        """Raises Permanent, in words for a person, for what is neither list."""
        told = json_value(payload, MAX_PAYLOAD) if payload.strip() else []
        if not isinstance(told, list):
            raise Permanent("it is not a JSON list")
        entries = tuple(item for item in told[:MAX_DEVICES] if isinstance(item, dict))
        if topic.endswith("/devices"):
            self._devices = entries
        else:
            self._groups = entries
        found = dict(self._components())
        return Announcement(found, whole=True, scope=self._base)

    def _components(self) -> Iterator[tuple[str, Component]]:
        known: dict[str, list[Found]] = {}
        for device in self._devices:
            address, name = _text(device, "ieee_address"), _text(device, "friendly_name")
            if not _speaks(device) or not address or not _is_name(name):
                continue
            found = list(exposes.found(_exposed(device)))
            known[address] = found
            twins = frozenset({identifier(f"zigbee2mqtt_{address}"), identifier(address)})
            yield from self._made(address, name, [*found, *_scenes(_endpoints(device))], twins)
        for group in self._groups:
            name, number = _text(group, "friendly_name"), _text(group, "id")
            if not _is_name(name) or not number:
                continue
            members = [known.get(address, []) for address in _members(group)]
            twins = frozenset({f"zigbee2mqtt_{_encoded(self._base)}_{number}"})
            found = [*exposes.common(members), *_scenes([group])]
            yield from self._made(f"group_{number}", name, found, twins)

    def _made(
        self, key: str, name: str, found: Iterable[Found], twins: frozenset[str]
    ) -> Iterator[tuple[str, Component]]:
        topic = f"{self._base}/{name}"
        device: dict[str, Json] = {"name": name, "identifiers": [f"{self._base}_{key}"]}
        for item in found:
            values: dict[str, Json] = {
                **item.values,
                "unique_id": f"{key}_{item.slug}_{self._base}",
                "availability": [
                    {"topic": f"{self._base}/bridge/state", "value_template": SAID},
                    {"topic": f"{topic}/availability", "value_template": SAID},
                ],
                "availability_mode": "all",
            }
            for name_of, where in (("state_topic", topic), ("command_topic", f"{topic}/set")):
                for slot in item.topics.get(name_of, ()):
                    values[slot] = where
            asks = ((f"{topic}/get", item.ask),) if item.ask else ()
            full = f"{self._base}#{key}/{item.slug}"
            yield (
                full,
                Component(full, item.platform, values, device, item.slug, asks=asks, twins=twins),
            )


def _text(entry: Entry, key: str) -> str:
    value = entry.get(key)
    return str(value) if isinstance(value, (str, int)) else ""


def _speaks(device: Entry) -> bool:
    """Not the coordinator, nor what is switched off or not known to the converters."""
    off = device.get("disabled") is True or device.get("type") == "Coordinator"
    return not off and isinstance(device.get("definition"), dict)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= 200 and not set(name) & set("+#\0")


def _exposed(device: Entry) -> list[Json]:
    definition = device.get("definition")
    told = definition.get("exposes") if isinstance(definition, dict) else None
    return told if isinstance(told, list) else []


def _endpoints(device: Entry) -> list[Entry]:
    told = device.get("endpoints")
    places = told.values() if isinstance(told, dict) else ()
    return [item for item in places if isinstance(item, dict)]


def _members(group: Entry) -> list[str]:
    told = group.get("members")
    entries = told if isinstance(told, list) else []
    return [_text(item, "ieee_address") for item in entries if isinstance(item, dict)]


def _scenes(places: Iterable[Entry]) -> Iterator[Found]:
    for place in places:
        told = place.get("scenes")
        for scene in told if isinstance(told, list) else []:
            number = scene.get("id") if isinstance(scene, dict) else None
            if isinstance(number, int) and isinstance(scene, dict):
                yield exposes.scene(number, _text(scene, "name") or f"scene {number}")


def _encoded(base: str) -> str:
    """Zigbee2MQTT tells its groups of several bridges apart by the base topic's character codes."""
    return "".join(str(ord(char)) for char in base)
