"""The devices that were announced and what they last said. Plain data in, snapshots out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from laresd.backends.home import discovery, kinds, naming
from laresd.backends.home.availability import Availability, availability
from laresd.backends.home.discovery import MAX_PAYLOAD, Component
from laresd.backends.home.settings import Codec
from laresd.backends.home.templates import Templates
from laresd.config import HomeNames
from laresd.errors import Permanent
from laresd.types import UNKNOWN, Entity, EntityState, Home

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Device:
    """One announced entity, with the codec that speaks its language."""

    component: Component
    codec: Codec
    availability: Availability
    state: EntityState = UNKNOWN
    answers: dict[str, bool] = field(default_factory=dict)

    @property
    def topics(self) -> frozenset[str]:
        return self.codec.topics | self.availability.topics

    def hear(self, topic: str, payload: str) -> EntityState:
        """Take in one message; the state after it."""
        state = self.state
        for source, answer in self.availability.heard(topic, payload).items():
            self.answers.pop(source, None)
            self.answers[source] = answer
        available = self.availability.verdict(self.answers)
        if available != state.available:
            state = replace(state, available=available)
        self.state = self.codec.decode(topic, payload, state)
        return self.state


class Registry:
    """All devices. One owner, no tasks: whoever reads the broker tells it what came in."""

    def __init__(self, names: HomeNames) -> None:
        self._names = names
        self._templates = Templates()
        self._devices: dict[str, Device] = {}
        self._listeners: dict[str, set[str]] = {}  # topic to device keys
        self._ids: dict[str, str] = {}  # entity id to device key
        self._entities: Mapping[str, Entity] = MappingProxyType({})
        self._areas: tuple[str, ...] = ()
        self._home = Home(self._entities, {}, ())
        self._renamed = self._changed = False
        self._warned: set[str] = set()

    @property
    def topics(self) -> frozenset[str]:
        """What must be subscribed to follow every device."""
        return frozenset(self._listeners)

    def device(self, entity_id: str) -> Device | None:
        self.home()
        key = self._ids.get(entity_id)
        return self._devices.get(key) if key else None

    def home(self) -> Home:
        """The snapshot; the same object until something changes."""
        if self._renamed:
            self._rename()
        if self._changed:
            states = {entity_id: self._devices[key].state for entity_id, key in self._ids.items()}
            self._home = Home(self._entities, MappingProxyType(states), self._areas)
            self._changed = False
        return self._home

    def announce(self, topic: str, payload: bytes) -> bool:
        """Take in a discovery message; whether it changed anything. Never raises."""
        try:
            message = discovery.parse(topic, payload)
            built = {
                key: self._build(component)
                for key, component in message.components.items()
                if component is not None and kinds.wanted(component)
            }
        except Permanent as error:
            self._warn(topic, error.message)
            return False
        known = {key for key in self._devices if key == topic or key.startswith(f"{topic}#")}
        gone = known if message.whole else known & set(message.components)
        gone -= set(built)
        for key in gone:
            self._drop(key)
        changed = [self._put(key, device) for key, device in built.items()]
        return bool(gone) or any(changed)

    def hear(self, topic: str, payload: bytes) -> list[tuple[Device, EntityState]]:
        """Take in a state or availability message.

        Every device that listens to the topic, with its state before; decoded, changed or not.
        """
        keys = self._listeners.get(topic)
        if not keys:
            return []
        if len(payload) > MAX_PAYLOAD:
            self._warn(topic, f"{len(payload)} bytes are more than the {MAX_PAYLOAD} allowed")
            return []
        try:
            text = payload.decode("utf-8")
        except UnicodeDecodeError:
            self._warn(topic, "it is not UTF-8 text")
            return []
        heard = []
        for key in keys:
            device = self._devices[key]
            before = device.state
            if device.hear(topic, text) is not before:
                self._changed = True
            heard.append((device, before))
        return heard

    def _build(self, component: Component) -> Device:
        return Device(
            component,
            kinds.codec(component, self._templates),
            availability(component, self._templates),
        )

    def _put(self, key: str, device: Device) -> bool:
        old = self._devices.get(key)
        if old is not None and old.component == device.component:
            return False
        if old is not None:
            self._unlisten(key)
            device.state, device.answers = old.state, old.answers
        self._devices[key] = device
        for topic in device.topics:
            self._listeners.setdefault(topic, set()).add(key)
        self._renamed = self._changed = True
        return True

    def _drop(self, key: str) -> None:
        self._unlisten(key)
        del self._devices[key]
        self._renamed = self._changed = True

    def _unlisten(self, key: str) -> None:
        for topic in self._devices[key].topics:
            self._listeners[topic].discard(key)
            if not self._listeners[topic]:
                del self._listeners[topic]

    def _rename(self) -> None:
        """Ids, names and rooms again: each may depend on all the others."""
        components = {key: device.component for key, device in self._devices.items()}
        by_key = naming.ids(components.values())
        self._ids = {entity_id: key for key, entity_id in sorted(by_key.items(), key=_second)}
        suggested = {naming.area(item) for item in components.values()} - {None}
        rooms = naming.same_spelling(
            {item for item in suggested if item} | set(self._names.areas.values())
        )
        entities = {
            entity_id: self._entity(entity_id, self._devices[key], rooms)
            for entity_id, key in self._ids.items()
        }
        self._entities = MappingProxyType(entities)
        self._areas = tuple(sorted({item.area for item in entities.values() if item.area}))
        self._renamed = False

    def _entity(self, entity_id: str, device: Device, rooms: Mapping[str, str]) -> Entity:
        component, codec = device.component, device.codec
        name = naming.name(component)
        area = self._names.areas.get(entity_id) or naming.area(component)
        area = area or naming.area_in(name, rooms.values())
        return Entity(
            entity_id=entity_id,
            domain=component.platform,
            name=name,
            area=rooms.get(area.casefold(), area) if area else None,
            aliases=self._names.aliases.get(entity_id, ()),
            features=codec.features,
            options=codec.options,
            minimum=codec.minimum,
            maximum=codec.maximum,
            unit=codec.unit,
            device_class=component.text("device_class") or None,
        )

    def _warn(self, topic: str, reason: str) -> None:
        """Once per topic and reason: a device may repeat its mistake every second."""
        if len(self._warned) < 1000 and f"{topic} {reason}" not in self._warned:
            self._warned.add(f"{topic} {reason}")
            log.warning("ignored the message on %s: %s", topic, reason)


def _second(pair: tuple[str, str]) -> str:
    return pair[1]
