"""A search looks at what it was asked for, however much else is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from laresd.backends.knowledge import derived, embeddings, nearest, rows
from laresd.backends.knowledge.embeddings import Model
from laresd.backends.knowledge.nearest import Wanted
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.vectors import unit
from laresd.backends.sqlite import Connection
from laresd.core.knowledge.words import words
from laresd.documents import Document, Passage, Place, Query, Source, SourceKind

WIDTH, EACH = 8, 100
STEP = 10  # instructions of SQLite's machine between two counts


async def filled(store: LibraryStore, documents: int) -> Model:
    random = np.random.default_rng(documents)
    source = await store.add(Source("house", SourceKind.FOLDER, "/srv"))
    for number in range(documents):
        passages = [Passage(f"{number} {part}", Place(0, 1), 2) for part in range(EACH)]
        made = Document(0, source.id, "house", f"{number}", "", "d", 1, float(number))
        await store.put(made, "", passages)
        wanted = await store.unembedded("tiny", EACH)
        codes = random.integers(-127, 127, (EACH, WIDTH)).astype(np.int8)
        pairs = zip((each.content for each in wanted), map(bytes, codes), strict=True)
        await store.put_vectors("tiny", WIDTH, list(pairs))
    (of,) = await store.read(embeddings.models)
    return of


async def work_of(store: LibraryStore, search: Callable[[Connection], object]) -> int:
    """Instructions that it takes."""

    def counted(db: Connection) -> int:
        count = 0

        def step() -> bool:
            nonlocal count
            count += STEP
            return False

        db.set_progress_handler(step, STEP)
        try:
            search(db)
        finally:
            db.set_progress_handler(None)
        return count

    return await store.read(counted)


async def test_the_work_of_a_search_does_not_grow_with_the_library(tmp_path: Path) -> None:
    asked = unit(np.ones(WIDTH, np.float32))
    two = Query("", "en", ("house",), documents=(1, 2))
    wanted = Wanted(asked, ("house",), 10, rows.bounds(two))
    few, many = [
        await efforts(tmp_path / f"{documents}.db", documents, wanted) for documents in (5, 40)
    ]
    assert all(later <= 1.5 * earlier for earlier, later in zip(few, many, strict=True))


async def efforts(path: Path, documents: int, wanted: Wanted) -> list[int]:
    """Of reading passages, of comparing them, and of a search within two documents."""
    some = range(1, 2 * EACH + 1)
    async with LibraryStore(path, words) as store:
        of = await filled(store, documents)
        index = await store.read(lambda db: derived.searched(db, of.id))
        assert index is not None
        return [
            await work_of(store, lambda db: rows.held(db, some)),
            await work_of(store, lambda db: nearest.compared(db, of, wanted, some)),
            await work_of(store, lambda db: nearest.search(db, of, index, wanted)),
        ]
