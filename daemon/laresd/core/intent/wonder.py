"""Questions that the sentence templates know only with a room: how warm is it, what day is it.

As conservative as the tolerant grammar: every word is one of the question, the room, or filler.
"""

from __future__ import annotations

from laresd.core.intent.asking import thermometers
from laresd.core.intent.lexicons import lexicon
from laresd.core.intent.meaning import Ask, Meaning, Problem, Question
from laresd.core.intent.pieces import Piece, cut
from laresd.core.intent.senses import Lexicon
from laresd.types import Home

MAX_CHARACTERS = 100


def asked(text: str, language: str, home: Home, here: str | None) -> Meaning | None:
    """The question, if the text is surely one of these."""
    words = lexicon(language)
    if words is None or len(text) > MAX_CHARACTERS:
        return None
    pieces = cut(text, words, home)
    if not any(_all_in(piece, words.questions) for piece in pieces):
        return None
    areas = [piece.sense.area for piece in pieces if piece.sense is not None and piece.sense.area]
    if _only(pieces, words.warmth, words) and len(areas) <= 1:
        return _temperature(home, areas[0] if areas else None, here)
    if _only(pieces, words.day, words) and not areas:
        return Meaning("loose_date", question=Question(Ask.DATE))
    return None


def _temperature(home: Home, area: str | None, here: str | None) -> Meaning:
    found = thermometers(home, area, here)
    if isinstance(found, Problem):
        return Meaning("loose_temperature", problem=found)
    ids = tuple(entity.entity_id for entity in found)
    return Meaning("loose_temperature", question=Question(Ask.TEMPERATURE, ids))


def _only(pieces: list[Piece], topic: frozenset[str], words: Lexicon) -> bool:
    """Whether the pieces are about the topic and about nothing else."""
    rest = [piece for piece in pieces if not _all_in(piece, topic)]
    return len(rest) < len(pieces) and all(
        _all_in(piece, words.questions)
        or (piece.sense is not None and (piece.sense.filler or bool(piece.sense.area)))
        for piece in rest
    )


def _all_in(piece: Piece, known: frozenset[str]) -> bool:
    return all(word in known for word in piece.words)
