"""Which entities a name, a room or a kind means. Never a guess: a Problem instead."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from laresd.core.intent.abilities import is_class, is_like
from laresd.core.intent.meaning import Problem, Trouble
from laresd.types import Entity, Home

Wanted = Callable[[Entity], bool]


def same_area(entity: Entity, area: str | None) -> bool:
    return area is not None and (entity.area or "").casefold() == area.casefold()


def on_floor(home: Home, floor: str) -> Home:
    """What of the home is in the rooms of a floor; nothing for a floor that is not known."""
    rooms = next((r for name, r in home.floors.items() if name.casefold() == floor.casefold()), ())
    inside = {key: e for key, e in home.entities.items() if any(same_area(e, r) for r in rooms)}
    return replace(home, entities=inside)


def has_name(entity: Entity, name: str) -> bool:
    """Whether the entity is called so, aliases included."""
    wanted = name.casefold().strip()
    return any(wanted == known.casefold().strip() for known in (entity.name, *entity.aliases))


def named(
    home: Home, name: str, wanted: Wanted, area: str | None, here: str | None
) -> list[Entity] | Problem:
    """The entities of this name, in `area` where one was said, else preferably `here`.

    All of them when they stand in one room; a Problem when they stand in several.
    """
    found = [e for e in home.entities.values() if wanted(e) and has_name(e, name)]
    if area is not None:
        found = [entity for entity in found if same_area(entity, area)]
    if not found:
        label = name if area is None else f"{name} ({area})"
        return Problem(Trouble.UNKNOWN_DEVICE, {"name": label})
    return one_room(found, here)


def one_room(found: Sequence[Entity], here: str | None) -> list[Entity] | Problem:
    """These entities, or those `here`, when all are in one room; else the question which."""
    if len({entity.area for entity in found}) <= 1:
        return list(found)
    nearby = [entity for entity in found if same_area(entity, here)]
    return nearby or ambiguous(found)


def ambiguous(found: Sequence[Entity]) -> Problem:
    return Problem(Trouble.AMBIGUOUS, {"ids": [entity.entity_id for entity in found]})


def of_kind(
    home: Home, domains: Collection[str], device_class: str = "", area: str | None = None
) -> list[Entity]:
    """All entities of these domains, of a class and in a room where these are given.

    Where nothing of the class is, what people call by the same word: curtains for blinds.
    """
    found = [
        entity
        for entity in home.entities.values()
        if entity.domain in domains and (area is None or same_area(entity, area))
    ]
    if not device_class:
        return found
    exact = [entity for entity in found if is_class(entity, device_class)]
    return exact or [entity for entity in found if is_like(entity, device_class)]


def the_one(home: Home, domain: str, here: str | None, busy: str = "") -> list[Entity] | Problem:
    """The entity that needs no name: the one here, the only one, or the one in state `busy`."""
    every = of_kind(home, (domain,))
    nearby = [entity for entity in every if same_area(entity, here)]
    active = [entity for entity in every if busy and home.state(entity.entity_id).state == busy]
    for group in (nearby, every, active):
        if len(group) == 1:
            return group
    if not every:
        return Problem(Trouble.NOTHING_THERE, {"kind": domain, "area": ""})
    return ambiguous(nearby or every)
