"""Passages that follow each other in their document become one, so that what was cut apart is read
together. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from laresd.documents import Found, Passage

MOST_TOKENS = 600  # of what is joined
GAPS = ("", " ", "\n\n")  # between neighbours, by its length: cut at a sentence, or at a block


def joined(found: Sequence[Found], most_tokens: int = MOST_TOKENS) -> list[Found]:
    """Best first. A passage takes up its neighbours among `found`, the better ones first, and
    stands where the best of them stood. Only what is the document's own text, under the same
    headings, on the same page: a citation stays exact.
    """
    kept: list[Found] = []
    for each in found:
        merged = each
        while (at := _beside(kept, merged, most_tokens)) is not None:
            merged = _one(kept.pop(at), merged)
        kept.append(merged)
        kept.sort(key=lambda one: -one.score)
    return kept


def _beside(kept: Sequence[Found], new: Found, most_tokens: int) -> int | None:
    for at, each in enumerate(kept):
        fits = each.passage.tokens + new.passage.tokens <= most_tokens
        if fits and each.document.id == new.document.id and _in_order(each, new) is not None:
            return at
    return None


def _in_order(one: Found, other: Found) -> tuple[Passage, Passage] | None:
    first, second = sorted((one.passage, other.passage), key=lambda passage: passage.place.start)
    here, there = first.place, second.place
    is_near = 0 <= there.start - here.end < len(GAPS)
    is_own = all(len(each.text) == each.place.end - each.place.start for each in (first, second))
    same = replace(here, start=0, end=0) == replace(there, start=0, end=0)
    return (first, second) if is_near and is_own and same else None


def _one(one: Found, other: Found) -> Found:
    order = _in_order(one, other)
    assert order is not None
    first, second = order
    text = first.text + GAPS[second.place.start - first.place.end] + second.text
    place = replace(first.place, end=second.place.end)
    better = max(one, other, key=lambda each: each.score)
    documents = dict.fromkeys((*one.duplicates, *other.duplicates))
    return replace(
        better,
        passage=Passage(text, place, first.tokens + second.tokens),
        similarity=_larger(one.similarity, other.similarity),
        words=_larger(one.words, other.words),
        duplicates=tuple(documents),
    )


def _larger(one: float | None, other: float | None) -> float | None:
    return max((each for each in (one, other) if each is not None), default=None)
