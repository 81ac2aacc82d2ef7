"""Home Assistant's own test sentences (OHF-Voice/intents, tests/, CC BY 4.0), each in a home.

Read where they are, never copied. A home has the devices that the file names, and where a slot
speaks of a device that the file leaves out, one that can do it, and where a slot speaks of a floor
that has no room, one; what names no room is said beside the device.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from laresd.types import Entity, EntityState, Home, Json
from tests.bench.shared import data

HERE = "Zyxroom"
Slots = Mapping[str, Json]

DOMAIN = {  # of the device that an intent needs
    "HassLightSet": "light",
    "HassClimateSetTemperature": "climate",
    "HassClimateGetTemperature": "climate",
    "HassFanSetSpeed": "fan",
    "HassSetPosition": "cover",
    "HassStopMoving": "cover",
    "HassVacuumStart": "vacuum",
    "HassVacuumReturnToBase": "vacuum",
    "HassLawnMowerStartMowing": "lawn_mower",
    "HassLawnMowerDock": "lawn_mower",
    "HassListAddItem": "todo",
    "HassListCompleteItem": "todo",
    "HassShoppingListAddItem": "todo",
    "HassShoppingListCompleteItem": "todo",
    "HassMediaPause": "media_player",
    "HassMediaUnpause": "media_player",
    "HassMediaNext": "media_player",
    "HassMediaPrevious": "media_player",
    "HassMediaPlayerMute": "media_player",
    "HassMediaPlayerUnmute": "media_player",
    "HassSetVolume": "media_player",
    "HassSetVolumeRelative": "media_player",
}
SWITCHES = ("HassTurnOn", "HassTurnOff", "HassToggle")
FEATURES = {
    "light": ("brightness", "rgb", "color_temp"),
    "cover": ("position", "stop"),
    "valve": ("position",),
    "fan": ("percentage",),
    "climate": ("temperature",),
    "media_player": ("volume",),
}
STATES = {
    "light": EntityState("off"),
    "cover": EntityState("open", {"position": 40}),
    "climate": EntityState("heat", {"temperature": 19, "current_temperature": 18}),
    "media_player": EntityState("playing", {"volume_pct": 40}),
    "fan": EntityState("off", {"percentage": 0}),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    intent: str
    slots: Slots
    area: str | None
    home: Home
    floors: Mapping[str, str]  # of areas


def sentences(language: str) -> Iterator[Sentence]:
    for file in sorted(data("intents", language).glob("*/*.yaml")):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for test in document.get("tests") or ():
            slots = dict(test.get("slots") or {})
            context = test.get("context") or {}
            intent = file.parent.name
            area = context.get("area") or _here(intent, slots)
            home, floors = _home(document, intent, slots, area)
            for text in test["sentences"]:
                yield Sentence(str(text), intent, slots, area, home, floors)


def _here(intent: str, slots: Slots) -> str | None:
    """A room for what names none ("louder", "how warm is it in here"): it is said beside the
    device.
    """
    placed = any(slots.get(key) for key in ("name", "area", "floor"))
    return HERE if _domain(intent, slots) and not placed else None


def _home(
    document: Mapping[str, object], intent: str, slots: Slots, here: str | None
) -> tuple[Home, Mapping[str, str]]:
    rows = document.get("entities") or []
    areas = document.get("areas") or []
    assert isinstance(rows, list) and isinstance(areas, list)
    floors = {str(a["name"]): str(a["floor"]) for a in areas if a.get("floor")}
    if (floor := str(slots.get("floor") or "")) and floor not in floors.values():
        floors[HERE] = floor
    if floor:  # a device that the slots place on it stands in its first room
        here = next(area for area, at in floors.items() if at == floor)
    entities: dict[str, Entity] = {}
    states: dict[str, EntityState] = {}
    for number, row in enumerate(rows):
        _add(entities, states, number, _placed(row, intent, slots, here))
    needed = _needed(intent, slots, here, list(entities.values()))
    if needed is not None:
        _add(entities, states, len(entities), needed)
    names = [str(area["name"]) for area in areas] + list(floors)
    names += [e.area for e in entities.values() if e.area]
    rooms = {name: tuple(a for a in floors if floors[a] == name) for name in floors.values()}
    return Home(entities, states, tuple(dict.fromkeys(names)), rooms), floors


def _placed(
    row: Mapping[str, object], intent: str, slots: Slots, here: str | None
) -> Mapping[str, object]:
    """A device of the file in the room in which the slots speak of it, where the file has none."""
    if here == HERE and row.get("domain") == _domain(intent, slots):
        return {**row, "area": HERE}
    if slots.get("floor") and not row.get("area"):
        return {**row, "area": here}
    named = str(row.get("name")).casefold() == str(slots.get("name")).casefold()
    if named and slots.get("area") and not row.get("area"):
        return {**row, "area": slots["area"]}
    return row


def _add(
    entities: dict[str, Entity],
    states: dict[str, EntityState],
    number: int,
    row: Mapping[str, object],
) -> None:
    domain, attributes = str(row.get("domain", "switch")), row.get("attributes") or {}
    assert isinstance(attributes, dict)
    device_class, area = attributes.get("device_class"), row.get("area")
    entity_id = f"{domain}.e{number}"
    unit = attributes.get("unit_of_measurement")
    entities[entity_id] = Entity(
        entity_id,
        domain,
        str(row["name"]),
        str(area) if area else None,
        features=frozenset(FEATURES.get(domain, ())),
        unit=str(unit) if unit else None,
        device_class=str(device_class) if device_class else None,
    )
    default = STATES.get(domain, EntityState("off"))
    said = row.get("state")
    state = {True: "on", False: "off", None: default.state}.get(said, str(said))  # type: ignore[call-overload]
    states[entity_id] = EntityState(state, {**default.attributes, **attributes})


def _needed(
    intent: str, slots: Slots, here: str | None, there: Sequence[Entity]
) -> dict[str, object] | None:
    """A device that the slots speak of and the file leaves out."""
    domain = _domain(intent, slots)
    if not domain:
        return None
    name = slots.get("name")
    floor = slots.get("floor")
    area = slots.get("area") or (None if name and not floor else here)
    fits = [
        entity
        for entity in there
        if (name and entity.name.casefold() == str(name).casefold())
        or (not name and entity.domain == domain and (not area or entity.area == area))
    ]
    if fits:
        return None
    row: dict[str, object] = {"name": name or "Zyx", "domain": domain, "area": area}
    if slots.get("device_class"):
        row["attributes"] = {"device_class": slots["device_class"]}
    return row


def _domain(intent: str, slots: Slots) -> str:
    if intent in DOMAIN:
        return DOMAIN[intent]
    if intent in SWITCHES:
        return str(slots.get("domain") or ("cover" if slots.get("device_class") else "light"))
    return ""


def targets(sentence: Sentence) -> list[Entity]:
    """Whom the slots mean, by their own words: name, area, floor, domain, device class."""
    slots, domain = sentence.slots, _domain(sentence.intent, sentence.slots)
    found = list(sentence.home.entities.values())
    if slots.get("name"):
        found = [e for e in found if e.name.casefold() == str(slots["name"]).casefold()]
    else:
        found = [e for e in found if e.domain == domain]
        if slots.get("device_class"):
            found = [e for e in found if e.device_class == slots["device_class"]]
    area = slots.get("area") or (None if slots.get("name") or slots.get("floor") else sentence.area)
    if area:
        found = [e for e in found if (e.area or "").casefold() == str(area).casefold()] or found
    if slots.get("floor"):
        floor = str(slots["floor"])
        found = [e for e in found if sentence.floors.get(e.area or "") == floor]
    return found
