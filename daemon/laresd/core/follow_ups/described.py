"""Whom a few words without a verb mean: "the bedroom", "the fan", "the lamp in the office".

Strict: every word must be a name, a part of one, a room, a kind of device, or empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from laresd.core.intent.abilities import is_class
from laresd.core.intent.clause import groups_of
from laresd.core.intent.describe import Fit, fit, fully_named
from laresd.core.intent.meaning import Problem, Trouble
from laresd.core.intent.pieces import Piece, cut
from laresd.core.intent.senses import Lexicon, Sense
from laresd.core.intent.targets import ambiguous, one_room, same_area
from laresd.types import Entity, Home

MAX_PIECES = 8
Able = Callable[[Entity], bool]


def descriptions(
    text: str, lexicon: Lexicon, home: Home
) -> tuple[tuple[tuple[Piece, ...], ...], bool] | None:
    """What is described, a group for each target, and whether all of a kind are meant.

    None when a word is anything else than a description.
    """
    pieces = cut(text, lexicon, home)
    if len(pieces) > MAX_PIECES:
        return None
    every = False
    described: list[Piece] = []
    for piece in pieces:
        sense = piece.sense
        if sense is None or _describes(sense) or sense.link:
            described.append(piece)
        elif sense.every:
            every = True
        elif not sense.filler or sense.number is not None:
            return None
    groups = groups_of(described)
    return (groups, every) if groups else None


def found(
    group: Sequence[Piece],
    every: bool,
    *,
    like: Entity | None,
    able: Able,
    home: Home,
    here: str | None,
    lexicon: Lexicon,
) -> list[Entity] | Problem | None:
    """The entities that a description means among those that are able.

    `like`: what was spoken of before; a room alone means what is of its kind there. None when the
    words mean nothing in this home.
    """
    entities = list(home.entities.values())
    rooms = [piece.sense.area for piece in group if piece.sense is not None and piece.sense.area]
    if len(rooms) == len(group):
        return _in_room(rooms, like, [e for e in entities if able(e)])
    well = [entity for entity in entities if fit(group, entity, lexicon) is Fit.WELL]
    can = [entity for entity in well if able(entity)]
    if not well:
        return None
    if not can:
        return Problem(Trouble.UNSUPPORTED, {"name": well[0].name}) if len(well) == 1 else None
    lengths = {entity.entity_id: fully_named(group, entity, lexicon) for entity in can}
    longest = max(lengths.values())
    if longest and not _all_kinds(group):
        return one_room([e for e in can if lengths[e.entity_id] == longest], here)
    many = every or any(
        piece.sense and piece.sense.kind and piece.sense.kind.many for piece in group
    )
    if many or len(can) == 1:
        return can
    nearby = [] if rooms else [entity for entity in can if same_area(entity, here)]
    return nearby if len(nearby) == 1 else ambiguous(can)


def is_like(entity: Entity, other: Entity) -> bool:
    """Whether both are of one kind, so that what was said of one may be said of the other."""
    if entity.domain != other.domain:
        return False
    if entity.domain != "cover" or not other.device_class or not entity.device_class:
        return True
    return is_class(entity, other.device_class)


def _in_room(
    rooms: Sequence[str], like: Entity | None, able: Sequence[Entity]
) -> list[Entity] | Problem | None:
    if like is None or len(set(rooms)) != 1:
        return None
    there = [e for e in able if same_area(e, rooms[0]) and is_like(e, like)]
    if not there:
        return Problem(Trouble.NOTHING_THERE, {"kind": like.domain, "area": rooms[0]})
    if len(there) > 1 and like.domain not in ("light", "fan", "cover"):
        return ambiguous(there)
    return there


def _describes(sense: Sense) -> bool:
    return sense.kind is not None or bool(sense.area or sense.names)


def _all_kinds(group: Sequence[Piece]) -> bool:
    """Rooms and kinds only, none of them the name of a device."""
    return all(
        piece.sense is not None and not piece.sense.names and _describes(piece.sense)
        for piece in group
    )
