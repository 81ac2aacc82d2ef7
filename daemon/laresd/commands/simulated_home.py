"""A home that exists only in memory, for evaluations: its devices do at once what they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from laresd.core.intent.abilities import can
from laresd.core.undo import HVAC_MODES
from laresd.types import Action, Command, Entity, EntityState, Home, Json, Outcome, Status

Attributes = dict[str, Json]


class Effect(Protocol):
    """What a command does: changes the attributes and returns the state's word."""

    def __call__(
        self, entity: Entity, state: str, attributes: Attributes, params: Mapping[str, Json], /
    ) -> str: ...


class SimulatedHome:
    """Port Devices over entities whose states are kept here."""

    def __init__(self, home: Home) -> None:
        self._states = dict(home.states)
        self._home = home

    def home(self) -> Home:
        return self._home

    def become(self, home: Home) -> None:
        """Be this home from now on."""
        self._states = dict(home.states)
        self._home = home

    async def act(self, actions: Sequence[Action], *, deadline: float) -> Sequence[Outcome]:
        outcomes = [self._act(action) for action in actions]
        self._home = replace(self._home, states=MappingProxyType(dict(self._states)))
        return outcomes

    def _act(self, action: Action) -> Outcome:
        entity = self._home.entities.get(action.entity_id)
        if entity is None or not can(entity, action.command, action.params):
            return Outcome(action, Status.UNSUPPORTED)
        before = self._states.get(action.entity_id, EntityState())
        after = applied(entity, before, action)
        self._states[action.entity_id] = after
        return Outcome(action, Status.ALREADY if after == before else Status.CONFIRMED)


def applied(entity: Entity, state: EntityState, action: Action) -> EntityState:
    """The state in which the device is after the action."""
    attributes = dict(state.attributes)
    word = _EFFECTS[action.command](entity, state.state, attributes, action.params)
    return EntityState(word, MappingProxyType(attributes), state.available)


def _on(entity: Entity, _state: str, attributes: Attributes, params: Mapping[str, Json]) -> str:
    attributes.update(params)
    if "percentage" in entity.features:
        attributes["percentage"] = 100
    return {"media_player": "idle", "climate": "heat"}.get(entity.domain, "on")


def _off(entity: Entity, _state: str, attributes: Attributes, _params: Mapping[str, Json]) -> str:
    if "percentage" in entity.features:
        attributes["percentage"] = 0
    if entity.domain == "light":
        attributes.pop("brightness_pct", None)
    return "off"


def _toggle(entity: Entity, state: str, attributes: Attributes, params: Mapping[str, Json]) -> str:
    effect = _off if state == "on" else _on
    return effect(entity, state, attributes, params)


def _position(
    entity: Entity, _state: str, attributes: Attributes, params: Mapping[str, Json]
) -> str:
    attributes.update(params)
    return "closed" if params.get("position") == 0 else "open"


def _open(entity: Entity, _state: str, attributes: Attributes, _params: Mapping[str, Json]) -> str:
    if "position" in entity.features:
        attributes["position"] = 100
    return "open"


def _close(entity: Entity, _state: str, attributes: Attributes, _params: Mapping[str, Json]) -> str:
    if "position" in entity.features:
        attributes["position"] = 0
    return "closed"


def _speed(_entity: Entity, _state: str, attributes: Attributes, params: Mapping[str, Json]) -> str:
    attributes.update(params)
    return "on"


def _set(_entity: Entity, state: str, attributes: Attributes, params: Mapping[str, Json]) -> str:
    attributes.update(params)
    return state


def _stop(entity: Entity, state: str, _attributes: Attributes, _params: Mapping[str, Json]) -> str:
    return {"vacuum": "idle", "media_player": "idle"}.get(entity.domain, state)


def _mode(entity: Entity, state: str, attributes: Attributes, params: Mapping[str, Json]) -> str:
    mode = params.get("mode")
    if mode is not None and (entity.domain != "climate" or mode not in HVAC_MODES):
        attributes["preset_mode"] = mode
        return "on" if entity.domain == "fan" else state
    return str(params.get("mode", params.get("option", params.get("value"))))


def _muted(muted: bool) -> Effect:
    def effect(_e: Entity, state: str, attributes: Attributes, _p: Mapping[str, Json]) -> str:
        attributes["muted"] = muted
        return state

    return effect


def _track(step: int) -> Effect:
    def effect(_e: Entity, state: str, attributes: Attributes, _p: Mapping[str, Json]) -> str:
        track = attributes.get("track")
        attributes["track"] = (track if isinstance(track, int) else 0) + step
        return state

    return effect


def _items(step: int) -> Effect:
    def effect(_e: Entity, state: str, attributes: Attributes, params: Mapping[str, Json]) -> str:
        items = attributes.get("items")
        attributes["items"] = [*(items if isinstance(items, list) else []), params.get("item")]
        return str((int(state) if state.isdigit() else 0) + step)

    return effect


def _becomes(word: str) -> Effect:
    return lambda _entity, _state, _attributes, _params: word


_EFFECTS: Mapping[Command, Effect] = {
    Command.TURN_ON: _on,
    Command.TURN_OFF: _off,
    Command.TOGGLE: _toggle,
    Command.OPEN: _open,
    Command.CLOSE: _close,
    Command.STOP: _stop,
    Command.SET_POSITION: _position,
    Command.SET_TILT: _set,
    Command.LOCK: _becomes("locked"),
    Command.UNLOCK: _becomes("unlocked"),
    Command.SET_TEMPERATURE: _set,
    Command.SET_MODE: _mode,
    Command.SET_SPEED: _speed,
    Command.PRESS: _becomes("pressed"),
    Command.ACTIVATE: _becomes("activated"),
    Command.SELECT: _mode,
    Command.SET_VALUE: _mode,
    Command.PLAY: _becomes("playing"),
    Command.PAUSE: _becomes("paused"),
    Command.NEXT: _track(1),
    Command.PREVIOUS: _track(-1),
    Command.SET_VOLUME: _set,
    Command.MUTE: _muted(True),
    Command.UNMUTE: _muted(False),
    Command.START: _becomes("cleaning"),
    Command.DOCK: _becomes("returning"),
    Command.ADD_ITEM: _items(1),
    Command.COMPLETE_ITEM: _items(-1),
}
