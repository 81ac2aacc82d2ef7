"""int8 vectors of texts, by the text's hash and the model: nothing is embedded twice, wherever the
text stands, whatever its document is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from laresd.backends.knowledge import rows
from laresd.backends.knowledge.derived import Placed
from laresd.backends.sqlite import Connection
from laresd.errors import Permanent

KEPT_S = 3600.0  # that vectors of a text are kept that is in no document: it may have been moved

_PLACED = (
    "SELECT passage.id, source.id, source.collection, vector FROM passage "
    "CROSS JOIN document ON document.id = passage.document "
    "CROSS JOIN source ON source.id = document.source "
)


@dataclass(frozen=True, slots=True)
class Model:
    """An embedding model whose vectors are kept. `key`: of vectors that may be compared. `checked`
    and `recall`: vectors that there were when the approximate index was measured last, and what it
    found; `refused`: vectors that there were when that was too little.
    """

    id: int
    key: str
    width: int
    checked: int | None = None
    recall: float | None = None
    refused: int | None = None


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A text that a model has no vector of yet. `content`: its hash; `passage`: one that has it."""

    content: bytes
    text: str
    passage: int


def models(db: Connection) -> list[Model]:
    """The oldest first."""
    found = db.execute("SELECT id, key, width, checked, recall, refused FROM model ORDER BY id")
    return [
        Model(
            int(str(number)), str(key), int(str(width)), _whole(checked),
            None if recall is None else float(str(recall)), _whole(refused),
        )
        for number, key, width, checked, recall, refused in found
    ]  # fmt: skip


def model(db: Connection, key: str) -> Model | None:
    return next((each for each in models(db) if each.key == key), None)


def add_model(db: Connection, key: str, width: int) -> Model:
    db.execute("INSERT INTO model (key, width) VALUES (?, ?)", (key, width))
    return Model(db.last_insert_rowid(), key, width)


def put(db: Connection, of: Model, made: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """(content, int8 vector) each. The contents that had none; those that no document says any
    more are left out.
    """
    if any(len(vector) != of.width for _, vector in made):
        raise Permanent(
            f"vectors of {of.key} have {of.width} numbers, not {len(made[0][1])}",
            remedy="is another model kept under the same name?",
        )
    vectors = dict(made)
    new: list[bytes] = []
    for part in rows.parts(list(vectors)):
        found = db.execute(
            f"SELECT DISTINCT content FROM passage WHERE content IN ({rows.marks(part)}) AND NOT "
            "EXISTS (SELECT 1 FROM embedding WHERE model = ? AND content = passage.content)",
            (*part, of.id),
        )
        new += [rows.as_bytes(content) for (content,) in found]
    db.executemany(
        "INSERT INTO embedding (model, content, vector) VALUES (?, ?, ?)",
        ((of.id, content, vectors[content]) for content in new),
    )
    return new


def placed(db: Connection, of: Model, contents: Sequence[bytes]) -> list[Placed]:
    """All passages that say these."""
    found: list[Placed] = []
    for part in rows.parts(contents):
        found += _placed(
            db.execute(
                _PLACED + "CROSS JOIN embedding ON model = ? "
                "AND embedding.content = passage.content "
                f"WHERE passage.content IN ({rows.marks(part)}) ORDER BY passage.id",
                (of.id, *part),
            )
        )
    return found


def of_document(db: Connection, of: Model, document: int) -> list[Placed]:
    """Its passages whose text was embedded before."""
    return _placed(
        db.execute(
            _PLACED + "CROSS JOIN embedding ON model = ? "
            "AND embedding.content = passage.content WHERE passage.document = ? ORDER BY ordinal",
            (of.id, document),
        )
    )


def placed_from(db: Connection, model_id: int, after: int, limit: int) -> tuple[int, list[Placed]]:
    """Of at most `limit` passages behind this one those with a vector, and the last passage that
    was looked at; `after` when there was none.
    """
    found = db.execute(
        _PLACED + "LEFT JOIN embedding ON model = ? "
        "AND embedding.content = passage.content WHERE passage.id > ? ORDER BY passage.id LIMIT ?",
        (model_id, after, limit),
    ).fetchall()
    last = int(str(found[-1][0])) if found else after
    return last, _placed(row for row in found if row[3] is not None)


def unembedded(db: Connection, of: Model | None, after: int, limit: int) -> list[Unembedded]:
    """Behind this passage, in order, each text once."""
    found = db.execute(
        "SELECT id, content FROM passage WHERE id > ? AND NOT EXISTS (SELECT 1 FROM embedding "
        "WHERE model = ? AND embedding.content = passage.content) ORDER BY id LIMIT ?",
        (after, of.id if of else 0, limit),
    )
    wanted: dict[bytes, int] = {}
    for number, content in found:
        wanted.setdefault(rows.as_bytes(content), int(str(number)))
    texts = rows.held(db, list(wanted.values()))
    return [
        Unembedded(content, rows.embedded_text(each.document.title, each.passage), number)
        for content, number in wanted.items()
        if (each := texts.get(number))
    ]


def last_passage(db: Connection) -> int:
    """0 where there is none."""
    (last,) = db.execute("SELECT max(id) FROM passage").fetchone() or (None,)
    return int(str(last or 0))


def count(db: Connection, of: Model) -> int:
    """Its vectors."""
    (found,) = db.execute(
        "SELECT count(*) FROM embedding WHERE model = ?", (of.id,)
    ).fetchone() or (0,)
    return int(str(found))


def is_whole(db: Connection, of: Model) -> bool:
    """Whether all that is said has a vector of this model."""
    found = db.execute(
        "SELECT 1 FROM passage WHERE NOT EXISTS (SELECT 1 FROM embedding WHERE model = ? "
        "AND embedding.content = passage.content) LIMIT 1",
        (of.id,),
    ).fetchone()
    return found is None


def contents_of(db: Connection, document: int) -> set[bytes]:
    found = db.execute("SELECT content FROM passage WHERE document = ?", (document,))
    return {rows.as_bytes(content) for (content,) in found}


def let_go(db: Connection, contents: set[bytes]) -> None:
    """Passages that said these are gone: what nobody says any more is kept for a while."""
    db.executemany(
        "INSERT OR IGNORE INTO unused (content) SELECT ?1 WHERE NOT EXISTS "
        "(SELECT 1 FROM passage WHERE content = ?1)",
        ((content,) for content in contents),
    )


def sweep(db: Connection, now: float, limit: int) -> bool:
    """Forget vectors that nobody has needed for KEPT_S; whether there may be more. `now`: wall
    seconds; a clock that is set back begins the wait again.
    """
    db.execute("UPDATE unused SET since = ?1 WHERE since IS NULL OR since > ?1", (now,))
    due = [
        (rows.as_bytes(content),)
        for (content,) in db.execute(
            "SELECT content FROM unused WHERE since <= ? LIMIT ?", (now - KEPT_S, limit)
        ).fetchall()
    ]
    db.executemany(
        "DELETE FROM embedding WHERE content = ?1 AND NOT EXISTS "
        "(SELECT 1 FROM passage WHERE content = ?1) AND model IN (SELECT id FROM model)",
        due,
    )
    db.executemany("DELETE FROM unused WHERE content = ?", due)
    return len(due) == limit


def drop_model(db: Connection, number: int, limit: int) -> bool:
    """Some of a model's vectors, and at last the model; whether there are more."""
    db.execute(
        "DELETE FROM embedding WHERE id IN (SELECT id FROM embedding WHERE model = ? LIMIT ?)",
        (number, limit),
    )
    if db.changes() == limit:
        return True
    db.execute("DELETE FROM model WHERE id = ?", (number,))
    return False


def note_recall(
    db: Connection, number: int, count: int, recall: float | None, *, refused: bool
) -> None:
    db.execute(
        "UPDATE model SET checked = ?, recall = ?, refused = ? WHERE id = ?",
        (count, recall, count if refused else None, number),
    )


def sample(db: Connection, of: Model, wanted: int) -> list[bytes]:
    """At most so many vectors of it, spread over the whole."""
    found = db.execute("SELECT id FROM embedding WHERE model = ?", (of.id,))
    numbers = [int(str(number)) for (number,) in found]
    order = np.random.default_rng(wanted).permutation(len(numbers))[:wanted]
    there: list[bytes] = []
    for part in rows.parts([numbers[at] for at in order]):
        there += [
            rows.as_bytes(vector)
            for (vector,) in db.execute(
                f"SELECT vector FROM embedding WHERE id IN ({rows.marks(part)})", part
            )
        ]
    return there


def _placed(found: Iterator[tuple[object, ...]]) -> list[Placed]:
    return [
        Placed(int(str(passage)), int(str(source)), str(collection), rows.as_bytes(vector))
        for passage, source, collection, vector in found
    ]


def _whole(value: object) -> int | None:
    return None if value is None else int(str(value))
