"""What is wanted, apart from the entity: read from a clause or from what was done before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from laresd.core.conversation import Deed, Exchange
from laresd.core.intent.abilities import is_dangerous
from laresd.core.intent.deeds import Choice, Values, Verb, choose
from laresd.core.intent.meaning import Meaning, Problem, Trouble
from laresd.types import Action, Command, Entity, EntityState, Home, Json

SMALL_STEP = {"climate": 0.5}  # degrees
OTHER_SMALL_STEP = 10.0  # percent
_RELATIVE = ("_more", "_less", "Relative")  # ends of the intents that change by a step
_LEVEL = {  # parameter of a command: the attribute that reports it
    "brightness_pct": "brightness_pct",
    "position": "position",
    "percentage": "percentage",
    "volume_pct": "volume_pct",
    "temperature": "temperature",
}
_OFF = ("light", "fan")  # less of what is off is nothing


@dataclass(frozen=True, slots=True)
class Wanted:
    """`verbs`: alternatives, the entity decides. `small`: "a bit"."""

    verbs: tuple[Verb, ...]
    values: Values = field(default_factory=Values)
    small: bool = False

    def of(self, entity: Entity, home: Home) -> Choice | Problem:
        """The entity's own command, or why it has none."""
        state = home.state(entity.entity_id)
        problem = Problem(Trouble.UNSUPPORTED, {"name": entity.name})
        for verb in self.verbs:
            choice = self._choice(verb, entity, state)
            if not isinstance(choice, Problem):
                return choice
            if choice.trouble is not Trouble.UNSUPPORTED:
                problem = choice
        return problem

    def _choice(self, verb: Verb, entity: Entity, state: EntityState) -> Choice | Problem:
        values = self.values
        if verb in (Verb.MORE, Verb.LESS):
            if verb is Verb.LESS and entity.domain in _OFF and state.state == "off":
                return Problem(Trouble.UNSUPPORTED, {"name": entity.name})
            if self.small and values.change is None:
                step = SMALL_STEP.get(entity.domain, OTHER_SMALL_STEP)
                values = replace(values, change=step)
        return choose(verb, values, entity, state)

    def can(self, entity: Entity, home: Home) -> bool:
        choice = self.of(entity, home)
        return not isinstance(choice, Problem) or choice.trouble is not Trouble.UNSUPPORTED


def as_before(exchange: Exchange) -> Wanted | None:
    """What an exchange wanted of its entities; None when it was not one thing for all."""
    if exchange.intent.endswith(_RELATIVE):
        steps = {_step(deed) for deed in exchange.deeds}
        step = steps.pop() if len(steps) == 1 else None
        if not step:
            return None
        return Wanted((Verb.MORE if step > 0 else Verb.LESS,), Values(change=abs(step)))
    every = {_wanted(deed.action) for deed in exchange.deeds}
    return every.pop() if len(every) == 1 else None


def acting(intent: str, wanted: Wanted, entities: Sequence[Entity], home: Home) -> Meaning:
    """The actions for all of the entities, or the first problem; dangerous ones are never here."""
    actions: list[Action] = []
    for entity in entities:
        choice = wanted.of(entity, home)
        if isinstance(choice, Problem):
            return Meaning(intent, problem=choice, exact=False)
        actions.append(Action(entity.entity_id, choice[0], choice[1]))
    return careful(Meaning(intent, actions=tuple(actions), exact=False), home)


def careful(meaning: Meaning, home: Home) -> Meaning:
    """The meaning, or the wish for a full name where an action could open the house."""
    for action in meaning.actions:
        entity = home.entities.get(action.entity_id)
        if entity is not None and is_dangerous(entity, action.command):
            problem = Problem(Trouble.DANGEROUS, {"name": entity.name})
            return Meaning(meaning.intent, problem=problem, exact=False)
    return meaning


def _step(deed: Deed) -> float | None:
    """By how much a level was changed."""
    for parameter, attribute in _LEVEL.items():
        after = deed.action.params.get(parameter)
        before = deed.before.attributes.get(attribute)
        if before is None and deed.before.state == "off":
            before = 0
        if isinstance(after, int | float) and isinstance(before, int | float):
            return round(after - before, 1)
    return None


def _wanted(action: Action) -> Wanted | None:
    verb = _VERBS.get(action.command)
    if verb is not None and not action.params:
        return Wanted((verb,))
    values = _values(action.command, action.params)
    return None if values is None else Wanted((_SETTING.get(action.command, Verb.SET),), values)


def _values(command: Command, params: Mapping[str, Json]) -> Values | None:
    if command is Command.TURN_ON:
        return _light(params)
    if command in (Command.ADD_ITEM, Command.COMPLETE_ITEM):
        return Values(item=str(params.get("item")))
    if command in (Command.SET_MODE, Command.SELECT):
        return Values(option=str(params.get("mode", params.get("option"))))
    number = _number(next(iter(params.values()), None))
    if number is None:
        return None
    if command is Command.SET_TEMPERATURE:
        return Values(temperature=number)
    return Values(percent=number, tilt=command is Command.SET_TILT)


def _light(params: Mapping[str, Json]) -> Values:
    color, kelvin = params.get("color_name"), _number(params.get("color_temp_k"))
    return Values(
        percent=_number(params.get("brightness_pct")),
        color=color if isinstance(color, str) else "",
        kelvin=None if kelvin is None else round(kelvin),
    )


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


_SETTING = {Command.ADD_ITEM: Verb.ADD, Command.COMPLETE_ITEM: Verb.COMPLETE}
_VERBS: Mapping[Command, Verb] = {
    Command.TURN_ON: Verb.ON,
    Command.TURN_OFF: Verb.OFF,
    Command.TOGGLE: Verb.TOGGLE,
    Command.OPEN: Verb.OPEN,
    Command.CLOSE: Verb.CLOSE,
    Command.STOP: Verb.STOP,
    Command.LOCK: Verb.LOCK,
    Command.UNLOCK: Verb.UNLOCK,
    Command.PRESS: Verb.PRESS,
    Command.ACTIVATE: Verb.ACTIVATE,
    Command.PLAY: Verb.PLAY,
    Command.PAUSE: Verb.PAUSE,
    Command.NEXT: Verb.NEXT,
    Command.PREVIOUS: Verb.PREVIOUS,
    Command.MUTE: Verb.MUTE,
    Command.UNMUTE: Verb.UNMUTE,
    Command.START: Verb.START,
    Command.DOCK: Verb.DOCK,
}
