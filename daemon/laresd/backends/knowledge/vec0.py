"""sqlite-vec's vec0 over int8 vectors: exact, its time grows with their number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlite_vec

from laresd.backends.sqlite import Connection, load_extension

VERSION = 1  # of the layout: with another one it is made again
MOST = 4096  # neighbours that it gives


def load(db: Connection) -> None:
    """Into one connection. Raises what SQLite raises."""
    load_extension(db, str(sqlite_vec.loadable_path()))  # type: ignore[no-untyped-call]


def create(db: Connection, table: str, width: int) -> None:
    db.execute(
        f"CREATE VIRTUAL TABLE {table} USING vec0(passage INTEGER PRIMARY KEY, "
        f"collection TEXT PARTITION KEY, vector INT8[{width}] DISTANCE_METRIC=cosine)"
    )


def put(db: Connection, table: str, rows: Iterable[tuple[int, str, bytes]]) -> None:
    """(passage, collection, int8 vector) each, of passages that are not in it."""
    db.executemany(
        f"INSERT INTO {table} (passage, collection, vector) VALUES (?, ?, vec_int8(?))", rows
    )


def drop(db: Connection, table: str, passages: Iterable[int]) -> None:
    db.executemany(f"DELETE FROM {table} WHERE passage = ?", ((passage,) for passage in passages))


def count(db: Connection, table: str) -> int:
    (found,) = db.execute(f"SELECT count(*) FROM {table}_rowids").fetchone() or (0,)
    return int(str(found))


def search(
    db: Connection, table: str, vector: bytes, collections: Sequence[str], limit: int
) -> list[int]:
    """The passages nearest to an int8 vector in these collections, best first."""
    found: list[tuple[float, int]] = []
    for collection in collections:
        rows = db.execute(
            f"SELECT passage, distance FROM {table} WHERE vector MATCH vec_int8(?) AND k = ? "
            "AND collection = ?",
            (vector, min(limit, MOST), collection),
        )
        found += [(float(str(far)), int(str(passage))) for passage, far in rows]
    return [passage for _, passage in sorted(found)[:limit]]
