"""Text cut where a speaker breathes, into pieces that are spoken one after the other. Pure.

Nothing of the text is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONG = 300  # characters of a piece at most
FIRST = 60  # of the first one, where it can be cut there and its sound should be there early
SENTENCE_PAUSE, CLAUSE_PAUSE = 0.25, 0.1  # seconds

_SENTENCE = re.compile(r"[.!?…]+[)\"'”’»\]]*(?=\s)|[。！？]+[”’」』）]*")
_CLAUSE = re.compile(r"[,;:](?=\s)|[，；：、]|(?<=\s)[–—-](?=\s)")
_WORD = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Piece:
    """`pause`: seconds of silence after it, 0 after the last."""

    text: str
    pause: float = 0.0


def speakable(text: str) -> str:
    """One line of plain text: no control characters, and no [[phonemes]] of espeak-ng's own."""
    plain = "".join(c if c.isprintable() and c not in "[]" else " " for c in text)
    return " ".join(plain.split())


def pieces(text: str, first: int = LONG) -> list[Piece]:
    """Of speakable text. `first`: characters of the first one, if a clause ends there."""
    found: list[Piece] = []
    for sentence in _cut(text, _SENTENCE):
        parts = list(_short(sentence, LONG if found else first))
        found += [Piece(part, CLAUSE_PAUSE) for part in parts[:-1]]
        found += [Piece(part, SENTENCE_PAUSE) for part in parts[-1:]]
    return [*found[:-1], *(Piece(last.text) for last in found[-1:])]


def _short(text: str, most: int) -> Iterator[str]:
    """At the last clause that fits, else at the last word, else anywhere."""
    while len(text) > most:
        at = _last(text, _CLAUSE, most)
        if at is None and most < LONG:
            most = LONG  # a voice that breaks off between two words is worse than a late one
            continue
        at = at or _last(text, _WORD, most) or most
        yield text[:at].strip()
        text, most = text[at:].strip(), LONG
    if text:
        yield text


def _last(text: str, mark: re.Pattern[str], most: int) -> int | None:
    ends = [found.end() for found in mark.finditer(text[: most + 1]) if found.end() <= most]
    return ends[-1] if ends else None


def _cut(text: str, mark: re.Pattern[str]) -> Iterator[str]:
    at = 0
    for found in mark.finditer(text):
        yield text[at : found.end()].strip()
        at = found.end()
    if rest := text[at:].strip():
        yield rest
