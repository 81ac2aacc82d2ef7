"""Frigate, which announces nothing: its cameras are learned from the switches that it retains.

Format: https://docs.frigate.video/integrations/mqtt/ (`frigate/<camera>/<switch>/state` and `/set`,
`frigate/<camera>/motion`, `frigate/<camera>/<object>` with a count, `frigate/available`).
"""

from __future__ import annotations

from collections.abc import Iterator

from laresd.backends.home.discovery import Announcement, Component, identifier
from laresd.errors import Permanent
from laresd.types import Json

SWITCHES = ("enabled", "detect", "recordings", "snapshots", "audio", "motion")
SPOKEN = {"enabled": None, "motion": "motion detection", "detect": "detection"}
OBJECTS = ("person", "car")  # what is asked about; others are counted, too
MAX_CAMERAS = 64


class Frigate:
    """One Frigate, by its topic prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._cameras: dict[str, set[str]] = {}

    @property
    def filters(self) -> tuple[str, ...]:
        return (f"{self._prefix}/+/+/state",)

    def read(self, topic: str, payload: bytes) -> Announcement:
        """Raises Permanent where there are more cameras than a house has."""
        camera, switch, _ = topic.split("/")[-3:]
        known = self._cameras.get(camera, set())
        if switch not in SWITCHES or (switch in known) is bool(payload):
            return Announcement({}, whole=False)
        if camera not in self._cameras and len(self._cameras) >= MAX_CAMERAS:
            raise Permanent(f"more than {MAX_CAMERAS} cameras")
        self._cameras[camera] = known | {switch} if payload else known - {switch}
        scope = f"{self._prefix}/{camera}"
        found = {item.key: item for item in self._components(scope, camera)}
        return Announcement(found, whole=True, scope=scope)

    def _components(self, scope: str, camera: str) -> Iterator[Component]:
        switches = self._cameras[camera]
        for name in sorted(switches):
            values: dict[str, Json] = {
                "name": SPOKEN.get(name, name),
                "state_topic": f"{scope}/{name}/state",
                "command_topic": f"{scope}/{name}/set",
            }
            yield self._component(scope, camera, "switch", name, values)
        if not switches:
            return
        moving: dict[str, Json] = {"name": "motion", "device_class": "motion"}
        moving["state_topic"] = f"{scope}/motion"
        yield self._component(scope, camera, "binary_sensor", "moves", moving)
        for thing in OBJECTS:
            seen: dict[str, Json] = {"name": thing, "state_topic": f"{scope}/{thing}"}
            seen |= {"value_template": "{{ 'ON' if value | int(0) > 0 else 'OFF' }}"}
            seen |= {"device_class": "occupancy"}
            yield self._component(scope, camera, "binary_sensor", thing, seen)

    def _component(
        self, scope: str, camera: str, platform: str, name: str, values: dict[str, Json]
    ) -> Component:
        about: dict[str, Json] = {"name": f"{camera} camera", "identifiers": [scope]}
        told = values | {
            "unique_id": f"{scope}/{name}",
            "availability_topic": f"{self._prefix}/available",
        }
        twins = frozenset({identifier(f"frigate:{camera}")})
        return Component(f"{scope}#{name}", platform, told, about, name, twins=twins)
