"""One order from two: of the words and of the vectors. Pure.

Reciprocal rank fusion: Cormack, Clarke and Buettcher, SIGIR 2009. A leg that does not know the
language of a question has no weight, since its order is noise that would pull the other down.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from laresd.language import main_language

CALM = 60.0  # of the paper: how little the first ranks count more than the next

K = TypeVar("K", bound=Hashable)


def fused(legs: Sequence[tuple[float, Sequence[K]]]) -> list[tuple[K, float]]:
    """The keys of all legs, best first, with their scores. A leg: its weight, and its keys from
    the best; a leg of weight 0 adds nothing, not even keys.
    """
    scores: dict[K, float] = {}
    for weight, keys in legs:
        if weight <= 0.0:
            continue
        for rank, key in enumerate(keys, 1):
            scores[key] = scores.get(key, 0.0) + weight / (CALM + rank)
    return sorted(scores.items(), key=lambda pair: -pair[1])


def vector_weight(language: str, known: Mapping[str, float]) -> float:
    """How much the vectors count for a question in this language: 0 where the embedding model does
    not know it. `known`: by main language, as the model's card says; "*" for all others.
    """
    return known.get(main_language(language), known.get("*", 0.0))
