"""Which passages hold the words of a question: FTS5 over the words that `core.knowledge` cuts.

The index keeps no text. A row is a passage; `scope` holds one word for its collection, so that only
what may be asked is looked at, `body` the words. BM25: Robertson and Zaragoza, 2009.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from laresd.backends.knowledge.rows import NO_BOUNDS, Bounds
from laresd.backends.sqlite import Connection

VERSION = 1  # of the layout and of the words: with another one it is made again

Cut = Callable[[str], Iterable[str]]
"""A text's words."""


def create(db: Connection, table: str) -> None:
    db.execute(
        f"CREATE VIRTUAL TABLE {table} USING fts5(scope, body, content='', contentless_delete=1, "
        "tokenize='unicode61 remove_diacritics 0')"
    )


def put(db: Connection, table: str, rows: Iterable[tuple[int, str, str]], cut: Cut) -> None:
    """(passage, collection, text) each."""
    db.executemany(
        f"INSERT INTO {table} (rowid, scope, body) VALUES (?, ?, ?)",
        ((passage, _scope(collection), " ".join(cut(text))) for passage, collection, text in rows),
    )


def drop(db: Connection, table: str, passages: Iterable[int]) -> None:
    db.executemany(f"DELETE FROM {table} WHERE rowid = ?", ((passage,) for passage in passages))


def count(db: Connection, table: str) -> int:
    (found,) = db.execute(f"SELECT count(*) FROM {table}_docsize").fetchone() or (0,)
    return int(str(found))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The `limit` passages that hold most of these words, of these collections (None: of all),
    within these bounds.
    """

    asked: Sequence[str]
    collections: Sequence[str] | None
    limit: int
    bounds: Bounds = NO_BOUNDS


def search(db: Connection, table: str, wanted: Wanted) -> list[tuple[int, float]]:
    """(passage, BM25), best first; higher is better."""
    if not wanted.asked or wanted.collections == []:
        return []
    match = f"body : ({_any(wanted.asked)})"
    if wanted.collections is not None:
        match = f"scope : ({_any(map(_scope, wanted.collections))}) AND {match}"
    join = where = ""
    if wanted.bounds.condition:
        join = (
            f"CROSS JOIN passage ON passage.id = {table}.rowid "
            "CROSS JOIN document ON document.id = passage.document "
        )
        where = f"AND {wanted.bounds.condition} "
    rows = db.execute(
        f"SELECT {table}.rowid, bm25({table}, 0.0, 1.0) AS score FROM {table} {join}"
        f"WHERE {table} MATCH ? {where}ORDER BY score LIMIT ?",
        (match, *wanted.bounds.values, wanted.limit),
    )
    return [(int(str(passage)), -float(str(score))) for passage, score in rows]


def _any(words: Iterable[str]) -> str:
    quoted = ('"' + word.replace('"', '""') + '"' for word in words)
    return " OR ".join(quoted)


def _scope(collection: str) -> str:
    """One word that the tokenizer leaves whole, whatever the name."""
    return "c" + collection.encode().hex()
