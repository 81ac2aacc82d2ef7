"""Copies of documents are kept where they are wanted, found hot or cold, and go with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from laresd.backends.cold import Shelf
from laresd.backends.knowledge.cold import Originals
from laresd.backends.knowledge.origin import Original
from laresd.backends.knowledge.store import LibraryStore
from laresd.core.knowledge.words import words
from laresd.documents import Document, Source, SourceKind
from laresd.errors import Permanent

FOLDER = Source("house", SourceKind.FOLDER, "/srv/papers")
PAGE = Source("house", SourceKind.PAGE, "https://boiler.example/")
FUTURE = 9e9


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "hot", tmp_path / "cold")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LibraryStore]:
    async with LibraryStore(tmp_path / "library.db", words) as opened:
        yield opened


@pytest.fixture
def original(tmp_path: Path) -> Original:
    path = tmp_path / "boiler.html"
    path.write_bytes(b"<p>Refill to 1.5 bar.")
    return Original("boiler.html", "Boiler", "d1", 21, 1000.0, path=path)


async def test_a_copy_is_kept_once_and_read_from_both_places(
    shelf: Shelf, original: Original
) -> None:
    originals = Originals(shelf, "all")
    await originals.keep(FOLDER, original)
    await originals.keep(FOLDER, replace(original, uri="again.html"))
    assert [path.name for path in shelf.hot.iterdir()] == ["d1"]
    assert await originals.read("d1") == b"<p>Refill to 1.5 bar."
    sweep = partial(shelf.sweep, FUTURE, cold_after_s=1.0, most_bytes=0)
    assert (await asyncio.to_thread(sweep)).moved == 1
    await originals.keep(FOLDER, original)
    assert list(shelf.hot.iterdir()) == []
    assert await originals.read("d1") == b"<p>Refill to 1.5 bar."


async def test_only_what_is_wanted_is_kept(shelf: Shelf, original: Original) -> None:
    await Originals(shelf, "none").keep(PAGE, original)
    await Originals(shelf, "web").keep(FOLDER, original)
    await Originals(shelf, "all").keep(replace(FOLDER, kind=SourceKind.QUERY), original)
    await Originals(shelf, "all").keep(FOLDER, replace(original, path=None))
    assert await asyncio.to_thread(shelf.names) == set()
    await Originals(shelf, "web").keep(PAGE, original)
    assert await asyncio.to_thread(shelf.names) == {"d1"}


async def test_a_copy_that_is_not_there_is_told(shelf: Shelf) -> None:
    with pytest.raises(Permanent, match="no copy of this document"):
        await Originals(shelf, "all").read("d1")


async def test_a_disk_that_takes_no_copies_is_told_of_once(
    shelf: Shelf, original: Original, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.hot.write_text("no folder")
    originals = Originals(shelf, "all")
    await originals.keep(FOLDER, original)
    await originals.keep(FOLDER, original)
    assert caplog.text.count("copies of documents are not kept") == 1


async def test_copies_go_with_their_documents_but_not_while_one_is_being_read(
    shelf: Shelf, original: Original, store: LibraryStore
) -> None:
    originals = Originals(shelf, "all")
    source = await store.add(FOLDER)
    await originals.keep(source, original)
    await originals.keep(source, replace(original, digest="d2"))
    await store.put(Document(0, source.id, "house", "boiler.html", "", "d1", 1, 1.0), "", ())
    assert await originals.forget(store, until=0.0) == 0
    assert await originals.forget(store, until=FUTURE) == 1
    assert await asyncio.to_thread(shelf.names) == {"d1"}
    await store.remove(source.id)
    assert await originals.forget(store, until=FUTURE) == 1
    assert await asyncio.to_thread(shelf.names) == set()
