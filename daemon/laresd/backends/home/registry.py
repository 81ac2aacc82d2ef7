"""The devices that were announced and what they last said. Plain data in, snapshots out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from laresd.backends.home import discovery, kinds, naming, text
from laresd.backends.home.availability import Availability, availability
from laresd.backends.home.discovery import MAX_PAYLOAD, Announcement, Component
from laresd.backends.home.naming import Spoken
from laresd.backends.home.rooms import Rooms
from laresd.backends.home.settings import Codec
from laresd.backends.home.templates import Payload, Templates
from laresd.config import HomeNames
from laresd.errors import Permanent
from laresd.types import UNKNOWN, Entity, EntityState, Home

MAX_KEPT = 8192  # bytes of a topic's last message

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Device:
    """One announced entity, with the codec that speaks its language."""

    component: Component
    codec: Codec
    availability: Availability
    spoken: Spoken
    entity: Entity | None = None  # as it was last called
    state: EntityState = UNKNOWN
    answers: dict[str, bool] = field(default_factory=dict)
    left_in: str = UNKNOWN.state  # by the last command, where it has no state of its own

    @property
    def topics(self) -> frozenset[str]:
        mirrored = frozenset(self.component.mirrors)
        return self.codec.topics | self.availability.topics | mirrored

    def hear(self, topic: str, payload: Payload) -> EntityState:
        """Take in one message; the state after it."""
        state, topic = self.state, self.component.mirrors.get(topic, topic)
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

    def __init__(
        self, names: HomeNames, read: Callable[[str, bytes], Announcement] = discovery.parse
    ) -> None:
        self._names = names
        self._read = read
        self._templates = Templates()
        self._devices: dict[str, Device] = {}
        self._scopes: dict[str, set[str]] = {}  # what announces them to device keys
        self._announced: Counter[str] = Counter()  # identifiers in Home Assistant's discovery
        self._listeners: dict[str, set[str]] = {}  # topic to device keys
        self._last: dict[str, Payload] = {}  # by topic, for those who listen to it later
        self._new_topics: set[str] = set()
        self._gone_topics: set[str] = set()
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

    def take_topics(self) -> tuple[frozenset[str], frozenset[str]]:
        """Those that are new and those that are gone since the last call."""
        new, gone = frozenset(self._new_topics), frozenset(self._gone_topics)
        self._new_topics.clear()
        self._gone_topics.clear()
        return new, gone

    def uses(self, topic: str) -> bool:
        """Whether an announced device speaks or listens on it: nobody else should."""
        return topic in self._listeners or any(
            value == topic and key.endswith("_topic")
            for device in self._devices.values()
            for key, value in device.component.values.items()
        )

    def commanded_on(self, topic: str) -> str:
        """The name of the device that takes commands on it; "" where none does."""
        for device in self._devices.values():
            for key, value in device.component.values.items():
                takes = key.endswith("command_topic") or key == "set_position_topic"
                if takes and value == topic:
                    return device.entity.name if device.entity else device.spoken.name
        return ""

    def correct(self, names: HomeNames) -> bool:
        """Call things and rooms by these names from now on; whether that changed anything."""
        if names == self._names:
            return False
        self._names = names
        self._renamed = self._changed = True
        return True

    def asks(self) -> Iterable[tuple[str, str]]:
        """(topic, payload) that make those devices tell their state of whom nothing is known."""
        self.home()
        unknown = (self._devices[key] for key in self._ids.values())
        asks = (item.component.asks for item in unknown if item.state.state == UNKNOWN.state)
        return dict.fromkeys(ask for each in asks for ask in each)

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
            floors = self._names.floors
            self._home = Home(self._entities, MappingProxyType(states), self._areas, floors)
            self._changed = False
        return self._home

    def announce(self, topic: str, payload: bytes) -> bool:
        """Take in a discovery message; whether it changed anything. Never raises."""
        try:
            message = self._read(topic, payload)
            built = {
                key: self._build(component)
                for key, component in message.components.items()
                if component is not None and kinds.wanted(component)
            }
        except Permanent as error:
            self._warn(topic, error.message)
            return False
        scope = message.scope or topic
        known = self._scopes.get(scope, set())
        gone = known if message.whole else known & set(message.components)
        gone -= set(built)
        for key in gone:
            self._drop(key)
        changed = [self._put(key, device) for key, device in built.items()]
        self._scopes[scope] = (known - gone) | set(built)
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
            message = Payload(payload.decode("utf-8"))
        except UnicodeDecodeError:
            self._warn(topic, "it is not UTF-8 text")
            return []
        if len(payload) <= MAX_KEPT:
            self._last[topic] = message
        heard = []
        for key in keys:
            device = self._devices[key]
            before = device.state
            if device.hear(topic, message) is not before:
                self._changed = True
            heard.append((device, before))
        return heard

    def _build(self, component: Component) -> Device:
        return Device(
            component,
            kinds.codec(component, self._templates),
            availability(component, self._templates),
            naming.spoken(component),
        )

    def _put(self, key: str, device: Device) -> bool:
        old = self._devices.get(key)
        if old is not None and old.component == device.component:
            return False
        if old is not None:
            self._unlisten(key)
            device.state, device.answers = old.state, old.answers
        self._devices[key] = device
        if not device.component.twins:
            self._announced.update(device.spoken.identifiers)
        for topic in device.topics:
            if topic not in self._listeners:
                self._listeners[topic] = set()
                _swap(topic, self._gone_topics, self._new_topics)
            self._listeners[topic].add(key)
            if old is None and topic in self._last:  # it came before this announcement did
                device.hear(topic, self._last[topic])
        self._renamed = self._changed = True
        return True

    def _drop(self, key: str) -> None:
        self._unlisten(key)
        del self._devices[key]
        self._renamed = self._changed = True

    def _unlisten(self, key: str) -> None:
        device = self._devices[key]
        if not device.component.twins:
            self._announced.subtract(device.spoken.identifiers)
        for topic in device.topics:
            self._listeners[topic].discard(key)
            if not self._listeners[topic]:
                del self._listeners[topic]
                self._last.pop(topic, None)
                _swap(topic, self._new_topics, self._gone_topics)

    def _rename(self) -> None:
        """Ids, names and rooms again: each may depend on all the others."""
        spoken = {
            key: device.spoken
            for key, device in self._devices.items()
            if not any(self._announced[twin] > 0 for twin in device.component.twins)
        }
        self._ids = naming.ids(spoken)
        rooms = Rooms(spoken.values(), self._names)
        entities = {
            entity_id: self._entity(entity_id, self._devices[key], rooms)
            for entity_id, key in self._ids.items()
        }
        self._entities = MappingProxyType(entities)
        self._areas = tuple(sorted({item.area for item in entities.values() if item.area}))
        self._renamed = False

    def _entity(self, entity_id: str, device: Device, rooms: Rooms) -> Entity:
        names, codec = self._names, device.codec
        name = names.names.get(entity_id) or device.spoken.name
        area, aliases = rooms.of(entity_id, device.spoken, name), names.aliases.get(entity_id, ())
        made = device.entity
        if made is not None and made.entity_id == entity_id and made.name == name:
            if made.area != area or made.aliases != aliases:
                made = device.entity = replace(made, area=area, aliases=aliases)
            return made
        device.entity = Entity(
            entity_id=entity_id,
            domain=device.component.platform,
            name=name,
            area=area,
            aliases=aliases,
            features=codec.features,
            options=tuple(text.line(item, text.OPTION) for item in codec.options[: text.OPTIONS]),
            minimum=codec.minimum,
            maximum=codec.maximum,
            unit=text.line(codec.unit or "", text.UNIT) or None,
            device_class=text.line(device.component.text("device_class"), text.CLASS) or None,
        )
        return device.entity

    def _warn(self, topic: str, reason: str) -> None:
        """Once per topic and reason: a device may repeat its mistake every second."""
        if len(self._warned) < 1000 and f"{topic} {reason}" not in self._warned:
            self._warned.add(f"{topic} {reason}")
            log.warning("ignored the message on %s: %s", topic, reason)


def _swap(topic: str, undone: set[str], to_do: set[str]) -> None:
    """What was to be undone and is not yet needs no doing."""
    if topic in undone:
        undone.discard(topic)
    else:
        to_do.add(topic)
