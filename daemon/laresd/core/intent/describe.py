"""Whether words describe an entity: its name or a part of it, its room, its kind. Bounded."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from rapidfuzz.distance import OSA

from laresd.core.intent.abilities import is_class, is_like
from laresd.core.intent.pieces import Piece
from laresd.core.intent.senses import Kind, Lexicon
from laresd.core.intent.targets import same_area
from laresd.core.intent.text import tokens
from laresd.types import Entity

SHORTEST_FUZZY = 5  # letters: shorter words are too alike ("deck", "desk")
LONG = 8  # letters from which two may differ


class Fit(IntEnum):
    """How well words describe an entity."""

    NOT = 0
    NEARLY = 1  # heard almost right
    WELL = 2


def fit(pieces: Sequence[Piece], entity: Entity, lexicon: Lexicon) -> Fit:
    """How well all the pieces together describe the entity: as well as the worst of them."""
    return min((_fit(piece, entity, lexicon) for piece in pieces), default=Fit.NOT)


def fully_named(pieces: Sequence[Piece], entity: Entity, lexicon: Lexicon) -> int:
    """Words of the longest of the entity's names that is there whole; 0 when none is."""
    said = [word for piece in pieces for word in piece.words]
    return max(
        len(name) if name and all(_has(said, word, lexicon) for word in name) else 0
        for name in _names(entity)
    )


def in_name(piece: Piece, entity: Entity, lexicon: Lexicon) -> bool:
    """Whether one of the entity's names has these words."""
    return any(_in_name(piece, name, lexicon) is Fit.WELL for name in _names(entity))


def is_of_kind(entity: Entity, kind: Kind) -> bool:
    if entity.domain not in kind.domains:
        return False
    if not kind.device_class or entity.domain == "lock":
        return True
    return is_class(entity, kind.device_class) or is_like(entity, kind.device_class)


def _fit(piece: Piece, entity: Entity, lexicon: Lexicon) -> Fit:
    sense = piece.sense
    if sense is not None:
        if entity.entity_id in sense.names:
            return Fit.WELL
        if sense.area and same_area(entity, sense.area):
            return Fit.WELL
        if sense.kind is not None and is_of_kind(entity, sense.kind):
            return Fit.WELL
    return max(_in_name(piece, name, lexicon) for name in _names(entity))


def _in_name(piece: Piece, name: tuple[str, ...], lexicon: Lexicon) -> Fit:
    if not piece.joined.isascii() and piece.joined in "".join(name):
        return Fit.WELL
    if all(_has(name, word, lexicon) for word in piece.words):
        return Fit.WELL
    if piece.sense is None and all(_nearly_has(name, word) for word in piece.words):
        return Fit.NEARLY
    return Fit.NOT


def _names(entity: Entity) -> list[tuple[str, ...]]:
    return [tokens(name) for name in (entity.name, *entity.aliases)]


def _has(words: Sequence[str], wanted: str, lexicon: Lexicon) -> bool:
    return any(_same_word(word, wanted, lexicon) for word in words)


def _same_word(one: str, other: str, lexicon: Lexicon) -> bool:
    """The same word, inflected or not."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= 3 and any(long == short + ending for ending in lexicon.endings)


def _nearly_has(words: Sequence[str], wanted: str) -> bool:
    return any(_alike(word, wanted) for word in words)


def _alike(one: str, other: str) -> bool:
    """Words that differ by a slip of the ear or the pen; never numbers."""
    shorter = min(len(one), len(other))
    if shorter < SHORTEST_FUZZY or not one.isalpha() or not other.isalpha():
        return False
    most = 2 if shorter >= LONG else 1
    return OSA.distance(one, other, score_cutoff=most) <= most
