"""Rows of library.db, and what they are in Lares' words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

from laresd.backends.sqlite import Connection
from laresd.documents import Collection, Document, Held, Passage, Place, Query, Source, SourceKind

T = TypeVar("T")

AT_ONCE = 500  # parameters of one statement

# CROSS JOIN is SQLite's way to say that what is written first is looked at first. Left to itself it
# begins with all vectors of a model, or with all sources, once many passages are asked for.
_DOCUMENT = (
    "document.id, document.source, source.collection, document.uri, document.title, "
    "document.digest, document.size, document.modified, document.language, "
    "document.media_type, document.fault, document.notes"
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A condition on `document`, "" where there is none, and what stands for its marks."""

    condition: str = ""
    values: tuple[str | float, ...] = ()


NO_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Written:
    """A passage that was just kept. `embedded`: its text as it is searched; `content`: its hash."""

    id: int
    embedded: str
    content: bytes


def embedded_text(title: str, passage: Passage) -> str:
    """What is searched of a passage: what it stands under, and what it says."""
    above = " > ".join(dict.fromkeys(filter(None, (title, *passage.place.headings))))
    return f"{above}\n{passage.text}" if above else passage.text


def content_of(text: str) -> bytes:
    """16 bytes that tell a text from any other."""
    return blake2b(text.encode(), digest_size=16).digest()


def documents_of(db: Connection, source: int) -> list[int]:
    found = db.execute("SELECT id FROM document WHERE source = ?", (source,))
    return [int(str(number)) for (number,) in found]


def passages_of(db: Connection, document: int) -> list[int]:
    found = db.execute("SELECT id FROM passage WHERE document = ?", (document,))
    return [int(str(number)) for (number,) in found]


def sources(db: Connection) -> list[Source]:
    found = db.execute("SELECT id, collection, kind, location, options FROM source ORDER BY id")
    return [
        Source(
            str(collection),
            SourceKind(str(kind)),
            str(location),
            int(str(number)),
            tuple((str(name), str(value)) for name, value in json.loads(str(options))),
        )
        for number, collection, kind, location, options in found
    ]


def collection_of(db: Connection, source_id: int) -> str:
    found = db.execute("SELECT collection FROM source WHERE id = ?", (source_id,)).fetchone()
    assert found is not None
    return str(found[0])


def collections(db: Connection) -> list[Collection]:
    found = db.execute(
        """SELECT collection, count(document.id), coalesce(sum(fault != ''), 0),
             (SELECT count(*) FROM passage JOIN document ON document.id = passage.document
                JOIN source AS s ON s.id = document.source WHERE s.collection = source.collection),
             group_concat(DISTINCT nullif(language, ''))
           FROM source LEFT JOIN document ON document.source = source.id
           GROUP BY collection ORDER BY collection"""
    )
    return [
        Collection(
            str(name),
            documents=int(str(count)),
            passages=int(str(passages)),
            faults=int(str(faults)),
            languages=tuple(sorted(str(languages).split(","))) if languages else (),
        )
        for name, count, faults, passages, languages in found
    ]


def documents(db: Connection, collection: str, limit: int, offset: int) -> list[Document]:
    found = db.execute(
        f"SELECT {_DOCUMENT} FROM document JOIN source ON source.id = document.source "
        "WHERE source.collection = ? ORDER BY document.title, document.id LIMIT ? OFFSET ?",
        (collection, limit, offset),
    )
    return [_document(row) for row in found]


def write_document(db: Connection, document: Document, text: str) -> int:
    """Insert it (id 0), or put it in place of the one with its id."""
    db.execute(
        "INSERT OR REPLACE INTO document (id, source, uri, title, digest, size, modified, "
        "language, media_type, fault, notes, text) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            document.id or None,
            document.source,
            document.uri,
            document.title,
            document.digest,
            document.size,
            document.modified,
            document.language,
            document.media_type,
            document.fault,
            json.dumps(document.notes, ensure_ascii=False),
            text,
        ),
    )
    return document.id or db.last_insert_rowid()


def write_passages(
    db: Connection, document: int, title: str, text: str, passages: Sequence[Passage]
) -> list[Written]:
    """In the order of their ids, which are above all that ever were."""
    found = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passage'").fetchone()
    first = 1 + (int(str(found[0])) if found else 0)
    made, values = [], []
    headings: dict[tuple[str, ...], str] = {}
    for ordinal, passage in enumerate(passages):
        embedded, place = embedded_text(title, passage), passage.place
        content = content_of(embedded)
        own = None if text[place.start : place.end] == passage.text else passage.text
        if place.headings not in headings:
            headings[place.headings] = json.dumps(place.headings, ensure_ascii=False)
        values.append(
            (
                first + ordinal,
                document,
                ordinal,
                own,
                place.start,
                place.end,
                headings[place.headings],
                place.page,
                place.sheet,
                place.cells,
                passage.tokens,
                content,
            )
        )
        made.append(Written(first + ordinal, embedded, content))
    db.executemany(
        'INSERT INTO passage (id, document, ordinal, text, start, "end", headings, page, sheet, '
        "cells, tokens, content) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        values,
    )
    return made


def held(db: Connection, passage_ids: Sequence[int]) -> dict[int, Held]:
    """By id; those that are not there any more are left out."""
    found: dict[int, Held] = {}
    for part in parts(passage_ids):
        for row in db.execute(
            f"SELECT passage.id, ordinal, "
            f'coalesce(passage.text, substr(document.text, start + 1, "end" - start)), start, '
            f'"end", headings, page, sheet, cells, tokens, {_DOCUMENT} '
            f"FROM passage CROSS JOIN document ON document.id = passage.document "
            f"CROSS JOIN source ON source.id = document.source WHERE passage.id IN ({marks(part)})",
            part,
        ):
            each = _held(row)
            found[each.id] = each
    return found


def bounds(query: Query) -> Bounds:
    conditions: list[str] = []
    values: list[str | float] = []
    if query.since is not None:
        conditions.append("document.modified >= ?")
        values.append(query.since)
    if query.until is not None:
        conditions.append("document.modified <= ?")
        values.append(query.until)
    if query.documents:
        conditions.append("document.id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(query.documents))
    return Bounds(" AND ".join(conditions), tuple(values))


def sources_of(db: Connection, collections: Sequence[str]) -> list[int] | None:
    """The sources of these collections; None: they are all that there are."""
    wanted, others = [], False
    for number, collection in db.execute("SELECT id, collection FROM source"):
        if str(collection) in collections:
            wanted.append(int(str(number)))
        else:
            others = True
    return wanted if others else None


def count_within(db: Connection, bounds: Bounds, most: int) -> int:
    """Passages of documents within these, counted up to `most`."""
    (count,) = db.execute(
        "SELECT count(*) FROM (SELECT 1 FROM document CROSS JOIN passage ON passage.document = "
        f"document.id WHERE {bounds.condition} LIMIT ?)",
        (*bounds.values, most),
    ).fetchone() or (0,)
    return int(str(count))


def within(db: Connection, passages: Sequence[int], bounds: Bounds) -> set[int]:
    """Those of these whose documents are within the bounds."""
    kept = set[int]()
    for part in parts(passages):
        found = db.execute(
            "SELECT passage.id FROM passage CROSS JOIN document ON document.id = passage.document "
            f"WHERE passage.id IN ({marks(part)}) AND {bounds.condition}",
            (*part, *bounds.values),
        )
        kept.update(int(str(passage)) for (passage,) in found)
    return kept


def texts_from(db: Connection, after: int, limit: int) -> list[tuple[int, str, str]]:
    """(passage, collection, text as it is searched) of those behind this one, in order."""
    found = db.execute(
        "SELECT id FROM passage WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
    ).fetchall()
    texts = held(db, [int(str(number)) for (number,) in found])
    return [
        (number, each.document.collection, embedded_text(each.document.title, each.passage))
        for number, each in sorted(texts.items())
    ]


def _held(row: Sequence[object]) -> Held:
    number, ordinal, text, start, end, headings, page, sheet, cells, tokens = row[:10]
    place = Place(
        int(str(start)),
        int(str(end)),
        tuple(json.loads(str(headings))),
        None if page is None else int(str(page)),
        str(sheet),
        str(cells),
    )
    passage = Passage(str(text), place, int(str(tokens)))
    return Held(int(str(number)), int(str(ordinal)), _document(row[10:]), passage)


def _document(row: Sequence[object]) -> Document:
    number, source, collection, uri, title, digest, size, modified, *rest = row
    language, media_type, fault, notes = rest
    return Document(
        int(str(number)),
        int(str(source)),
        str(collection),
        str(uri),
        str(title),
        str(digest),
        int(str(size)),
        float(str(modified)),
        str(language),
        str(media_type),
        str(fault),
        tuple(json.loads(str(notes))),
    )


def as_bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value


def parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many as one statement takes."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


def marks(values: Sequence[object]) -> str:
    return ",".join("?" for _ in values)
