"""What is known of documents is on disk, and found by its words and by what it means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.vectors import coded
from laresd.core.knowledge.words import asked, words
from laresd.documents import Document, Passage, Place, Query, Source, SourceKind
from laresd.errors import Permanent
from laresd.types import Vectors

MODEL, WIDTH = "tiny-1", 8


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LibraryStore]:
    async with LibraryStore(tmp_path / "library.db", words) as opened:
        yield opened


@pytest.fixture
async def source(store: LibraryStore) -> Source:
    return await store.add(Source("house", SourceKind.FOLDER, "/srv/papers"))


def a_document(source: Source, uri: str = "boiler.pdf", **changes: object) -> Document:
    made = Document(0, source.id, source.collection, uri, "Boiler manual", "d1", 10, 1000.0, "en")
    return replace(made, **changes)  # type: ignore[arg-type]


def cut(*texts: str) -> tuple[str, list[Passage]]:
    """A document's text, and a passage for each of these."""
    whole, found, at = "\n\n".join(texts), [], 0
    for text in texts:
        place = Place(at, at + len(text), ("Faults",), page=2)
        found.append(Passage(text, place, len(text.split())))
        at += len(text) + 2
    return whole, found


def query(text: str, *collections: str, **bounds: float) -> Query:
    return Query(text, "en", collections or ("house",), **bounds)  # type: ignore[arg-type]


async def found_by_words(store: LibraryStore, wanted: Query) -> list[str]:
    leg = await store.words_leg(asked(wanted.text), wanted, 10)
    held = await store.passages([passage for passage, _ in leg])
    return [held[passage].passage.text for passage, _ in leg]


def pointing(place: int) -> bytes:
    return coded(np.eye(WIDTH, dtype=np.float32)[place : place + 1])[0]


def asking(place: int) -> Vectors:
    return Vectors(WIDTH, np.eye(WIDTH, dtype="<f4")[place].tobytes())


async def embed(store: LibraryStore, vectors: dict[str, bytes]) -> None:
    """Those texts that have no vector yet."""
    wanted = await store.unembedded(MODEL, 100)
    made = [
        (each.content, vector)
        for each in wanted
        for text, vector in vectors.items()
        if text in each.text
    ]
    await store.put_vectors(MODEL, WIDTH, made)


async def test_a_passage_is_found_by_its_words(store: LibraryStore, source: Source) -> None:
    await store.put(a_document(source), *cut("Error E5 means low pressure.", "Clean the filter."))
    assert await found_by_words(store, query("what does E5 mean")) == [
        "Error E5 means low pressure."
    ]
    assert await found_by_words(store, query("the weather")) == []


async def test_a_title_and_the_headings_are_words_of_a_passage(
    store: LibraryStore, source: Source
) -> None:
    await store.put(a_document(source), *cut("Clean the filter."))
    assert await found_by_words(store, query("boiler faults")) == ["Clean the filter."]


async def test_chinese_is_found_without_spaces(store: LibraryStore, source: Source) -> None:
    await store.put(a_document(source), *cut("备用钥匙在石头下面。", "星期二倒垃圾。"))
    assert await found_by_words(store, query("钥匙在哪里")) == ["备用钥匙在石头下面。"]


async def test_a_passage_comes_back_as_it_was_kept(store: LibraryStore, source: Source) -> None:
    text, passages = cut("Error E5 means low pressure.", "Clean the filter.")
    document = a_document(source, notes=("page 3 has no text",))
    number = await store.put(document, text, passages)
    leg = await store.words_leg(["filter"], query("filter"), 10)
    held = (await store.passages([leg[0][0]]))[leg[0][0]]
    assert held.passage == passages[1]
    assert held.ordinal == 1
    assert held.document == replace(document, id=number)
    assert await store.text(number) == text


async def test_a_part_of_a_table_keeps_the_row_in_front_of_it(
    store: LibraryStore, source: Source
) -> None:
    passage = Passage("Day | Task\nTue | Glass", Place(20, 31, sheet="Plan", cells="A1:B9"), 6)
    await store.put(a_document(source), "Day | Task\nMon | Bin\nTue | Glass", [passage])
    leg = await store.words_leg(["glass"], query("glass"), 10)
    assert (await store.passages([leg[0][0]]))[leg[0][0]].passage == passage


async def test_a_document_that_changed_replaces_what_was_known(
    store: LibraryStore, source: Source
) -> None:
    first = await store.put(a_document(source), *cut("The code is 1111."))
    again = await store.put(a_document(source, digest="d2"), *cut("The code is 2222."))
    assert again == first
    assert await found_by_words(store, query("code")) == ["The code is 2222."]
    assert (await store.known(source.id))["boiler.pdf"].digest == "d2"


async def test_a_document_that_was_dropped_is_found_no_more(
    store: LibraryStore, source: Source
) -> None:
    number = await store.put(a_document(source), *cut("The code is 1111."))
    await embed(store, {"1111": pointing(0)})
    await store.drop([number, 99])
    assert await found_by_words(store, query("code")) == []
    assert await store.vector_leg(MODEL, asking(0), query("code"), 10) == []
    assert await store.known(source.id) == {}


async def test_only_the_collections_that_are_named_are_searched(
    store: LibraryStore, source: Source
) -> None:
    private = await store.add(Source("private", SourceKind.FILE, "/srv/will.txt"))
    await store.put(a_document(source), *cut("The code of the gate is 1111."))
    await store.put(a_document(private, uri="will"), *cut("The code of the safe is 2222."))
    await embed(store, {"1111": pointing(0), "2222": pointing(0)})
    for collections in (("house",), ("private",), ("house", "private")):
        bounded = query("code", *collections)
        words_leg = await store.words_leg(["code"], bounded, 10)
        vector_leg = await store.vector_leg(MODEL, asking(0), bounded, 10)
        assert len(words_leg) == len(vector_leg) == len(collections)
        held = await store.passages([passage for passage, _ in words_leg + vector_leg])
        assert {each.document.collection for each in held.values()} == set(collections)


async def test_a_search_can_be_bounded_by_time(store: LibraryStore, source: Source) -> None:
    await store.put(a_document(source, uri="old", modified=100.0), *cut("The code was 1111."))
    await store.put(a_document(source, uri="new", modified=200.0), *cut("The code is 2222."))
    assert await found_by_words(store, query("code", since=150.0)) == ["The code is 2222."]
    assert await found_by_words(store, query("code", until=150.0)) == ["The code was 1111."]


async def test_the_nearest_vector_comes_first(store: LibraryStore, source: Source) -> None:
    await store.put(a_document(source), *cut("about water", "about fire", "about air"))
    await embed(store, {"water": pointing(0), "fire": pointing(1), "air": pointing(2)})
    leg = await store.vector_leg(MODEL, asking(1), query("x"), 2)
    held = await store.passages([passage for passage, _ in leg])
    assert held[leg[0][0]].passage.text == "about fire"
    assert leg[0][1] == pytest.approx(1.0, abs=1e-3)
    assert leg[1][1] == pytest.approx(0.0, abs=1e-3)


async def test_nothing_is_embedded_twice(store: LibraryStore, source: Source) -> None:
    await store.put(a_document(source), *cut("about water"))
    await embed(store, {"water": pointing(0)})
    await store.put(a_document(source, uri="copy.pdf"), *cut("about water"))
    assert await store.unembedded(MODEL, 10) == []
    assert len(await store.vector_leg(MODEL, asking(0), query("x"), 10)) == 2


async def test_a_renamed_document_keeps_what_is_known_of_it(
    store: LibraryStore, source: Source
) -> None:
    number = await store.put(a_document(source), *cut("about water"))
    await embed(store, {"water": pointing(0)})
    await store.renamed(number, "heater.pdf", "Boiler manual")
    assert set(await store.known(source.id)) == {"heater.pdf"}
    assert len(await store.vector_leg(MODEL, asking(0), query("x"), 10)) == 1


async def test_a_model_has_only_its_own_vectors(store: LibraryStore, source: Source) -> None:
    await store.put(a_document(source), *cut("about water"))
    await embed(store, {"water": pointing(0)})
    assert await store.vector_leg("another", asking(0), query("x"), 10) == []
    assert len(await store.unembedded("another", 10)) == 1


async def test_a_fault_is_known_with_its_document(store: LibraryStore, source: Source) -> None:
    await store.put(a_document(source, fault="the file is locked by a password"), "", [])
    (collection,) = await store.collections()
    assert (collection.documents, collection.passages, collection.faults) == (1, 0, 1)
    (document,) = await store.documents("house", limit=10, offset=0)
    assert document.fault == "the file is locked by a password"


async def test_a_source_is_removed_with_its_documents(store: LibraryStore, source: Source) -> None:
    await store.put(a_document(source), *cut("The code is 1111."))
    assert await store.sources() == [source]
    await store.remove(source.id)
    assert await store.sources() == []
    assert await store.collections() == []
    assert await found_by_words(store, query("code")) == []
    with pytest.raises(Permanent, match="no source"):
        await store.remove(source.id)


async def test_the_same_source_again_is_the_same(store: LibraryStore, source: Source) -> None:
    assert await store.add(replace(source, id=0)) == source


async def test_all_of_it_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    async with LibraryStore(path, words) as store:
        source = await store.add(Source("house", SourceKind.FILE, "/a", options=(("depth", "2"),)))
        await store.put(a_document(source), *cut("about water"))
        await embed(store, {"water": pointing(0)})
    async with LibraryStore(path, words) as store:
        assert await store.sources() == [source]
        assert await found_by_words(store, query("water")) == ["about water"]
        assert len(await store.vector_leg(MODEL, asking(0), query("x"), 10)) == 1


async def test_a_search_does_not_wait_for_a_writer(store: LibraryStore, source: Source) -> None:
    await store.put(a_document(source), *cut("The code is 1111."))
    writing, over = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(db: object) -> None:
        loop.call_soon_threadsafe(writing.set)
        asyncio.run_coroutine_threadsafe(over.wait(), loop).result()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(store.call(slow))
        await writing.wait()
        assert await found_by_words(store, query("code")) == ["The code is 1111."]
        over.set()
