"""What entities are called: names, ids that stay the same, rooms. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from laresd.backends.home.discovery import Component

SPELLED = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "ø": "o", "æ": "ae", "ł": "l"})
DESCRIBING = frozenset({"sensor", "binary_sensor"})  # named after what they measure


def name(component: Component) -> str:
    """The spoken name: the device's, the entity's, or both where neither says enough.

    A name of null means that the entity is the device's main one and is called like it.
    """
    own, device = _spoken(component.text("name")), _spoken(_device_name(component))
    if "name" not in component.values and component.platform in DESCRIBING:
        own = _spoken(component.text("device_class"))
    if not own:
        return device or _spoken(component.object_id)
    if not device or own.casefold().startswith(device.casefold()):
        return own
    return f"{device} {own}"


def _device_name(component: Component) -> str:
    value = component.device.get("name")
    return value if isinstance(value, str) else ""


def _spoken(text: str) -> str:
    """Without the signs that bridges put between words: kitchen/desk_lamp."""
    return " ".join(re.sub(r"[_/]+", " ", text).split())[:128]


def slug(text: str) -> str:
    """Lower-case letters, digits and _; letters of other scripts stay as they are."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(SPELLED))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"\W+", "_", plain).strip("_") or "unnamed"


def wished_id(component: Component) -> str:
    """The entity id that the device asks for, or that follows from its name."""
    default = component.text("default_entity_id").rpartition(".")[2]
    wish = default or component.text("object_id") or name(component)
    return f"{component.platform}.{slug(wish)}"


def ids(components: Iterable[Component]) -> dict[str, str]:
    """Component key to entity id: unique, and the same whatever order the devices came in."""
    taken: set[str] = set()
    result: dict[str, str] = {}
    wishes = sorted((wished_id(item), _identity(item), item.key) for item in components)
    for wish, _, key in wishes:
        entity_id, number = wish, 2
        while entity_id in taken:
            entity_id, number = f"{wish}_{number}", number + 1
        taken.add(entity_id)
        result[key] = entity_id
    return result


def _identity(component: Component) -> str:
    return component.text("unique_id") or component.key


def area(component: Component) -> str | None:
    """The room that the device itself suggests."""
    value = component.device.get("suggested_area")
    return " ".join(value.split()) or None if isinstance(value, str) else None


def area_in(text: str, areas: Iterable[str]) -> str | None:
    """The longest known room that is named in a device's name."""
    for known in sorted(areas, key=lambda item: (-len(item), item)):
        bounded = rf"\b{re.escape(known)}\b" if known.isascii() else re.escape(known)
        if re.search(bounded, text, re.IGNORECASE):
            return known
    return None


def same_spelling(areas: Iterable[str]) -> Mapping[str, str]:
    """Case-folded room to the one spelling that is used for it."""
    return {item.casefold(): item for item in sorted(areas, reverse=True)}
