"""library.db: what is known of documents, and the two indexes that find it.

Each method is one transaction, durable when it returns; what is searched is read beside it. The
indexes are kept up by upkeep.py.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypeVar

import numpy as np

from laresd.backends.knowledge import derived, embeddings, nearest, rows, salvage, vec0, vec1, words
from laresd.backends.knowledge.derived import ALL, Kind
from laresd.backends.knowledge.embeddings import Unembedded
from laresd.backends.knowledge.nearest import Wanted
from laresd.backends.knowledge.schema import MIGRATIONS
from laresd.backends.knowledge.vectors import unit
from laresd.backends.sqlite import Connection, Damaged, Database
from laresd.documents import Collection, Document, Held, Passage, Query, Source
from laresd.errors import Permanent
from laresd.types import Vectors

log = logging.getLogger(__name__)

T = TypeVar("T")
Leg = list[tuple[int, float]]  # (passage, score), best first

READERS = 2  # both legs of a search go on at once
PAGES_KIB = 16_384  # of the file that each connection keeps in memory


@dataclass(frozen=True, slots=True)
class Known:
    """A document as it was when it was read."""

    id: int
    digest: str
    modified: float
    size: int
    fault: str


@dataclass(frozen=True, slots=True)
class IndexState:
    """An index as `lares doctor` tells of it. `kind`: "words", "vec0" (exact) or "vec1"
    (approximate); `model`: whose vectors, "" for words; `holds`: passages, or vectors of the model.
    `recall`: of the approximate index, as it was measured last; `refused`: it was too low, so that
    the exact one is used.
    """

    kind: str
    model: str
    holds: int
    is_whole: bool
    recall: float | None = None
    refused: bool = False


class LibraryStore(Database):
    """`cut`: a text's words, the same for documents and questions (core.knowledge.words).

    `changed` is set when the indexes may need upkeep; `in_use` is the key of the embedding model
    that was asked about last. `vec1_fault`: why the approximate index cannot be used here.
    """

    def __init__(self, path: Path, cut: words.Cut) -> None:
        super().__init__(
            path,
            MIGRATIONS,
            holds="documents",
            loss="the documents in it are not known; add their sources again",
            prepare=_prepared,
            salvage=salvage.truth,
            readers=READERS,
        )
        self._cut = cut
        self.changed = asyncio.Event()
        self.in_use = ""
        self.vec1_fault = ""
        self._embedded_to: dict[str, int] = {}  # by model: all passages up to it have vectors

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        try:
            self.vec1_fault = await asyncio.to_thread(vec1.probe)
            await self._discard_unusable(thorough=False)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def add(self, source: Source) -> Source:
        """As it is kept; the same one again has the id that it had."""
        return await self.call(lambda db: _add(db, source))

    async def sources(self) -> Sequence[Source]:
        return await self.read(rows.sources)

    async def remove(self, source_id: int) -> None:
        """With all its documents. Raises Permanent when there is none."""

        def work(db: Connection) -> None:
            self._drop(db, rows.documents_of(db, source_id))
            db.execute("DELETE FROM source WHERE id = ?", (source_id,))
            if not db.changes():
                raise Permanent(f"there is no source {source_id}", remedy="see: lares kb list")

        await self._change(work)

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
        return await self._change(lambda db: self._put(db, document, text, passages))

    async def renamed(self, document_id: int, uri: str, title: str) -> None:
        await self.call(
            lambda db: db.execute(
                "UPDATE document SET uri = ?, title = ? WHERE id = ?", (uri, title, document_id)
            )
        )

    async def drop(self, document_ids: Sequence[int]) -> None:
        """Forget them. Unknown ids are no error."""
        await self._change(lambda db: self._drop(db, document_ids))

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

    async def unembedded(self, model: str, limit: int) -> Sequence[Unembedded]:
        """Texts without a vector of this model, the oldest documents' first."""
        self.in_use = model
        after = self._embedded_to.get(model, 0)
        found = await self.read(
            lambda db: embeddings.unembedded(db, embeddings.model(db, model), after, limit)
        )
        if found:
            self._embedded_to[model] = found[0].passage - 1
        return found

    async def put_vectors(
        self, model: str, width: int, made: Sequence[tuple[bytes, bytes]]
    ) -> None:
        """(content, int8 vector) each; found from now on wherever that content is. Raises Permanent
        when the model's vectors had another width before.
        """
        await self._change(lambda db: _put_vectors(db, model, width, made))

    async def words_leg(self, asked: Sequence[str], query: Query, limit: int) -> Leg:
        """Of the words that are asked for. The score is BM25."""

        def work(db: Connection) -> Leg:
            index = derived.searched(db, 0)
            if index is None:
                return []
            is_all = rows.sources_of(db, query.collections) is None
            collections = None if is_all else list(query.collections)
            wanted = words.Wanted(asked, collections, limit, rows.bounds(query))
            return words.search(db, index.table, wanted)

        return await self._searched(work)

    async def vector_leg(self, model: str, vector: Vectors, query: Query, limit: int) -> Leg:
        """Of the nearest vectors. The score is the cosine; empty where the model has none yet."""
        self.in_use = model
        asked = unit(np.frombuffer(vector.rows, "<f4"))

        def work(db: Connection) -> Leg:
            of = embeddings.model(db, model)
            index = derived.searched(db, of.id) if of else None
            if of is None or index is None or vector.width != of.width:
                return []
            wanted = Wanted(asked, query.collections, limit, rows.bounds(query))
            return nearest.search(db, of, index, wanted)

        return await self._searched(work)

    async def passages(self, ids: Sequence[int]) -> Mapping[int, Held]:
        """Those of these that are there still."""
        return await self.read(lambda db: rows.held(db, ids))

    async def indexes(self) -> Sequence[IndexState]:
        """Those that are searched, and those that are being made."""

        def work(db: Connection) -> list[IndexState]:
            known = {each.id: each for each in embeddings.models(db)}
            found = []
            for index in derived.every(db):
                of = known.get(index.model)
                holds = embeddings.count(db, of) if of else derived.expected(db, 0)
                recall, refused = (of.recall, of.refused is not None) if of else (None, False)
                key = of.key if of else ""
                found.append(
                    IndexState(index.kind.value, key, holds, index.is_whole, recall, refused)
                )
            return found

        return await self.read(work)

    async def rebuild(self) -> None:
        """Forget every index: upkeep makes them again from what is known."""

        def work(db: Connection) -> None:
            for index in derived.every(db):
                derived.discard(db, index.id)

        await self._change(work)

    def fill_words(self, db: Connection, number: int, limit: int) -> None:
        """Some passages more into an index of words."""
        index = derived.get(db, number)
        if index is None:  # discarded since
            return
        more = rows.texts_from(db, index.filled, limit)
        words.put(db, index.table, more, self._cut)
        derived.reached(db, number, more[-1][0] if len(more) == limit else ALL)

    async def _change(self, work: Callable[[Connection], T]) -> T:
        """`call`; an index that is found damaged is made anew, and what is changed is not lost."""
        try:
            done = await self.call(work)
        except Damaged:
            if not await self._discard_unusable(thorough=True):
                raise
            done = await self.call(work)
        self.changed.set()
        return done

    async def _searched(self, work: Callable[[Connection], Leg]) -> Leg:
        """`read`; nothing is found in an index that is damaged, until it is made anew."""
        try:
            return await self.read(work)
        except Damaged:
            if not await self._discard_unusable(thorough=True):
                raise
            return []

    async def _discard_unusable(self, *, thorough: bool) -> bool:
        """Whether there were such indexes."""
        fault = self.vec1_fault

        def work(db: Connection) -> list[str]:
            found = derived.unusable(db, thorough=thorough)
            if fault:
                found += [each for each in derived.every(db) if each.kind is Kind.VEC1]
            for index in found:
                derived.discard(db, index.id)
            derived.drop_leftovers(db)
            return [index.table for index in found]

        gone = await self.call(work)
        if gone:
            log.warning("indexes of the documents are made anew: %s", ", ".join(gone))
        self.changed.set()
        return bool(gone)

    def _put(
        self, db: Connection, document: Document, text: str, passages: Sequence[Passage]
    ) -> int:
        before = db.execute(
            "SELECT id FROM document WHERE source = ? AND uri = ?", (document.source, document.uri)
        ).fetchone()
        gone: set[bytes] = set()
        if before is not None:
            document = replace(document, id=int(str(before[0])))
            gone = _forget(db, document.id)
        number = rows.write_document(db, document, text)
        made = rows.write_passages(db, number, document.title, text, passages)
        self._index(db, number, rows.collection_of(db, document.source), made)
        embeddings.let_go(db, gone)
        return number

    def _index(
        self, db: Connection, document: int, collection: str, made: Sequence[rows.Written]
    ) -> None:
        """In the indexes that are filled as far; with the vectors of what was embedded before."""
        known = {of.id: of for of in embeddings.models(db)}
        for index in derived.every(db):
            if index.kind is Kind.WORDS:
                due = [each for each in made if each.id <= index.filled]
                words.put(
                    db, index.table, ((each.id, collection, each.embedded) for each in due),
                    self._cut,
                )  # fmt: skip
            elif index.model in known:
                there = embeddings.of_document(db, known[index.model], document)
                derived.put_vectors(db, index, there)

    def _drop(self, db: Connection, document_ids: Iterable[int]) -> None:
        for document in document_ids:
            gone = _forget(db, document)
            db.execute("DELETE FROM document WHERE id = ?", (document,))
            embeddings.let_go(db, gone)


def _prepared(db: Connection) -> None:
    vec0.load(db)
    vec1.load(db)
    db.pragma("cache_size", -PAGES_KIB)


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


def _forget(db: Connection, document: int) -> set[bytes]:
    """Its passages, in the truth and in the indexes; what they said."""
    gone = rows.passages_of(db, document)
    contents = embeddings.contents_of(db, document)
    derived.drop_passages(db, gone)
    db.execute("DELETE FROM passage WHERE document = ?", (document,))
    return contents


def _put_vectors(
    db: Connection, model: str, width: int, made: Sequence[tuple[bytes, bytes]]
) -> None:
    of = embeddings.model(db, model)
    if of is None:
        of = embeddings.add_model(db, model, width)
        derived.begin(db, Kind.VEC0, of.id, width=width, filled=ALL)
    placed = embeddings.placed(db, of, embeddings.put(db, of, made))
    for index in derived.of(db, of.id):
        derived.put_vectors(db, index, placed)
