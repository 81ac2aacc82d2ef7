"""Which passages hold the words of a question: FTS5 over the words that `core.knowledge` cuts.

The index keeps no text. A row is a passage; `scope` holds one word for its collection, so that only
what may be asked is looked at, `body` the words. BM25: Robertson and Zaragoza, 2009.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from laresd.backends.sqlite import Connection

Cut = Callable[[str], Iterable[str]]
"""A text's words."""


def create(db: Connection) -> None:
    db.execute("DROP TABLE IF EXISTS words")
    db.execute(
        "CREATE VIRTUAL TABLE words USING fts5(scope, body, content='', contentless_delete=1, "
        "tokenize='unicode61 remove_diacritics 0')"
    )


def put(db: Connection, rows: Iterable[tuple[int, str, str]], cut: Cut) -> None:
    """(passage, collection, text) each."""
    db.executemany(
        "INSERT INTO words (rowid, scope, body) VALUES (?, ?, ?)",
        ((passage, _scope(collection), " ".join(cut(text))) for passage, collection, text in rows),
    )


def drop(db: Connection, passages: Iterable[int]) -> None:
    db.executemany("DELETE FROM words WHERE rowid = ?", ((passage,) for passage in passages))


def search(
    db: Connection, asked: Sequence[str], collections: Sequence[str], limit: int
) -> list[tuple[int, float]]:
    """(passage, BM25) of those that hold any of the words, best first; higher is better."""
    if not asked or not collections:
        return []
    match = f"scope : ({_any(map(_scope, collections))}) AND body : ({_any(asked)})"
    rows = db.execute(
        "SELECT rowid, bm25(words, 0.0, 1.0) AS score FROM words WHERE words MATCH ? "
        "ORDER BY score LIMIT ?",
        (match, limit),
    )
    return [(int(str(passage)), -float(str(score))) for passage, score in rows]


def _any(words: Iterable[str]) -> str:
    quoted = ('"' + word.replace('"', '""') + '"' for word in words)
    return " OR ".join(quoted)


def _scope(collection: str) -> str:
    """One word that the tokenizer leaves whole, whatever the name."""
    return "c" + collection.encode().hex()
