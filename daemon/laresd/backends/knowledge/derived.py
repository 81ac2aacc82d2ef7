"""The indexes that are made from the truth: which there are, and how far each is filled.

Each has a table of its own, so that a new one is filled beside the one that is searched. It is
filled by the passages' ids, which only grow: what is above `filled` comes when the filling reaches
it, what is not above is put in and dropped at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from laresd.backends.knowledge import vec0, vec1, words
from laresd.backends.sqlite import UNUSABLE, Connection

ALL = (1 << 62) - 1  # `filled` of a whole index


class Kind(StrEnum):
    WORDS = "words"
    VEC0 = "vec0"
    VEC1 = "vec1"


VERSIONS = {Kind.WORDS: words.VERSION, Kind.VEC0: vec0.VERSION, Kind.VEC1: vec1.VERSION}


@dataclass(frozen=True, slots=True)
class Derived:
    """`model`: 0 for words. `trained`: vectors that there were when it was begun. `recall`: as it
    was measured before an approximate one is searched.
    """

    id: int
    kind: Kind
    model: int
    version: int
    filled: int
    trained: int
    recall: float | None

    @property
    def table(self) -> str:
        return f"{self.kind}_{self.id}"

    @property
    def is_whole(self) -> bool:
        return self.filled == ALL


@dataclass(frozen=True, slots=True)
class Placed:
    """A passage's int8 vector and where the passage belongs."""

    passage: int
    source: int
    collection: str
    vector: bytes


def create(db: Connection) -> None:
    db.execute(
        """CREATE TABLE derived (
             id INTEGER PRIMARY KEY AUTOINCREMENT, -- its table is <kind>_<id>
             kind TEXT NOT NULL,
             model INTEGER NOT NULL, -- 0: words
             version INTEGER NOT NULL,
             filled INTEGER NOT NULL, -- the last passage that is in it
             trained INTEGER NOT NULL,
             recall REAL
           ) STRICT"""
    )
    begin(db, Kind.WORDS, filled=ALL)


def begin(
    db: Connection,
    kind: Kind,
    model: int = 0,
    *,
    width: int = 0,
    filled: int = 0,
    trained: int = 0,
    trained_as: bytes = b"",
) -> Derived:
    """A new one, empty. `trained_as`: vec1's model."""
    db.execute(
        "INSERT INTO derived (kind, model, version, filled, trained) VALUES (?, ?, ?, ?, ?)",
        (kind.value, model, VERSIONS[kind], filled, trained),
    )
    made = Derived(db.last_insert_rowid(), kind, model, VERSIONS[kind], filled, trained, None)
    match kind:
        case Kind.WORDS:
            words.create(db, made.table)
        case Kind.VEC0:
            vec0.create(db, made.table, width)
        case Kind.VEC1:
            vec1.create(db, made.table, trained_as)
    return made


def every(db: Connection) -> list[Derived]:
    found = db.execute(
        "SELECT id, kind, model, version, filled, trained, recall FROM derived ORDER BY id"
    )
    return [
        Derived(
            int(str(number)), Kind(str(kind)), int(str(model)), int(str(version)),
            int(str(filled)), int(str(trained)), None if recall is None else float(str(recall)),
        )
        for number, kind, model, version, filled, trained, recall in found
    ]  # fmt: skip


def of(db: Connection, model: int) -> list[Derived]:
    """Those of a model's vectors; 0: of words."""
    return [each for each in every(db) if each.model == model]


def get(db: Connection, number: int) -> Derived | None:
    return next((each for each in every(db) if each.id == number), None)


def searched(db: Connection, model: int) -> Derived | None:
    """The newest that is whole; while none is, the one that is being filled."""
    known = of(db, model)
    whole = [each for each in known if each.is_whole]
    return whole[-1] if whole else known[-1] if known else None


def reached(db: Connection, number: int, filled: int) -> None:
    db.execute("UPDATE derived SET filled = ? WHERE id = ?", (filled, number))


def measured(db: Connection, number: int, recall: float) -> None:
    db.execute("UPDATE derived SET recall = ? WHERE id = ?", (recall, number))


def put_vectors(db: Connection, index: Derived, rows: Iterable[Placed]) -> None:
    """Those that the filling has passed."""
    insert_vectors(db, index, (each for each in rows if each.passage <= index.filled))


def insert_vectors(db: Connection, index: Derived, due: Iterable[Placed]) -> None:
    """Of passages that are not in it."""
    if index.kind is Kind.VEC1:
        vec1.put(db, index.table, ((each.passage, each.source, each.vector) for each in due))
    else:
        vec0.put(db, index.table, ((each.passage, each.collection, each.vector) for each in due))


def drop_passages(db: Connection, passages: Sequence[int]) -> None:
    """From every index."""
    for index in every(db):
        there = [passage for passage in passages if passage <= index.filled]
        match index.kind:
            case Kind.WORDS:
                words.drop(db, index.table, there)
            case Kind.VEC0:
                vec0.drop(db, index.table, there)
            case Kind.VEC1:
                vec1.drop(db, index.table, there)


def discard(db: Connection, number: int) -> None:
    """Its table may be damaged, or of an extension that is not there: then it is left, and dropped
    when the file is opened next.
    """
    db.execute("DELETE FROM derived WHERE id = ?", (number,))
    drop_leftovers(db)


def drop_leftovers(db: Connection) -> None:
    known = {each.table for each in every(db)}
    for table in _tables(db):
        if table not in known:
            try:
                with db:
                    db.execute(f"DROP TABLE {table}")
            except UNUSABLE:
                continue


def unusable(db: Connection, *, thorough: bool) -> list[Derived]:
    """Those of another version, those that are not there, and those that are damaged. `thorough`:
    all of each is read.
    """
    there = set(_tables(db))
    return [
        each
        for each in every(db)
        if each.version != VERSIONS[each.kind]
        or each.table not in there
        or not _is_sound(db, each, thorough=thorough)
    ]


def _is_sound(db: Connection, index: Derived, *, thorough: bool) -> bool:
    try:
        counted = _count(db, index)
        if thorough and db.pragma("integrity_check", index.table) != "ok":
            return False
    except UNUSABLE:
        return False
    return not index.is_whole or counted == expected(db, index.model)


def _count(db: Connection, index: Derived) -> int:
    match index.kind:
        case Kind.WORDS:
            return words.count(db, index.table)
        case Kind.VEC0:
            return vec0.count(db, index.table)
        case Kind.VEC1:
            return vec1.count(db, index.table)


def expected(db: Connection, model: int) -> int:
    """Passages that a whole index holds."""
    of_model = "CROSS JOIN embedding ON embedding.content = passage.content AND model = ?"
    (count,) = db.execute(
        f"SELECT count(*) FROM passage {of_model if model else ''}", (model,) if model else ()
    ).fetchone() or (0,)
    return int(str(count))


def _tables(db: Connection) -> Iterator[str]:
    kinds = tuple(kind.value for kind in Kind)
    for (name,) in db.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'"
    ).fetchall():
        kind, _, number = str(name).rpartition("_")
        if kind in kinds and number.isdecimal():
            yield str(name)
