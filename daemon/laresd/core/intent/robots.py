"""Vacuums that are asked for one room. They can only be started: which rooms they clean is theirs.

A room that tells which robot is meant ("the vacuum in the hall") is no such wish; one that is said
beside its name, or to be cleaned, is.
"""

from __future__ import annotations

from collections.abc import Sequence

from laresd.core.intent.clause import Clause
from laresd.core.intent.deeds import Verb
from laresd.core.intent.describe import Fit, fit
from laresd.core.intent.meaning import Problem, Trouble
from laresd.core.intent.pieces import Piece
from laresd.core.intent.senses import Lexicon
from laresd.types import Entity

_VACUUM = "vacuum"


def one_room_only(
    group: Sequence[Piece],
    clause: Clause,
    meant: Sequence[Entity],
    able: Sequence[Entity],
    *,
    lexicon: Lexicon,
    here: str | None,
) -> Problem | None:
    """Why this is not done, where a vacuum is to clean one room. `meant`: the devices that are
    described, none where no device fits the room as well; `able`: all that can be started. `here`:
    the room where it was said.
    """
    rooms = [piece for piece in group if _is_room(piece)]
    if Verb.START not in clause.verbs or len(rooms) + clause.here != 1:
        return None
    rest = [piece for piece in group if piece not in rooms]
    cleaning = _VACUUM in clause.implied
    named = bool(rest) and not any(piece.sense and piece.sense.kind for piece in rest)
    if meant and not (cleaning or named):
        return None  # the room tells which one is meant
    robots = [entity for entity in meant or able if entity.domain == _VACUUM]
    if not meant and (rest or not cleaning):
        robots = [entity for entity in robots if fit(rest, entity, lexicon) is Fit.WELL]
    if len(robots) != 1:
        return None
    area = here if clause.here else rooms[0].sense and rooms[0].sense.area
    if not area:
        return Problem(Trouble.UNSUPPORTED, {"name": robots[0].name})
    return Problem(Trouble.ONE_ROOM, {"name": robots[0].name, "area": area})


def _is_room(piece: Piece) -> bool:
    return piece.sense is not None and bool(piece.sense.area) and not piece.sense.names
