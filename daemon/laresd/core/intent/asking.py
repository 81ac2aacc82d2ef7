"""Questions about states: whom they are about, and whether a state is the one asked for."""

from __future__ import annotations

from laresd.core.intent.abilities import is_class
from laresd.core.intent.meaning import Problem, Trouble
from laresd.core.intent.targets import ambiguous, of_kind, same_area
from laresd.types import Entity, EntityState, Home

OPENINGS = frozenset({"door", "garage_door", "window", "opening", "garage", "gate"})


def asked_about(
    home: Home, domain: str, device_class: str, area: str | None
) -> list[Entity] | Problem:
    """The entities of a kind; contact sensors count as the window or door that they watch."""
    found = of_kind(home, (domain,), device_class, area)
    if device_class:
        sensors = of_kind(home, ("binary_sensor",), "", area)
        found += [e for e in sensors if e.device_class and is_class(e, device_class)]
    if not found:
        return Problem(Trouble.NOTHING_THERE, {"kind": device_class or domain, "area": area or ""})
    return found


def thermometers(home: Home, area: str | None, here: str | None) -> list[Entity] | Problem:
    """Who tells the temperature in `area`, here, or (when it is the only one) in the home."""
    every = [e for e in home.entities.values() if _is_thermometer(e)]
    if area is not None:
        found = [entity for entity in every if same_area(entity, area)]
    else:
        found = [entity for entity in every if same_area(entity, here)] or every
    if not found:
        return Problem(Trouble.NOTHING_THERE, {"kind": "temperature", "area": area or ""})
    sensors = [entity for entity in found if entity.domain == "sensor"]
    climates = [entity for entity in found if entity.domain == "climate"]
    for group in (climates, sensors):
        if len(group) == 1:
            return group
    if len({entity.area for entity in found}) == 1:
        return found[:1]
    return ambiguous(found)


def _is_thermometer(entity: Entity) -> bool:
    if entity.domain == "climate":
        return True
    return entity.domain == "sensor" and entity.device_class == "temperature"


def holds(entity: Entity, state: EntityState, wanted: str) -> bool:
    """Whether the entity is in the state asked about ("open", "on", "locked")."""
    return spoken_state(entity, state) == wanted or state.state == wanted


def spoken_state(entity: Entity, state: EntityState) -> str:
    """The state in the words of questions: a contact sensor that is on is open."""
    if entity.domain == "binary_sensor" and state.state in ("on", "off"):
        if entity.device_class in OPENINGS:
            return "open" if state.state == "on" else "closed"
        if entity.device_class == "lock":
            return "unlocked" if state.state == "on" else "locked"
    return state.state
