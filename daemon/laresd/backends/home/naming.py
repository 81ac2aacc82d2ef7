"""What entities are called: names, ids that stay the same, rooms. Pure."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from laresd.backends.home import text as plain
from laresd.backends.home.discovery import Component

SPELLED = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "ø": "o", "æ": "ae", "ł": "l"})
MAX_SLUG = 96
DESCRIBING = frozenset({"sensor", "binary_sensor"})  # named after what they measure


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one announcement says by itself about what it is called and where it is.

    `wish`: the entity id that it would have if no other wished for it. `room`: "" where it tells
    none. `identifiers`: of the device that it is a part of.
    """

    name: str
    wish: str
    identity: str
    room: str
    device: str
    identifiers: tuple[str, ...]


def spoken(component: Component) -> Spoken:
    called = name(component)
    return Spoken(
        name=called,
        wish=wished_id(component, called),
        identity=component.text("unique_id") or component.key,
        room=area(component) or "",
        device=component.device_name.casefold(),
        identifiers=tuple(sorted(component.identifiers)),
    )


def name(component: Component) -> str:
    """The spoken name: the device's, the entity's, or both where neither says enough.

    A name of null means that the entity is the device's main one and is called like it.
    """
    own, device = _spoken(component.text("name")), _spoken(component.device_name)
    if "name" not in component.values and component.platform in DESCRIBING:
        own = _spoken(component.text("device_class"))
    if not own:
        return device or _spoken(component.object_id)
    if not device or own.casefold().startswith(device.casefold()):
        return own
    return plain.name(f"{device} {own}")


def _spoken(text: str) -> str:
    """Without the signs that bridges put between words: kitchen/desk_lamp."""
    return plain.name(text.replace("_", " ").replace("/", " "))


def slug(text: str) -> str:
    """Lower-case letters, digits and _; letters of other scripts stay as they are."""
    low = text.casefold()
    if not low.isascii():
        apart = unicodedata.normalize("NFKD", low.translate(SPELLED))
        low = "".join(char for char in apart if not unicodedata.combining(char))
    return re.sub(r"\W+", "_", low).strip("_")[:MAX_SLUG].strip("_") or "unnamed"


def wished_id(component: Component, called: str) -> str:
    """The entity id that the device asks for, or that follows from its name."""
    default = component.text("default_entity_id").rpartition(".")[2]
    return f"{component.platform}.{slug(default or component.text('object_id') or called)}"


def ids(things: Mapping[str, Spoken]) -> dict[str, str]:
    """Entity id to key: unique, sorted, and the same whatever order the devices came in."""
    taken: dict[str, str] = {}
    for wish, _, key in sorted((item.wish, item.identity, key) for key, item in things.items()):
        entity_id, number = wish, 2
        while entity_id in taken:
            entity_id, number = f"{wish}_{number}", number + 1
        taken[entity_id] = key
    return dict(sorted(taken.items()))


def area(component: Component) -> str | None:
    """The room that the device itself suggests."""
    value = component.device.get("suggested_area")
    return plain.name(value, plain.AREA) or None if isinstance(value, str) else None


def shared_rooms(things: Iterable[Spoken]) -> Mapping[str, str]:
    """Device identifier to its room: one announcement of a device may tell it for the others."""
    rooms: dict[str, str] = {}
    for item in things:
        if item.room:
            rooms |= dict.fromkeys(item.identifiers, item.room)
    return rooms


def area_in(text: str, areas: Iterable[str]) -> str | None:
    """The longest known room that is named in a device's name."""
    found = _rooms(frozenset(areas)).search(text)
    return found[0] if found else None


@functools.lru_cache(maxsize=4)
def _rooms(areas: frozenset[str]) -> re.Pattern[str]:
    ordered = sorted((item for item in areas if item), key=lambda item: (-len(item), item))
    bounded = (rf"\b{re.escape(item)}\b" if item.isascii() else re.escape(item) for item in ordered)
    return re.compile("|".join(bounded) or r"(?!)", re.IGNORECASE)


def same_spelling(areas: Iterable[str]) -> Mapping[str, str]:
    """Case-folded room to the one spelling that is used for it."""
    return {item.casefold(): item for item in sorted(areas, reverse=True)}
