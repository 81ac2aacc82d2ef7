"""What Home Assistant's intents mean for the devices that exist now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from laresd.core.intent import asking
from laresd.core.intent.abilities import commands
from laresd.core.intent.deeds import Values, Verb, choose, meaning
from laresd.core.intent.meaning import Ask, Meaning, Problem, Question, Trouble, trouble
from laresd.core.intent.targets import named, of_kind, on_floor, same_area, the_one
from laresd.core.timers import command_of
from laresd.types import Command, Entity, EntityState, Home, Recognition, Scalar

Slots = Mapping[str, Scalar]
_OPENING = ("cover", "valve")
_SOFT = (Trouble.UNKNOWN_DEVICE, Trouble.NOTHING_THERE)


def resolve(recognitions: Sequence[Recognition], home: Home, here: str | None) -> Meaning | None:
    """The first recognition that can be done; else the first that says why it cannot.

    `here` is the room where it was said. None when no recognition means anything to Lares.
    """
    failed: Meaning | None = None
    for recognition in recognitions:
        found = _meaning(recognition, home, here)
        if found is None:
            continue
        if found.problem is None:
            return found
        if failed is None or _is_soft(failed):
            failed = found if failed is None or not _is_soft(found) else failed
    return failed


def is_soft(found: Meaning) -> bool:
    """Whether another reading of the sentence may still find what this one missed."""
    return _is_soft(found)


def _is_soft(found: Meaning) -> bool:
    return found.problem is not None and found.problem.trouble in _SOFT


def _meaning(recognition: Recognition, home: Home, here: str | None) -> Meaning | None:
    if recognition.intent == "HassStartTimer" and recognition.slots.get("conversation_command"):
        return trouble(recognition.intent, Trouble.LATER)
    command = command_of(recognition, here)
    if command is not None:
        return Meaning(recognition.intent, timer=command)
    if recognition.intent in _TALK:
        key = _TALK[recognition.intent] or _text(recognition.slots, "response")
        return Meaning(recognition.intent, talk=key)
    if recognition.intent in _ASK:
        return Meaning(recognition.intent, question=Question(_ASK[recognition.intent]))
    floor = _text(recognition.slots, "floor")
    if floor:
        home = on_floor(home, floor)
    handler = _HANDLERS.get(recognition.intent)
    return handler(recognition, home, here) if handler is not None else None


def _switch(recognition: Recognition, home: Home, here: str | None) -> Meaning:
    """HassTurnOn, HassTurnOff and HassToggle, which also open, lock, press and activate."""
    by_domain = _TURN[recognition.intent]
    default = _DEFAULT_TURN[recognition.intent]

    def verb(entity: Entity) -> Verb:
        return by_domain.get(entity.domain, default)

    def able(entity: Entity) -> bool:
        choice = choose(verb(entity), Values(), entity, EntityState())
        return not isinstance(choice, Problem)

    found = _targets(recognition.slots, home, here, able)
    if isinstance(found, Problem):
        return Meaning(recognition.intent, problem=found)
    parts = [meaning(recognition.intent, verb(entity), [entity], home) for entity in found]
    actions = tuple(action for part in parts for action in part.actions)
    return Meaning(recognition.intent, actions=actions) if actions else parts[0]


def _targets(
    slots: Slots, home: Home, here: str | None, able: Callable[[Entity], bool]
) -> list[Entity] | Problem:
    """The entities that the slots name, or all of a kind; never an empty list."""
    area = _area(slots)
    if slots.get("entity_id"):
        return _same_name(slots, home, here, able)
    domain = _text(slots, "domain")
    domains = (domain,) if domain else _OPENING if slots.get("device_class") else ()
    found = of_kind(home, domains, _text(slots, "device_class"), area)
    if not found:
        facts = {"kind": _text(slots, "device_class") or domain, "area": area or ""}
        return Problem(Trouble.NOTHING_THERE, facts)
    return found


def _same_name(
    slots: Slots, home: Home, here: str | None, able: Callable[[Entity], bool]
) -> list[Entity] | Problem:
    """The entity that matched and its namesakes that can do the same."""
    matched = home.entities.get(_text(slots, "entity_id"))
    name, area = _text(slots, "name"), _area(slots)
    if matched is None:  # it left the home after the grammar learned it
        return Problem(Trouble.UNKNOWN_DEVICE, {"name": name})
    namesakes = named(home, name, able, area, here)
    if isinstance(namesakes, Problem) and namesakes.trouble is Trouble.UNKNOWN_DEVICE:
        if area is not None and not same_area(matched, area):
            return namesakes
        return [matched]  # it is there, but cannot do it: `choose` says so
    return namesakes


def _setter(values_of: Callable[[Slots], Values], domain: str) -> Handler:
    """A handler that sets a level of one entity, or of all of one domain in a room."""

    def handle(recognition: Recognition, home: Home, here: str | None) -> Meaning:
        values = values_of(recognition.slots)

        def able(entity: Entity) -> bool:
            return entity.domain == domain or (domain == "cover" and entity.domain == "valve")

        slots = dict(recognition.slots)
        if not slots.get("device_class"):
            slots["domain"] = domain
        if any(slots.get(key) for key in ("area", "floor", "entity_id", "device_class")):
            found = _targets(slots, home, here, able)
        else:
            found = the_one(home, domain, here)
        if isinstance(found, Problem):
            return Meaning(recognition.intent, problem=found)
        return meaning(recognition.intent, Verb.SET, found, home, values)

    return handle


def _light_values(slots: Slots) -> Values:
    kelvin = _number(slots, "temperature")
    return Values(
        percent=_number(slots, "brightness"),
        color=_text(slots, "color"),
        kelvin=None if kelvin is None else round(kelvin),
    )


def _media(verb: Verb, busy: str) -> Handler:
    def handle(recognition: Recognition, home: Home, here: str | None) -> Meaning:
        found = _player(recognition.slots, home, here, busy)
        if isinstance(found, Problem):
            return Meaning(recognition.intent, problem=found)
        return meaning(recognition.intent, verb, found, home)

    return handle


def _player(slots: Slots, home: Home, here: str | None, busy: str) -> list[Entity] | Problem:
    if slots.get("entity_id") or slots.get("area") or slots.get("floor"):
        wanted = {**slots, "domain": "media_player"}
        return _targets(wanted, home, here, lambda entity: entity.domain == "media_player")
    return the_one(home, "media_player", here, busy)


def _volume(recognition: Recognition, home: Home, here: str | None) -> Meaning:
    found = _player(recognition.slots, home, here, "playing")
    if isinstance(found, Problem):
        return Meaning(recognition.intent, problem=found)
    if recognition.intent == "HassSetVolume":
        values = Values(percent=_number(recognition.slots, "volume_level"))
        return meaning(recognition.intent, Verb.SET, found, home, values)
    step = recognition.slots.get("volume_step")
    down = step == "down" or (isinstance(step, int | float) and step < 0)
    change = abs(float(step)) if isinstance(step, int | float) else None
    verb = Verb.LESS if down else Verb.MORE
    return meaning(recognition.intent, verb, found, home, Values(change=change))


def _plain(verb: Verb, domain: str) -> Handler:
    """A handler for an intent that knows one domain and has no values but an item."""

    def handle(recognition: Recognition, home: Home, here: str | None) -> Meaning:
        slots = recognition.slots
        if slots.get("entity_id"):
            found = _targets(slots, home, here, lambda entity: entity.domain == domain)
        else:
            found = the_one(home, domain, here)
        if isinstance(found, Problem):
            return Meaning(recognition.intent, problem=found)
        return meaning(recognition.intent, verb, found, home, Values(item=_text(slots, "item")))

    return handle


def _shopping(verb: Verb) -> Handler:
    def handle(recognition: Recognition, home: Home, here: str | None) -> Meaning:
        lists = of_kind(home, ("todo",))
        bought = [e for e in lists if e.entity_id.endswith("shopping_list")]
        found = bought or the_one(home, "todo", here)
        if isinstance(found, Problem):
            return Meaning(recognition.intent, problem=found)
        item = Values(item=_text(recognition.slots, "item"))
        return meaning(recognition.intent, verb, found, home, item)

    return handle


def _state(recognition: Recognition, home: Home, here: str | None) -> Meaning | None:
    slots = recognition.slots
    ask = _RESPONSES.get(_text(slots, "response"))
    if ask is None:
        return None
    if slots.get("entity_id"):
        found = _targets(slots, home, here, lambda entity: True)
    else:
        found = asking.asked_about(
            home, _text(slots, "domain"), _text(slots, "device_class"), _area(slots)
        )
    if isinstance(found, Problem):
        return Meaning(recognition.intent, problem=found)
    ids = tuple(entity.entity_id for entity in found)
    return Meaning(recognition.intent, question=Question(ask, ids, _text(slots, "state")))


def _temperature(recognition: Recognition, home: Home, here: str | None) -> Meaning:
    slots = recognition.slots
    if slots.get("entity_id"):
        found = _targets(slots, home, here, lambda entity: entity.domain == "climate")
    else:
        found = asking.thermometers(home, _area(slots), here)
    if isinstance(found, Problem):
        return Meaning(recognition.intent, problem=found)
    ids = tuple(entity.entity_id for entity in found)
    return Meaning(recognition.intent, question=Question(Ask.TEMPERATURE, ids))


def _stop(recognition: Recognition, home: Home, here: str | None) -> Meaning:
    found = _targets(recognition.slots, home, here, lambda e: Command.STOP in commands(e))
    if isinstance(found, Problem):
        return Meaning(recognition.intent, problem=found)
    return meaning(recognition.intent, Verb.STOP, found, home)


def _text(slots: Slots, key: str) -> str:
    value = slots.get(key)
    return "" if value is None else str(value)


def _area(slots: Slots) -> str | None:
    return _text(slots, "area") or None


def _number(slots: Slots, key: str) -> float | None:
    value = slots.get(key)
    return float(value) if isinstance(value, int | float) else None


Handler = Callable[[Recognition, Home, str | None], Meaning | None]

_DEFAULT_TURN = {"HassTurnOn": Verb.ON, "HassTurnOff": Verb.OFF, "HassToggle": Verb.TOGGLE}
_TURN: Mapping[str, Mapping[str, Verb]] = {
    "HassTurnOn": {
        **dict.fromkeys(_OPENING, Verb.OPEN),
        "lock": Verb.LOCK,
        **dict.fromkeys(("scene", "script"), Verb.ACTIVATE),
        **dict.fromkeys(("button", "input_button"), Verb.PRESS),
    },
    "HassTurnOff": {**dict.fromkeys(_OPENING, Verb.CLOSE), "lock": Verb.UNLOCK},
    "HassToggle": {},
}
_ASK = {"HassGetCurrentTime": Ask.TIME, "HassGetCurrentDate": Ask.DATE}
_TALK = {"HassNevermind": "nevermind", "HassRespond": ""}
_RESPONSES = {
    "one": Ask.STATE,
    "one_yesno": Ask.IS,
    "any": Ask.ANY,
    "all": Ask.ALL,
    "which": Ask.WHICH,
    "how_many": Ask.HOW_MANY,
}
_HANDLERS: Mapping[str, Handler] = {
    "HassTurnOn": _switch,
    "HassTurnOff": _switch,
    "HassToggle": _switch,
    "HassLightSet": _setter(_light_values, "light"),
    "HassSetPosition": _setter(lambda s: Values(percent=_number(s, "position")), "cover"),
    "HassClimateSetTemperature": _setter(
        lambda s: Values(temperature=_number(s, "temperature")), "climate"
    ),
    "HassFanSetSpeed": _setter(lambda s: Values(percent=_number(s, "percentage")), "fan"),
    "HassGetState": _state,
    "HassClimateGetTemperature": _temperature,
    "HassMediaPause": _media(Verb.PAUSE, "playing"),
    "HassMediaUnpause": _media(Verb.PLAY, "paused"),
    "HassMediaNext": _media(Verb.NEXT, "playing"),
    "HassMediaPrevious": _media(Verb.PREVIOUS, "playing"),
    "HassMediaPlayerMute": _media(Verb.MUTE, "playing"),
    "HassMediaPlayerUnmute": _media(Verb.UNMUTE, "playing"),
    "HassSetVolume": _volume,
    "HassSetVolumeRelative": _volume,
    "HassVacuumStart": _plain(Verb.START, "vacuum"),
    "HassVacuumReturnToBase": _plain(Verb.DOCK, "vacuum"),
    "HassLawnMowerStartMowing": _plain(Verb.START, "lawn_mower"),
    "HassLawnMowerDock": _plain(Verb.DOCK, "lawn_mower"),
    "HassListAddItem": _plain(Verb.ADD, "todo"),
    "HassListCompleteItem": _plain(Verb.COMPLETE, "todo"),
    "HassShoppingListAddItem": _shopping(Verb.ADD),
    "HassShoppingListCompleteItem": _shopping(Verb.COMPLETE),
    "HassStopMoving": _stop,
}
