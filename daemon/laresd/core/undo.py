"""How what was done is put back: from the states that the devices had reported before. Pure.

Only what a device has confirmed is put back, only once, and only where the way back is known for
certain: what was pressed, started or announced has none, and neither has a device whose state was
not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from laresd.core.conversation import Deed, Exchange
from laresd.core.intent.abilities import can
from laresd.types import Action, Command, Entity, EntityState, Home, Json, Status

# https://developers.home-assistant.io/docs/core/entity/climate/: whatever else it has is a preset
HVAC_MODES = ("off", "heat", "cool", "heat_cool", "auto", "dry", "fan_only")
Way = tuple[Command, Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Undo:
    """`actions`: those that put it back, the last deed first. `lost`: entities with no way back."""

    actions: tuple[Action, ...] = ()
    lost: tuple[str, ...] = ()


def undo(exchange: Exchange, home: Home) -> Undo:
    """What puts back the confirmed deeds of an exchange; empty when it was undone already."""
    if exchange.undone:
        return Undo()
    actions: list[Action] = []
    lost: list[str] = []
    for deed in reversed(exchange.deeds):
        if deed.status not in (Status.CONFIRMED, Status.ACCEPTED):
            continue  # nothing has changed, as far as anybody knows
        entity = home.entities.get(deed.action.entity_id)
        back = None if entity is None else inverse(deed, entity)
        if back is None:
            lost.append(deed.action.entity_id)
        else:
            actions.append(back)
    return Undo(tuple(actions), tuple(dict.fromkeys(lost)))


def inverse(deed: Deed, entity: Entity) -> Action | None:
    """The action that brings the entity back to how it was before; None where there is none."""
    way_of = _WAYS.get(entity.domain)
    if way_of is None or deed.status is not Status.CONFIRMED or not deed.before.available:
        return None
    way = way_of(deed.action, entity, deed.before)
    if way is None or not can(entity, *way):
        return None
    return Action(entity.entity_id, way[0], way[1])


def _switch(_action: Action, _entity: Entity, before: EntityState) -> Way | None:
    commands = {"on": Command.TURN_ON, "off": Command.TURN_OFF}
    command = commands.get(before.state)
    return None if command is None else (command, {})


def _light(action: Action, entity: Entity, before: EntityState) -> Way | None:
    if before.state != "on":
        return _switch(action, entity, before)
    params: dict[str, Json] = {}
    brightness = _number(before, "brightness_pct")
    if brightness is not None and brightness > 0 and "brightness" in entity.features:
        params["brightness_pct"] = brightness
    if {"rgb", "color_name", "color_temp_k"} & set(action.params):
        colour = _colour(before, entity)
        if colour is None:
            return None
        params |= colour
    elif "brightness_pct" in action.params and "brightness_pct" not in params:
        return None
    return Command.TURN_ON, params


def _colour(before: EntityState, entity: Entity) -> dict[str, Json] | None:
    """The one colour that the lamp showed; None when it told none, or two that contradict."""
    rgb, kelvin = before.attributes.get("rgb"), before.attributes.get("color_temp_k")
    if isinstance(rgb, list) and not kelvin and "rgb" in entity.features:
        return {"rgb": rgb}
    if isinstance(kelvin, int | float) and not rgb and "color_temp" in entity.features:
        return {"color_temp_k": kelvin}
    return None


def _fan(action: Action, entity: Entity, before: EntityState) -> Way | None:
    if action.command is Command.SET_MODE and before.state == "on":
        return _preset(before, entity)
    percentage = _number(before, "percentage")
    if before.state == "on" and percentage:
        return Command.SET_SPEED, {"percentage": percentage}
    if action.command is Command.SET_SPEED and before.state == "on":
        return None
    return _switch(action, entity, before)


def _cover(action: Action, entity: Entity, before: EntityState) -> Way | None:
    if action.command is Command.STOP:
        return None
    if action.command is Command.SET_TILT:
        return _value(before, "tilt", Command.SET_TILT, "tilt")
    position = _number(before, "position")
    if position is not None and 0 < position < 100:
        partly = Command.SET_POSITION, {"position": position}
        return partly if "position" in entity.features else None
    commands = {"open": Command.OPEN, "closed": Command.CLOSE}
    command = commands.get(before.state)
    return None if command is None else (command, {})


def _lock(_action: Action, _entity: Entity, before: EntityState) -> Way | None:
    commands = {"locked": Command.LOCK, "unlocked": Command.UNLOCK}
    command = commands.get(before.state)
    return None if command is None else (command, {})


def _climate(action: Action, entity: Entity, before: EntityState) -> Way | None:
    if action.command is Command.SET_TEMPERATURE:
        return _value(before, "temperature", Command.SET_TEMPERATURE, "temperature")
    if action.command is Command.SET_MODE and action.params.get("mode") not in HVAC_MODES:
        return _preset(before, entity)
    if before.state == "off":
        return Command.TURN_OFF, {}
    if before.state in entity.options:
        return Command.SET_MODE, {"mode": before.state}
    return None


def _preset(before: EntityState, entity: Entity) -> Way | None:
    preset = before.attributes.get("preset_mode")
    return (Command.SET_MODE, {"mode": preset}) if preset in entity.options else None


def _player(action: Action, _entity: Entity, before: EntityState) -> Way | None:
    if action.command is Command.SET_VOLUME:
        return _value(before, "volume_pct", Command.SET_VOLUME, "volume_pct")
    if action.command in (Command.MUTE, Command.UNMUTE):
        muted = before.attributes.get("muted")
        if not isinstance(muted, bool):
            return None
        return (Command.MUTE if muted else Command.UNMUTE), {}
    playing = {"playing": Command.PLAY, "paused": Command.PAUSE, "off": Command.TURN_OFF}
    command = playing.get(before.state)
    if command is None or action.command in (Command.NEXT, Command.PREVIOUS, Command.STOP):
        return None
    return command, {}


def _vacuum(action: Action, _entity: Entity, before: EntityState) -> Way | None:
    if action.command is Command.START and before.state == "docked":
        return Command.DOCK, {}
    if action.command in (Command.DOCK, Command.PAUSE, Command.STOP) and before.state in (
        "cleaning",
        "mowing",
    ):
        return Command.START, {}
    return None


def _select(_action: Action, entity: Entity, before: EntityState) -> Way | None:
    if before.state not in entity.options:
        return None
    return Command.SELECT, {"option": before.state}


def _setting(_action: Action, _entity: Entity, before: EntityState) -> Way | None:
    try:
        return Command.SET_VALUE, {"value": _plain(float(before.state))}
    except ValueError:  # unknown
        return None


def _value(before: EntityState, attribute: str, command: Command, parameter: str) -> Way | None:
    number = _number(before, attribute)
    return None if number is None else (command, {parameter: number})


def _number(state: EntityState, attribute: str) -> int | float | None:
    value = state.attributes.get(attribute)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _plain(value)


def _plain(number: float) -> int | float:
    return int(number) if float(number).is_integer() else round(number, 1)


_WAYS: Mapping[str, Callable[[Action, Entity, EntityState], Way | None]] = {
    **dict.fromkeys(("switch", "input_boolean", "humidifier"), _switch),
    "light": _light,
    "fan": _fan,
    "cover": _cover,
    "valve": _cover,
    "lock": _lock,
    "climate": _climate,
    "media_player": _player,
    "vacuum": _vacuum,
    "lawn_mower": _vacuum,
    "select": _select,
    "number": _setting,
}
