"""Which passages mean what a question means: sqlite-vec's vec0 over int8 vectors, exact.

One table for each embedding model. Distances are cosine's; vectors are scaled so that their largest
number is 127, which a cosine does not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import sqlite_vec
from numpy.typing import NDArray

from laresd.backends.sqlite import Connection, load_extension

LARGEST = 127


def load_vec0(db: Connection) -> None:
    """sqlite-vec, into one connection."""
    load_extension(db, str(sqlite_vec.loadable_path()))  # type: ignore[no-untyped-call]


def coded(vectors: NDArray[np.float32]) -> list[bytes]:
    """int8 [width] for each row of float32 [rows, width]."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    largest[largest == 0.0] = 1.0
    return [row.tobytes() for row in np.rint(vectors * (LARGEST / largest)).astype(np.int8)]


def create(db: Connection, table: str, width: int) -> None:
    db.execute(f"DROP TABLE IF EXISTS {table}")
    db.execute(
        f"CREATE VIRTUAL TABLE {table} USING vec0(passage INTEGER PRIMARY KEY, "
        f"collection TEXT PARTITION KEY, vector INT8[{width}] DISTANCE_METRIC=cosine)"
    )


def put(db: Connection, table: str, rows: Iterable[tuple[int, str, bytes]]) -> None:
    """(passage, collection, int8 vector) each."""
    db.executemany(
        f"INSERT OR REPLACE INTO {table} (passage, collection, vector) VALUES (?, ?, vec_int8(?))",
        rows,
    )


def drop(db: Connection, table: str, passages: Iterable[int]) -> None:
    db.executemany(f"DELETE FROM {table} WHERE passage = ?", ((passage,) for passage in passages))


def search(
    db: Connection, table: str, vector: bytes, collections: Sequence[str], limit: int
) -> list[tuple[int, float]]:
    """(passage, cosine) of the nearest in these collections, best first."""
    found: list[tuple[int, float]] = []
    for collection in collections:
        rows = db.execute(
            f"SELECT passage, distance FROM {table} WHERE vector MATCH vec_int8(?) AND k = ? "
            "AND collection = ?",
            (vector, limit, collection),
        )
        found += [(int(str(passage)), 1.0 - float(str(far))) for passage, far in rows]
    return sorted(found, key=lambda pair: -pair[1])[:limit]
