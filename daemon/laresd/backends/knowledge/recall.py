"""How many of the nearest an approximate index finds: some stored vectors are searched with it and
exactly, in short reads, so that a search between them does not wait.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from laresd.backends.knowledge import derived, embeddings, nearest, rows, vectors
from laresd.backends.knowledge.derived import Derived
from laresd.backends.knowledge.embeddings import Model
from laresd.backends.knowledge.nearest import Wanted
from laresd.backends.sqlite import Connection, Database

SAMPLES = 50
NEAREST = 11  # the vector itself and ten others
_PIECE = 2000  # vectors of one read
_SAME = 1e-5  # between two cosines that are one


async def measured(database: Database, of: Model, index: Derived) -> float | None:
    """0 to 1, of the nearest of each; 1 where there is nothing to find, None when the index is
    discarded meanwhile. Equally near ones stand for each other. Raises what the database raises.
    """
    codes = await database.read(partial(embeddings.sample, of=of, wanted=SAMPLES))
    if not codes:
        return 1.0
    samples = vectors.units(codes)
    best = await _exact(database, of, index.filled, samples)
    found = 0
    for asked, exact in zip(samples, best, strict=True):
        near = await database.read(partial(_approximate, of=of, index=index, asked=asked))
        if near is None:
            return None
        found += min(len(exact), sum(cosine >= exact[-1] - _SAME for _, cosine in near))
    return found / best.size


async def _exact(
    database: Database, of: Model, last: int, asked: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The cosines [asked, NEAREST] of the nearest up to the passage `last`, best first."""
    best = np.empty((len(asked), 0), np.float32)
    after, behind = 0, -1
    while behind < after < last:
        behind = after
        after, best = await database.read(
            partial(_better, of=of, after=behind, asked=asked, best=best)
        )
    return best


def _better(
    db: Connection,
    of: Model,
    after: int,
    asked: NDArray[np.float32],
    best: NDArray[np.float32],
) -> tuple[int, NDArray[np.float32]]:
    """With some passages more; the last of them."""
    last, placed = embeddings.placed_from(db, of.id, after, _PIECE)
    if placed:
        more = asked @ vectors.units([each.vector for each in placed]).T
        best = -np.sort(-np.concatenate([best, more], axis=1), axis=1)[:, :NEAREST]
    return last, best


def _approximate(
    db: Connection, of: Model, index: Derived, asked: NDArray[np.float32]
) -> vectors.Near | None:
    if derived.get(db, index.id) is None:
        return None
    collections = tuple({each.collection for each in rows.sources(db)})
    return nearest.by_index(db, of, index, Wanted(asked, collections, NEAREST))
