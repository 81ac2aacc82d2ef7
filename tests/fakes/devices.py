"""A home in memory whose devices do what they are told, as the `Devices` port sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from laresd.types import (
    Action,
    Command,
    Entity,
    EntityState,
    Home,
    Json,
    Outcome,
    Publication,
    Status,
)

STATES: Mapping[Command, str] = {
    Command.TURN_ON: "on",
    Command.TURN_OFF: "off",
    Command.OPEN: "open",
    Command.CLOSE: "closed",
    Command.LOCK: "locked",
    Command.UNLOCK: "unlocked",
}
ATTRIBUTES = ("brightness_pct", "rgb", "color_temp_k", "position", "percentage", "temperature")
STATELESS = frozenset({"button", "scene"})


class FakeDevices:
    """`refuse` sets what an entity answers instead of doing it."""

    def __init__(
        self, entities: Sequence[Entity], states: Mapping[str, EntityState] | None = None
    ) -> None:
        areas = sorted({item.area for item in entities if item.area})
        by_id = {item.entity_id: item for item in entities}
        known = {entity_id: EntityState() for entity_id in by_id} | dict(states or {})
        self._home = Home(by_id, known, tuple(areas))
        self._refusals: dict[str, Status] = {}
        self.acted: list[Action] = []

    def home(self) -> Home:
        return self._home

    def refuse(self, entity_id: str, status: Status) -> None:
        self._refusals[entity_id] = status

    def set_state(self, entity_id: str, state: EntityState) -> None:
        self._home = replace(self._home, states={**self._home.states, entity_id: state})

    async def act(self, actions: Sequence[Action], *, deadline: float) -> Sequence[Outcome]:
        return [self._act(action) for action in actions]

    def _act(self, action: Action) -> Outcome:
        entity = self._home.entities.get(action.entity_id)
        if entity is None:
            return Outcome(action, Status.UNSUPPORTED, detail="there is no such device")
        before = self._home.state(action.entity_id)
        if not before.available:
            return Outcome(action, Status.UNAVAILABLE)
        if action.entity_id in self._refusals:
            return Outcome(action, self._refusals[action.entity_id])
        self.acted.append(action)
        sent = (Publication(f"fake/{action.entity_id}/set", action.command, 0.0),)
        if entity.domain in STATELESS:
            return Outcome(action, Status.ACCEPTED, sent)
        after = self._after(action, before)
        if after == before:
            return Outcome(action, Status.ALREADY, sent)
        self.set_state(action.entity_id, after)
        echo = Publication(f"fake/{action.entity_id}/state", after.state, 0.0)
        return Outcome(action, Status.CONFIRMED, sent, echo)

    @staticmethod
    def _after(action: Action, before: EntityState) -> EntityState:
        word = STATES.get(action.command, before.state)
        if action.command is Command.TOGGLE:
            word = "off" if before.state == "on" else "on"
        if action.command in {Command.SET_MODE, Command.SELECT}:
            word = str(action.params.get("mode", action.params.get("option")))
        if action.command is Command.SET_VALUE:
            word = str(action.params.get("value"))
        new: dict[str, Json] = {
            key: action.params[key] for key in ATTRIBUTES if key in action.params
        }
        return replace(before, state=word, attributes={**before.attributes, **new})
