"""Rows of library.db, and what they are in Lares' words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from laresd.backends.sqlite import Connection
from laresd.documents import Collection, Document, Held, Passage, Place, Query, Source, SourceKind

AT_ONCE = 500  # parameters of one statement
_DOCUMENT = (
    "document.id, document.source, source.collection, document.uri, document.title, "
    "document.digest, document.size, document.modified, document.language, "
    "document.media_type, document.fault, document.notes"
)


@dataclass(frozen=True, slots=True)
class Written:
    """A passage that was just kept. `embedded`: its text as it is searched; `content`: its hash."""

    id: int
    embedded: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A text that a model has no vector of yet. `content`: its hash."""

    content: bytes
    text: str


def embedded_text(title: str, passage: Passage) -> str:
    """What is searched of a passage: what it stands under, and what it says."""
    above = " > ".join(dict.fromkeys(filter(None, (title, *passage.place.headings))))
    return f"{above}\n{passage.text}" if above else passage.text


def content_of(text: str) -> bytes:
    """16 bytes that tell a text from any other."""
    return blake2b(text.encode(), digest_size=16).digest()


def ids(db: Connection, table: str, column: str, value: int) -> list[int]:
    found = db.execute(f"SELECT id FROM {table} WHERE {column} = ?", (value,))
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
    made = []
    for ordinal, passage in enumerate(passages):
        embedded, place = embedded_text(title, passage), passage.place
        content = content_of(embedded)
        own = None if text[place.start : place.end] == passage.text else passage.text
        db.execute(
            'INSERT INTO passage (document, ordinal, text, start, "end", headings, page, sheet, '
            "cells, tokens, content) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (
                document,
                ordinal,
                own,
                place.start,
                place.end,
                json.dumps(place.headings, ensure_ascii=False),
                place.page,
                place.sheet,
                place.cells,
                passage.tokens,
                content,
            ),
        )
        made.append(Written(db.last_insert_rowid(), embedded, content))
    return made


def held(db: Connection, passage_ids: Sequence[int]) -> dict[int, Held]:
    """By id; those that are not there any more are left out."""
    found: dict[int, Held] = {}
    for part in _parts(passage_ids):
        for row in db.execute(
            f"SELECT passage.id, ordinal, "
            f'coalesce(passage.text, substr(document.text, start + 1, "end" - start)), start, '
            f'"end", headings, page, sheet, cells, tokens, {_DOCUMENT} '
            f"FROM passage JOIN document ON document.id = passage.document "
            f"JOIN source ON source.id = document.source WHERE passage.id IN ({_marks(part)})",
            part,
        ):
            each = _held(row)
            found[each.id] = each
    return found


def filtered(
    db: Connection, leg: Sequence[tuple[int, float]], query: Query
) -> list[tuple[int, float]]:
    """Without the passages of documents that the query leaves out, in the same order."""
    if not query.documents and query.since is None and query.until is None:
        return list(leg)
    kept = set[int]()
    for part in _parts([passage for passage, _ in leg]):
        for passage, document, modified in db.execute(
            "SELECT passage.id, document.id, modified FROM passage "
            f"JOIN document ON document.id = passage.document WHERE passage.id IN ({_marks(part)})",
            part,
        ):
            when = float(str(modified))
            early = query.since is not None and when < query.since
            late = query.until is not None and when > query.until
            other = bool(query.documents) and int(str(document)) not in query.documents
            if not (early or late or other):
                kept.add(int(str(passage)))
    return [(passage, score) for passage, score in leg if passage in kept]


def unembedded(db: Connection, model: str, limit: int) -> list[Unembedded]:
    found = db.execute(
        "SELECT min(passage.id), passage.content FROM passage WHERE NOT EXISTS "
        "(SELECT 1 FROM embedding WHERE embedding.content = passage.content AND model = ?) "
        "GROUP BY passage.content ORDER BY 1 LIMIT ?",
        (model, limit),
    )
    wanted = {int(str(passage)): _bytes(content) for passage, content in found}
    texts = held(db, list(wanted))
    return [
        Unembedded(wanted[number], embedded_text(each.document.title, each.passage))
        for number, each in sorted(texts.items())
    ]


def holders(db: Connection, content: bytes) -> list[tuple[int, str]]:
    """(passage, collection) of all that say this."""
    found = db.execute(
        "SELECT passage.id, collection FROM passage JOIN document ON document.id = document "
        "JOIN source ON source.id = source WHERE content = ?",
        (content,),
    )
    return [(int(str(passage)), str(collection)) for passage, collection in found]


def vector(db: Connection, content: bytes, model: str) -> bytes | None:
    found = db.execute(
        "SELECT vector FROM embedding WHERE content = ? AND model = ?", (content, model)
    ).fetchone()
    return None if found is None else _bytes(found[0])


def drop_unused_embeddings(db: Connection) -> None:
    db.execute(
        "DELETE FROM embedding WHERE NOT EXISTS "
        "(SELECT 1 FROM passage WHERE passage.content = embedding.content)"
    )


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


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value


def _parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), AT_ONCE):
        yield numbers[start : start + AT_ONCE]


def _marks(values: Iterable[object]) -> str:
    return ",".join("?" for _ in values)
