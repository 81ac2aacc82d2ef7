"""Passages that say nearly the same, as in copies and versions of a document, are shown once. Pure.

Two texts are compared by their runs of three words (w-shingles: Broder, 1997). Texts that differ in
a number are never the same: which of them is right is for the reader to see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from laresd.core.knowledge.words import words
from laresd.documents import Found

ALIKE = 0.9  # of all runs of either text are in both
RUN = 3  # words


@dataclass(frozen=True, slots=True)
class _Shape:
    runs: frozenset[tuple[str, ...]]
    numbers: frozenset[str]

    def is_like(self, other: _Shape) -> bool:
        both, either = len(self.runs & other.runs), len(self.runs | other.runs)
        return self.numbers == other.numbers and both >= ALIKE * either


def folded(found: Sequence[Found]) -> list[Found]:
    """In the same order, of those that are alike the first; the documents of the others are its
    `duplicates`.
    """
    kept: list[Found] = []
    shapes: list[_Shape] = []
    for each in found:
        shape = _shape(each.passage.text)
        at = next((at for at, known in enumerate(shapes) if known.is_like(shape)), None)
        if at is None:
            kept.append(each)
            shapes.append(shape)
        else:
            kept[at] = _with(kept[at], each)
    return kept


def _with(first: Found, other: Found) -> Found:
    documents = dict.fromkeys((*first.duplicates, other.document.id, *other.duplicates))
    documents.pop(first.document.id, None)
    return replace(first, duplicates=tuple(documents))


def _shape(text: str) -> _Shape:
    said = tuple(words(text))
    last = max(1, len(said) - RUN + 1)
    return _Shape(
        frozenset(said[at : at + RUN] for at in range(last)),
        frozenset(word for word in said if any(map(str.isdecimal, word))),
    )
