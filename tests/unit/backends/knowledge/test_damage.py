"""A damaged index costs a search for a while, a damaged file as little as can be."""

from __future__ import annotations

from pathlib import Path

import apsw
import numpy as np
import pytest

from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.upkeep import Upkeep
from laresd.backends.sqlite import Connection
from laresd.core.knowledge.words import words
from laresd.documents import Document, Passage, Place, Query, Source, SourceKind
from laresd.errors import Temporary
from laresd.types import Vectors
from tests.fakes.clock import FakeClock

WIDTH, PAGE = 8, 4096
QUERY = Query("water", "en", ("house",))
ASKED = Vectors(WIDTH, np.eye(WIDTH, dtype="<f4")[0].tobytes())


async def always() -> None:
    """Nobody waits for anything."""


async def filled(store: LibraryStore, count: int = 40) -> Source:
    source = await store.add(Source("house", SourceKind.FOLDER, "/srv"))
    for number in range(count):
        passages = [Passage(f"water {number}-{part}", Place(0, 1), 3) for part in range(20)]
        await store.put(Document(0, source.id, "house", f"{number}", "", "d", 1, 0.0), "", passages)
    wanted = await store.unembedded("tiny", 5000)
    await store.put_vectors("tiny", WIDTH, [(each.content, bytes([9] * WIDTH)) for each in wanted])
    return source


async def found(store: LibraryStore) -> tuple[int, int]:
    """By words and by vectors."""
    by_words = await store.words_leg(["water"], QUERY, 5000)
    by_vectors = await store.vector_leg("tiny", ASKED, QUERY, 4000)
    return len(by_words), len(by_vectors)


async def test_an_index_that_is_not_there_is_made_again_while_the_other_answers(
    tmp_path: Path,
) -> None:
    path = tmp_path / "library.db"
    async with LibraryStore(path, words) as store:
        await filled(store)
        await store.call(lambda db: db.execute("DROP TABLE words_1"))
    async with LibraryStore(path, words) as store:
        assert await found(store) == (0, 800)
        await Upkeep(store, FakeClock(), always).settle()
        assert await found(store) == (800, 800)


async def test_an_older_index_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    async with LibraryStore(path, words) as store:
        await filled(store)
        await store.call(lambda db: db.execute("UPDATE derived SET version = 0"))
    async with LibraryStore(path, words) as store:
        assert await found(store) == (0, 0)
        await Upkeep(store, FakeClock(), always).settle()
        assert await found(store) == (800, 800)


async def test_an_index_that_lacks_something_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    async with LibraryStore(path, words) as store:
        await filled(store)
        await store.call(lambda db: db.execute("DELETE FROM words_1 WHERE rowid = 5"))
    async with LibraryStore(path, words) as store:
        await Upkeep(store, FakeClock(), always).settle()
        assert await found(store) == (800, 800)


@pytest.mark.parametrize("table", ["words_1_data", "vec0_2_rowids"])
async def test_an_index_that_is_damaged_while_it_is_used_loses_no_document(
    tmp_path: Path, table: str
) -> None:
    path = tmp_path / "library.db"
    async with LibraryStore(path, words) as store:
        source = await filled(store)
        await store.call(lambda db: db.execute(f"DELETE FROM {table}"))
        await found(store)
        await store.put(
            Document(0, source.id, "house", "new", "", "d", 1, 0.0),
            "",
            [Passage("new water", Place(0, 1), 3)],
        )
        await store.drop([(await store.known(source.id))["3"].id])
        await store.call(lambda db: None)
    async with LibraryStore(path, words) as store:
        await Upkeep(store, FakeClock(), always).settle()
        assert len(await store.known(source.id)) == 40
        assert await found(store) == (781, 780)


def spoil(path: Path, table: str) -> None:
    """The page that a table begins with."""
    db = apsw.Connection(str(path))
    (found,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchall()
    db.close()
    with path.open("r+b") as file:
        file.seek((int(str(found[0])) - 1) * PAGE)
        file.write(b"\xff" * PAGE)


async def test_a_file_whose_index_is_damaged_keeps_its_documents(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    async with LibraryStore(path, words) as store:
        source = await filled(store)
    spoil(path, "words_1_data")
    async with LibraryStore(path, words) as store:
        assert store.moved_aside is not None
        assert store.moved_aside.exists()
        assert await store.sources() == [source]
        await Upkeep(store, FakeClock(), always).settle()
        assert await found(store) == (800, 800)
        assert await store.unembedded("tiny", 10) == []


async def test_a_file_whose_documents_are_damaged_is_begun_again_and_kept_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "library.db"
    async with LibraryStore(path, words) as store:
        await filled(store)
    spoil(path, "passage")
    async with LibraryStore(path, words) as store:
        assert store.moved_aside is not None
        assert await store.sources() == []
        assert "add their sources again" in caplog.text
        await filled(store, 1)
        assert await found(store) == (20, 20)


async def test_a_full_disk_is_said_and_changes_nothing(tmp_path: Path) -> None:
    async with LibraryStore(tmp_path / "library.db", words) as store:
        source = await filled(store, 2)

        def bound(db: Connection) -> None:
            db.pragma("max_page_count", int(str(db.pragma("page_count"))))

        await store.call(bound)
        long = [Passage(f"water {number} " + "x" * 3000, Place(0, 1), 3) for number in range(200)]
        with pytest.raises(Temporary, match="no space left"):
            await store.put(Document(0, source.id, "house", "0", "", "d", 1, 0.0), "", long)
        assert await found(store) == (40, 40)
        assert len(await store.known(source.id)) == 2
