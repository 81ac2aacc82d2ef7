"""An answer in the documents' own sentences: the best ones, and what they lean on. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from laresd.core.knowledge import evidence
from laresd.core.knowledge.evidence import Spot
from laresd.core.knowledge.questions import Question
from laresd.documents import Found, Passage

MOST = 2  # sentences from different places
NEAR = 0.9  # of the best one's score, that a second must have to be said, too
MOST_BEFORE = 250  # characters of the sentence before, where it is needed to understand one
_LEANS = re.compile(
    r"(?:it|its|he|she|his|her|they|their|this|these|those|that|such|there|then|er|sie|es|sein\w*|"
    r"ihr\w*|dies\w*|jene\w*|dort|dann|damit)\b|[它他她这那此其]",
    re.IGNORECASE,
)


def chosen(question: Question, found: Sequence[Found], spots: Sequence[Spot]) -> Iterator[Spot]:
    """In the order in which they are said."""
    if not spots:
        return
    best = spots[0]
    yield from _with_what_it_leans_on(found[best.found].passage, best)
    for other in spots[1 : MOST + 3]:
        apart = other.found != best.found
        answers = evidence.answers(question, _text(found[other.found].passage, other)) > 0
        same = _text(found[other.found].passage, other) == _text(found[best.found].passage, best)
        if apart and answers and not same and other.score >= NEAR * best.score:
            yield other
            return


def _with_what_it_leans_on(passage: Passage, spot: Spot) -> Iterator[Spot]:
    """ "It was built in 1990." says nothing without the sentence before."""
    if _LEANS.match(_text(passage, spot)):
        before = [
            (start, end)
            for start, end in evidence.pieces(passage)
            if end <= spot.start and end - start <= MOST_BEFORE
        ]
        if before and not passage.text[before[-1][1] : spot.start].strip():
            yield Spot(spot.found, *before[-1], 0.0, 0.0)
    yield spot


def _text(passage: Passage, spot: Spot) -> str:
    return passage.text[spot.start : spot.end]
