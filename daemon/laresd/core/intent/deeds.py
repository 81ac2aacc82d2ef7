"""From a verb and values to each entity's own command, or to why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from laresd.core.intent.abilities import can
from laresd.core.intent.colours import KELVIN, RGB
from laresd.core.intent.meaning import Meaning, Problem, Trouble
from laresd.types import Action, Command, Entity, EntityState, Home, Json


class Verb(StrEnum):
    """What a sentence wants done, whatever it is done to."""

    ON = "on"
    OFF = "off"
    TOGGLE = "toggle"
    OPEN = "open"
    CLOSE = "close"
    STOP = "stop"
    LOCK = "lock"
    UNLOCK = "unlock"
    PRESS = "press"
    ACTIVATE = "activate"
    START = "start"
    DOCK = "dock"
    PLAY = "play"
    PAUSE = "pause"
    NEXT = "next"
    PREVIOUS = "previous"
    MUTE = "mute"
    UNMUTE = "unmute"
    SET = "set"
    MORE = "more"
    LESS = "less"
    ADD = "add"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Values:
    """What the sentence says beside verb and target. `percent` is a level of any kind."""

    percent: float | None = None
    temperature: float | None = None
    color: str = ""
    kelvin: int | None = None
    item: str = ""
    option: str = ""
    change: float | None = None  # MORE, LESS: by how much
    tilt: bool = False  # it is about a cover's slats

    @property
    def none(self) -> bool:
        """Whether no value is said; slats alone are none."""
        return self in (Values(), Values(tilt=True))


Choice = tuple[Command, Mapping[str, Json]]

_SWITCHED = ("light", "switch", "input_boolean", "fan", "media_player", "climate", "humidifier")
_SIMPLE: Mapping[Verb, Mapping[str, Command]] = {
    Verb.ON: {**dict.fromkeys((*_SWITCHED, "siren"), Command.TURN_ON), "valve": Command.OPEN},
    Verb.OFF: {**dict.fromkeys((*_SWITCHED, "siren"), Command.TURN_OFF), "valve": Command.CLOSE},
    Verb.TOGGLE: dict.fromkeys(_SWITCHED, Command.TOGGLE),
    Verb.OPEN: dict.fromkeys(("cover", "valve"), Command.OPEN),
    Verb.CLOSE: dict.fromkeys(("cover", "valve"), Command.CLOSE),
    Verb.STOP: {
        **dict.fromkeys(("cover", "valve", "vacuum"), Command.STOP),
        "media_player": Command.STOP,
        "lawn_mower": Command.PAUSE,
    },
    Verb.LOCK: {"lock": Command.LOCK},
    Verb.UNLOCK: {"lock": Command.UNLOCK},
    Verb.PRESS: dict.fromkeys(("button", "input_button"), Command.PRESS),
    Verb.ACTIVATE: dict.fromkeys(("scene", "script"), Command.ACTIVATE),
    Verb.START: dict.fromkeys(("vacuum", "lawn_mower"), Command.START),
    Verb.DOCK: dict.fromkeys(("vacuum", "lawn_mower"), Command.DOCK),
    Verb.PLAY: {"media_player": Command.PLAY},
    Verb.PAUSE: dict.fromkeys(("media_player", "vacuum", "lawn_mower"), Command.PAUSE),
    Verb.NEXT: {"media_player": Command.NEXT},
    Verb.PREVIOUS: {"media_player": Command.PREVIOUS},
    Verb.MUTE: {"media_player": Command.MUTE},
    Verb.UNMUTE: {"media_player": Command.UNMUTE},
}
_LEVELS: Mapping[str, tuple[str, Command, str]] = {  # domain: its attribute, command, parameter
    "light": ("brightness_pct", Command.TURN_ON, "brightness_pct"),
    "fan": ("percentage", Command.SET_SPEED, "percentage"),
    "cover": ("position", Command.SET_POSITION, "position"),
    "valve": ("position", Command.SET_POSITION, "position"),
    "media_player": ("volume_pct", Command.SET_VOLUME, "volume_pct"),
    "climate": ("temperature", Command.SET_TEMPERATURE, "temperature"),
}
MODAL = ("climate", "fan", "humidifier")  # whose options are modes
_DEFAULT_STEP = {"climate": 1.0, "media_player": 10.0}
OTHER_STEP = 20.0  # percent: "brighter", "slower"


def choose(verb: Verb, values: Values, entity: Entity, state: EntityState) -> Choice | Problem:
    """The command for this entity. A Problem when it can't, or is told an impossible value."""
    if values.tilt:
        choice = _tilt(verb, values, entity, state)
    elif verb in (Verb.MORE, Verb.LESS):
        choice = _step(verb, values, entity, state)
    elif verb is Verb.SET:
        choice = _set(values, entity)
    elif verb in (Verb.ADD, Verb.COMPLETE):
        command = Command.ADD_ITEM if verb is Verb.ADD else Command.COMPLETE_ITEM
        choice = (command, {"item": values.item})
    else:
        command_or_none = _SIMPLE[verb].get(entity.domain)
        choice = (command_or_none, {}) if command_or_none is not None else _cannot(entity)
    if isinstance(choice, Problem):
        return choice
    choice = _ends(choice, entity)
    if not can(entity, *choice):
        return _cannot(entity)
    return Problem(Trouble.READ_ONLY, {"name": entity.name}) if entity.read_only else choice


def meaning(
    intent: str, verb: Verb, entities: Sequence[Entity], home: Home, values: Values | None = None
) -> Meaning:
    """The actions for those entities that can do it; the first problem when none can."""
    actions: list[Action] = []
    problem: Problem | None = None
    for entity in entities:
        choice = choose(verb, values or Values(), entity, home.state(entity.entity_id))
        if isinstance(choice, Problem):
            problem = problem or choice
        else:
            actions.append(Action(entity.entity_id, choice[0], choice[1]))
    if actions:
        return Meaning(intent, actions=tuple(actions))
    return Meaning(intent, problem=problem or Problem(Trouble.NOTHING_THERE))


def _cannot(entity: Entity) -> Problem:
    return Problem(Trouble.UNSUPPORTED, {"name": entity.name})


def _set(values: Values, entity: Entity) -> Choice | Problem:
    if values.option:
        return _option(values.option, entity)
    if entity.domain == "light":
        return _light(values, entity)
    if entity.domain == "number":
        number = values.percent if values.temperature is None else values.temperature
        return _within(entity, Command.SET_VALUE, "value", number)
    if entity.domain == "climate":
        number = values.percent if values.temperature is None else values.temperature
        return _within(entity, Command.SET_TEMPERATURE, "temperature", number)
    level = _LEVELS.get(entity.domain)
    if level is None or values.percent is None:
        return _cannot(entity)
    return level[1], {level[2]: _whole(min(100.0, max(0.0, values.percent)))}


def _tilt(verb: Verb, values: Values, entity: Entity, state: EntityState) -> Choice | Problem:
    """Of a cover's slats: open is 100 percent, closed is 0."""
    percent = {Verb.OPEN: 100.0, Verb.CLOSE: 0.0, Verb.SET: values.percent}.get(verb)
    if verb in (Verb.MORE, Verb.LESS):
        now = state.attributes.get("tilt")
        if not isinstance(now, int | float):
            return Problem(Trouble.NO_RELATIVE, {"name": entity.name})
        size = OTHER_STEP if values.change is None else abs(values.change)
        percent = now + (size if verb is Verb.MORE else -size)
    if percent is None:
        return _cannot(entity)
    return Command.SET_TILT, {"tilt": _whole(min(100.0, max(0.0, percent)))}


def _light(values: Values, entity: Entity) -> Choice | Problem:
    params: dict[str, Json] = {}
    if values.percent is not None:
        if values.percent <= 0:
            return Command.TURN_OFF, {}
        params["brightness_pct"] = _whole(min(100.0, values.percent))
    if values.color:
        if values.color == "white" and "rgb" not in entity.features:
            params["color_temp_k"] = KELVIN["neutral"]
        elif values.color in RGB:
            params["color_name"] = values.color
            params["rgb"] = list(RGB[values.color])
        else:
            return _cannot(entity)
    if values.kelvin is not None:
        params["color_temp_k"] = values.kelvin
    return (Command.TURN_ON, params) if params else _cannot(entity)


def _option(option: str, entity: Entity) -> Choice | Problem:
    for known in entity.options:
        if known.casefold() == option.casefold():
            if entity.domain in MODAL:
                return Command.SET_MODE, {"mode": known}
            return Command.SELECT, {"option": known}
    return _cannot(entity)


def _within(
    entity: Entity, command: Command, parameter: str, number: float | None
) -> Choice | Problem:
    if number is None:
        return _cannot(entity)
    low, high = entity.minimum, entity.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        facts: dict[str, Json] = {"name": entity.name, "minimum": low, "maximum": high}
        return Problem(Trouble.OUT_OF_RANGE, facts)
    return command, {parameter: _whole(number)}


def _step(verb: Verb, values: Values, entity: Entity, state: EntityState) -> Choice | Problem:
    level = _LEVELS.get(entity.domain)
    if level is None or not can(entity, level[1], {level[2]: 0}):
        return _cannot(entity)
    current = state.attributes.get(level[0])
    if not isinstance(current, int | float):
        current = 0 if state.state == "off" and entity.domain in ("light", "fan") else None
    if current is None:
        return Problem(Trouble.NO_RELATIVE, {"name": entity.name})
    default = _DEFAULT_STEP.get(entity.domain, OTHER_STEP)
    size = default if values.change is None else abs(values.change)
    wanted = current + (size if verb is Verb.MORE else -size)
    if entity.domain == "climate":
        return _within(entity, Command.SET_TEMPERATURE, "temperature", wanted)
    lowest = 1.0 if entity.domain == "light" else 0.0  # dimming does not switch off
    return level[1], {level[2]: _whole(min(100.0, max(lowest, wanted)))}


def _ends(choice: Choice, entity: Entity) -> Choice:
    """0 and 100 percent for what only knows open and closed, on and off."""
    command, params = choice
    position = params.get("position")
    if command is Command.SET_POSITION and "position" not in entity.features:
        ends = {0: Command.CLOSE, 100: Command.OPEN}
        if isinstance(position, int) and position in ends:
            return ends[position], {}
    if command is Command.SET_SPEED and params.get("percentage") == 0:
        return Command.TURN_OFF, {}
    return choice


def _whole(number: float) -> int | float:
    return int(number) if float(number).is_integer() else number
