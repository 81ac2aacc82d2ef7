"""library.db: what is known of documents, and the two indexes that find it.

Each method is one transaction, durable when it returns; what is searched is read beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from laresd.backends.knowledge import rows, vectors, words
from laresd.backends.knowledge.schema import MIGRATIONS
from laresd.backends.sqlite import Connection, Database
from laresd.documents import Collection, Document, Held, Passage, Query, Source
from laresd.errors import Permanent
from laresd.types import Vectors

Leg = list[tuple[int, float]]  # (passage, score), best first


@dataclass(frozen=True, slots=True)
class Known:
    """A document as it was when it was read."""

    id: int
    digest: str
    modified: float
    size: int
    fault: str


class LibraryStore(Database):
    """`cut`: a text's words, the same for documents and questions (core.knowledge.words)."""

    def __init__(self, path: Path, cut: words.Cut) -> None:
        super().__init__(
            path,
            MIGRATIONS,
            holds="documents",
            loss="the documents in it are not known; add their sources again",
            prepare=vectors.load_vec0,
        )
        self._cut = cut

    async def add(self, source: Source) -> Source:
        """As it is kept; the same one again has the id that it had."""
        return await self.call(lambda db: _add(db, source))

    async def sources(self) -> Sequence[Source]:
        return await self.read(rows.sources)

    async def remove(self, source_id: int) -> None:
        """With all its documents. Raises Permanent when there is none."""

        def work(db: Connection) -> None:
            held = rows.ids(db, "document", "source", source_id)
            self._drop(db, held)
            db.execute("DELETE FROM source WHERE id = ?", (source_id,))
            if not db.changes():
                raise Permanent(f"there is no source {source_id}", remedy="see: lares kb list")

        await self.call(work)

    async def known(self, source_id: int) -> Mapping[str, Known]:
        """By uri; those that could not be read among them."""

        def work(db: Connection) -> dict[str, Known]:
            found = db.execute(
                "SELECT uri, id, digest, modified, size, fault FROM document WHERE source = ?",
                (source_id,),
            )
            return {
                str(uri): Known(int(str(i)), str(d), float(str(m)), int(str(s)), str(fault))
                for uri, i, d, m, s, fault in found
            }

        return await self.read(work)

    async def put(self, document: Document, text: str, passages: Sequence[Passage]) -> int:
        """Its id. Replaces what was there of the same source and uri; the words of it are found
        from now on, its meaning when its vectors come.
        """
        return await self.call(lambda db: self._put(db, document, text, passages))

    async def renamed(self, document_id: int, uri: str, title: str) -> None:
        await self.call(
            lambda db: db.execute(
                "UPDATE document SET uri = ?, title = ? WHERE id = ?", (uri, title, document_id)
            )
        )

    async def drop(self, document_ids: Sequence[int]) -> None:
        """Forget them. Unknown ids are no error."""
        await self.call(lambda db: self._drop(db, document_ids))

    async def collections(self) -> Sequence[Collection]:
        return await self.read(rows.collections)

    async def documents(self, collection: str, *, limit: int, offset: int) -> Sequence[Document]:
        return await self.read(lambda db: rows.documents(db, collection, limit, offset))

    async def text(self, document_id: int) -> str:
        """Raises Permanent when there is none."""

        def work(db: Connection) -> str:
            found = db.execute("SELECT text FROM document WHERE id = ?", (document_id,)).fetchone()
            if found is None:
                raise Permanent(f"there is no document {document_id}", remedy="see: lares kb list")
            return str(found[0])

        return await self.read(work)

    async def unembedded(self, model: str, limit: int) -> Sequence[rows.Unembedded]:
        """Texts without a vector of this model, the oldest documents' first."""
        return await self.read(lambda db: rows.unembedded(db, model, limit))

    async def put_vectors(
        self, model: str, width: int, made: Sequence[tuple[bytes, bytes]]
    ) -> None:
        """(content, int8 vector) each; found from now on wherever that content is."""
        await self.call(lambda db: _put_vectors(db, model, width, made))

    async def words_leg(self, asked: Sequence[str], query: Query, limit: int) -> Leg:
        """Of the words that are asked for. The score is BM25."""
        collections = query.collections

        def work(db: Connection) -> Leg:
            more = limit if not _filters(query) else limit * 8
            return rows.filtered(db, words.search(db, asked, collections, more), query)[:limit]

        return await self.read(work)

    async def vector_leg(self, model: str, vector: Vectors, query: Query, limit: int) -> Leg:
        """Of the nearest vectors. The score is the cosine; empty where the model has none yet."""

        asked = np.frombuffer(vector.rows, "<f4").reshape(1, vector.width)
        (code,) = vectors.coded(asked)

        def work(db: Connection) -> Leg:
            table = _table(db, model)
            if table is None:
                return []
            more = limit if not _filters(query) else limit * 8
            near = vectors.search(db, table, code, query.collections, more)
            return rows.filtered(db, near, query)[:limit]

        return await self.read(work)

    async def passages(self, ids: Sequence[int]) -> Mapping[int, Held]:
        """Those of these that are there still."""
        return await self.read(lambda db: rows.held(db, ids))

    def _put(
        self, db: Connection, document: Document, text: str, passages: Sequence[Passage]
    ) -> int:
        before = db.execute(
            "SELECT id FROM document WHERE source = ? AND uri = ?", (document.source, document.uri)
        ).fetchone()
        if before is not None:
            document = replace(document, id=int(str(before[0])))
            self._forget(db, document.id)
        number = rows.write_document(db, document, text)
        made = rows.write_passages(db, number, document.title, text, passages)
        collection = rows.collection_of(db, document.source)
        words.put(db, ((each.id, collection, each.embedded) for each in made), self._cut)
        _index_known(db, collection, {each.id: each.content for each in made})
        return number

    def _drop(self, db: Connection, document_ids: Iterable[int]) -> None:
        for document in document_ids:
            self._forget(db, document)
            db.execute("DELETE FROM document WHERE id = ?", (document,))
        rows.drop_unused_embeddings(db)

    def _forget(self, db: Connection, document: int) -> None:
        """Its passages, in the truth and in the indexes."""
        gone = rows.ids(db, "passage", "document", document)
        words.drop(db, gone)
        for table in _tables(db).values():
            vectors.drop(db, table, gone)
        db.execute("DELETE FROM passage WHERE document = ?", (document,))


def _add(db: Connection, source: Source) -> Source:
    values = (source.collection, source.kind.value, source.location)
    db.execute(
        "INSERT INTO source (collection, kind, location, options) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET options = excluded.options",
        (*values, json.dumps(source.options)),
    )
    found = db.execute(
        "SELECT id FROM source WHERE collection = ? AND kind = ? AND location = ?", values
    ).fetchone()
    assert found is not None
    return replace(source, id=int(str(found[0])))


def _put_vectors(
    db: Connection, model: str, width: int, made: Sequence[tuple[bytes, bytes]]
) -> None:
    table = _table(db, model) or _new_table(db, model, width)
    for content, vector in made:
        db.execute(
            "INSERT OR REPLACE INTO embedding (content, model, vector) VALUES (?, ?, ?)",
            (content, model, vector),
        )
        vectors.put(
            db, table, [(passage, where, vector) for passage, where in rows.holders(db, content)]
        )


def _index_known(db: Connection, collection: str, contents: Mapping[int, bytes]) -> None:
    """Vectors that are there already, of a text that stood elsewhere before."""
    for model, table in _tables(db).items():
        for passage, content in contents.items():
            vector = rows.vector(db, content, model)
            if vector is not None:
                vectors.put(db, table, [(passage, collection, vector)])


def _new_table(db: Connection, model: str, width: int) -> str:
    db.execute("INSERT INTO model (key, width) VALUES (?, ?)", (model, width))
    table = _table(db, model)
    assert table is not None
    vectors.create(db, table, width)
    return table


def _table(db: Connection, model: str) -> str | None:
    return _tables(db).get(model)


def _tables(db: Connection) -> dict[str, str]:
    """The table of vectors of each model."""
    found = db.execute("SELECT key, id FROM model ORDER BY id")
    return {str(key): f"near_{int(str(number))}" for key, number in found}


def _filters(query: Query) -> bool:
    return bool(query.documents) or query.since is not None or query.until is not None
