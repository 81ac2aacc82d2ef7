"""Home Assistant's entities by what was read of it: states and registries in, a Home out. Pure.

Sources: https://developers.home-assistant.io/docs/api/websocket/ (get_states, state_changed) and
the messages of home-assistant/core, components/config/*_registry.py, which its frontend reads.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from laresd.backends.home_assistant import kinds
from laresd.backends.home_assistant.reading import Row, row, rows, text, texts
from laresd.config import HomeAssistant, HomeNames
from laresd.errors import ConfigError
from laresd.types import UNKNOWN, Entity, EntityState, Home, Json

log = logging.getLogger(__name__)

UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Read:
    """What was read once. `entities`: registry entries by entity id, without those that have no
    unique id; `areas`, `labels`: names by id.
    """

    states: Mapping[str, Row]
    entities: Mapping[str, Row]
    devices: Mapping[str, Row]
    areas: Mapping[str, str]
    labels: Mapping[str, str]


def read(states: Json, entities: Json, devices: Json, areas: Json, labels: Json) -> Read:
    """From the results of get_states, entity_registry/get_entries and the lists."""
    return Read(
        {text(item, "entity_id"): item for item in rows(states)},
        {key: value for key, value in row(entities).items() if isinstance(value, dict)},
        {text(item, "id"): item for item in rows(devices)},
        {text(item, "area_id"): text(item, "name") for item in rows(areas)},
        {text(item, "label_id"): text(item, "name") for item in rows(labels)},
    )


def wanted_domains(settings: HomeAssistant) -> frozenset[str]:
    """Raises ConfigError for a domain that Lares has no words for."""
    for domain in settings.domains:
        if domain not in kinds.DOMAINS:
            raise ConfigError(
                f"home_assistant.domains: Lares cannot use {domain!r}",
                remedy="known: " + ", ".join(sorted(kinds.DOMAINS)),
            )
    return frozenset(settings.domains)


class Registry:
    """One owner, no tasks: whoever talks to Home Assistant tells it what came in."""

    def __init__(self, settings: HomeAssistant, names: HomeNames) -> None:
        """Raises what `wanted_domains` raises."""
        self._domains = wanted_domains(settings)
        self._labels = {label.casefold() for label in settings.labels}
        self._names = names
        self._entities: dict[str, Entity] = {}
        self._told: dict[str, Row] = {}  # attributes
        self._states: dict[str, EntityState] = {}
        self._areas: tuple[str, ...] = ()
        self._home = Home({}, {}, ())
        self._changed = False

    def home(self) -> Home:
        """The same object until something changes."""
        if self._changed:
            entities, states = MappingProxyType(self._entities), dict(self._states)
            floors = self._names.floors
            self._home = Home(entities, MappingProxyType(states), self._areas, floors)
            self._changed = False
        return self._home

    def is_concerned(self, entity_id: str) -> bool:
        """Whether it is of a domain that is wanted."""
        return entity_id.partition(".")[0] in self._domains

    def entity(self, entity_id: str) -> Entity | None:
        return self._entities.get(entity_id)

    def state(self, entity_id: str) -> EntityState:
        return self._states.get(entity_id, UNKNOWN)

    def reports(self, entity_id: str) -> frozenset[str]:
        domain = entity_id.partition(".")[0]
        return kinds.reports(domain, self._told.get(entity_id, {}))

    def learn(self, found: Read) -> None:
        """Everything anew."""
        self._entities, self._told, self._states = {}, {}, {}
        for entity_id, state in found.states.items():
            entity = self._entity(entity_id, state, found)
            if entity is not None:
                self._entities[entity_id] = entity
                self._take(entity_id, state)
        self._areas = tuple(sorted({e.area for e in self._entities.values() if e.area}))
        self._changed = True

    def hear(self, entity_id: str, state: Row | None) -> bool:
        """A new state, None: the entity is gone. Whether it is one of these."""
        if entity_id not in self._entities:
            return False
        if state is None:
            self._states[entity_id] = replace(self.state(entity_id), available=False)
        else:
            self._take(entity_id, state)
        self._changed = True
        return True

    def lose(self) -> None:
        """Home Assistant cannot be reached: nothing is known of what it has."""
        for entity_id, state in self._states.items():
            if state.available:
                self._states[entity_id] = replace(state, available=False)
                self._changed = True

    def _take(self, entity_id: str, state: Row) -> None:
        told, word = row(state.get("attributes")), text(state, "state")
        domain = entity_id.partition(".")[0]
        there = word != UNAVAILABLE
        self._told[entity_id] = told
        self._states[entity_id] = EntityState(
            word if there else "unknown",
            MappingProxyType(kinds.attributes(domain, told)),
            available=there,
        )

    def _entity(self, entity_id: str, state: Row, found: Read) -> Entity | None:
        domain = entity_id.partition(".")[0]
        entry = found.entities.get(entity_id, {})
        if domain not in self._domains or not self._wanted(entry, found):
            return None
        told = row(state.get("attributes"))
        low, high = kinds.limits(domain, told)
        return Entity(
            entity_id=entity_id,
            domain=domain,
            name=self._names.names.get(entity_id)
            or text(told, "friendly_name")
            or entity_id.partition(".")[2].replace("_", " "),
            area=self._area(entity_id, entry, found),
            aliases=(*texts(entry, "aliases"), *self._names.aliases.get(entity_id, ())),
            features=kinds.features(domain, told),
            options=kinds.options(domain, told),
            minimum=low,
            maximum=high,
            unit=kinds.unit(told),
            device_class=text(told, "device_class") or None,
        )

    def _wanted(self, entry: Row, found: Read) -> bool:
        """Not what is hidden, nor settings and diagnostics, nor what lacks the labels."""
        if text(entry, "hidden_by") or text(entry, "entity_category"):
            return False
        if not self._labels:
            return True
        device = found.devices.get(text(entry, "device_id"), {})
        ids = (*texts(entry, "labels"), *texts(device, "labels"))
        named = {found.labels.get(label, label).casefold() for label in ids}
        return not self._labels.isdisjoint(named | {label.casefold() for label in ids})

    def _area(self, entity_id: str, entry: Row, found: Read) -> str | None:
        device = found.devices.get(text(entry, "device_id"), {})
        area_id = text(entry, "area_id") or text(device, "area_id")
        return self._names.areas.get(entity_id) or found.areas.get(area_id) or None
