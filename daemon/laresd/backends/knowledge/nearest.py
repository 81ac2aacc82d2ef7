"""The passages nearest to a vector: by the index that there is, or exactly where they are few."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from laresd.backends.knowledge import rows, vec0, vec1, vectors
from laresd.backends.knowledge.derived import Derived, Kind
from laresd.backends.knowledge.embeddings import Model
from laresd.backends.knowledge.rows import NO_BOUNDS, Bounds
from laresd.backends.knowledge.vectors import Near
from laresd.backends.sqlite import Connection

FEW = 4000  # passages within a query's bounds that are all looked at
LOOKED_AT = 8  # vectors that are compared exactly for each that is wanted, of those vec1 gives
LOOKED_AT_LEAST = 200
CODED_LOOKED_AT = 2  # the same of those vec0 gives: it knows the question in int8 alone
_AT_ONCE = 2000  # vectors that are compared together


@dataclass(frozen=True, slots=True)
class Wanted:
    """The `limit` passages nearest to `asked` (of length 1), of these collections, within these
    bounds.
    """

    asked: NDArray[np.float32]
    collections: Sequence[str]
    limit: int
    bounds: Bounds = NO_BOUNDS


def search(db: Connection, of: Model, index: Derived, wanted: Wanted) -> Near:
    """Best first."""
    if not wanted.bounds.condition:
        return by_index(db, of, index, wanted)
    if rows.count_within(db, wanted.bounds, FEW + 1) > FEW:
        wide = replace(wanted, limit=min(wanted.limit * LOOKED_AT, vec0.MOST))
        near = by_index(db, of, index, wide)
        kept = rows.within(db, [passage for passage, _ in near], wanted.bounds)
        found = [(passage, cosine) for passage, cosine in near if passage in kept]
        if len(found) >= wanted.limit:
            return found[: wanted.limit]
    return _exactly(db, of, wanted)


def by_index(db: Connection, of: Model, index: Derived, wanted: Wanted) -> Near:
    """Without regard to bounds."""
    if index.kind is Kind.VEC0:
        (code,) = vectors.coded(wanted.asked[None])
        wide = min(CODED_LOOKED_AT * wanted.limit, vec0.MOST)
        near = vec0.search(db, index.table, code, wanted.collections, wide)
        return compared(db, of, wanted, near)
    sources = rows.sources_of(db, wanted.collections)
    if sources == []:
        return []
    wide = max(LOOKED_AT * wanted.limit, LOOKED_AT_LEAST)
    near = vec1.search(db, index.table, wanted.asked, sources, wide)
    return compared(db, of, wanted, near)


def compared(db: Connection, of: Model, wanted: Wanted, passages: Sequence[int]) -> Near:
    """The nearest of these."""
    there: list[tuple[int, bytes]] = []
    for part in rows.parts(passages):
        there += _pairs(
            db.execute(
                "SELECT passage.id, vector FROM passage CROSS JOIN embedding ON model = ? "
                f"AND embedding.content = passage.content WHERE passage.id IN ({rows.marks(part)})",
                (of.id, *part),
            )
        )
    return vectors.nearest(wanted.asked, there, wanted.limit)


def _exactly(db: Connection, of: Model, wanted: Wanted) -> Near:
    """Each passage within the bounds is looked at."""
    found = db.execute(
        "SELECT passage.id, vector FROM document CROSS JOIN source ON source.id = document.source "
        "CROSS JOIN passage ON passage.document = document.id "
        "CROSS JOIN embedding ON model = ? AND embedding.content = passage.content "
        f"WHERE source.collection IN ({rows.marks(wanted.collections)}) "
        f"AND {wanted.bounds.condition}",
        (of.id, *wanted.collections, *wanted.bounds.values),
    )
    best: Near = []
    while part := _pairs(islice(found, _AT_ONCE)):
        best += vectors.nearest(wanted.asked, part, wanted.limit)
    return sorted(best, key=lambda pair: -pair[1])[: wanted.limit]


def _pairs(found: Iterable[tuple[object, ...]]) -> list[tuple[int, bytes]]:
    return [(int(str(passage)), rows.as_bytes(vector)) for passage, vector in found]
