"""The indexes of documents are made again from what is known, and fit how much that is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from laresd.backends.knowledge import derived, embeddings, recall, vec1
from laresd.backends.knowledge.derived import Kind
from laresd.backends.knowledge.embeddings import KEPT_S
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.upkeep import Upkeep
from laresd.backends.knowledge.vectors import coded, units
from laresd.backends.sqlite import Connection
from laresd.core.knowledge.words import words
from laresd.documents import Document, Passage, Place, Query, Source, SourceKind
from laresd.types import Vectors
from tests.fakes.clock import FakeClock

WIDTH, MANY = 16, 600


async def always() -> None:
    """Nobody waits for anything."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LibraryStore]:
    async with LibraryStore(tmp_path / "library.db", words) as opened:
        yield opened


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def upkeep(store: LibraryStore, clock: FakeClock) -> Upkeep:
    return Upkeep(store, clock, always, many=MANY)


async def a_source(store: LibraryStore, collection: str = "house") -> Source:
    return await store.add(Source(collection, SourceKind.FOLDER, f"/srv/{collection}"))


async def put(store: LibraryStore, source: Source, uri: str, *texts: str, at: float = 0.0) -> int:
    passages = [Passage(text, Place(0, 1), 3) for text in texts]
    document = Document(0, source.id, source.collection, uri, "", "d", 1, at)
    return await store.put(document, "", passages)


async def fill(store: LibraryStore, source: Source, count: int, name: str = "doc") -> None:
    for start in range(0, count, 200):
        numbers = range(start, min(count, start + 200))
        await put(store, source, f"{name}{start}", *(f"{name} number{n}" for n in numbers))


async def embed(store: LibraryStore, model: str = "tiny") -> None:
    while wanted := await store.unembedded(model, 250):
        vectors = coded(np.stack([vector_of(each.text, model) for each in wanted]))
        made = zip((each.content for each in wanted), vectors, strict=True)
        await store.put_vectors(model, WIDTH, list(made))


def vector_of(text: str, model: str = "tiny") -> NDArray[np.float32]:
    """About one of twenty topics, as texts are."""
    own = np.random.default_rng(list((model + text).encode()))
    topic = np.random.default_rng([len(model), int(own.integers(20))])
    near = topic.standard_normal(WIDTH) + 0.2 * own.standard_normal(WIDTH)
    return near.astype(np.float32)


def asking(text: str, model: str = "tiny") -> Vectors:
    return Vectors(WIDTH, vector_of(text, model).astype("<f4").tobytes())


async def nearest(store: LibraryStore, text: str, model: str = "tiny", **more: object) -> list[str]:
    query = replace(Query("", "en", ("house",)), **more)  # type: ignore[arg-type]
    leg = await store.vector_leg(model, asking(text, model), query, 5)
    held = await store.passages([passage for passage, _ in leg])
    return [held[passage].passage.text for passage, _ in leg]


async def said(store: LibraryStore, word: str) -> int:
    return len(await store.words_leg([word], Query(word, "en", ("house",)), 2000))


async def kinds(store: LibraryStore) -> list[str]:
    return [each.kind for each in await store.indexes() if each.is_whole]


async def test_indexes_that_were_dropped_are_made_again(
    store: LibraryStore, upkeep: Upkeep
) -> None:
    await fill(store, await a_source(store), 300)
    await embed(store)
    await store.rebuild()
    assert await store.indexes() == []
    assert await said(store, "number7") == 0
    await upkeep.settle()
    assert await said(store, "number7") == 1
    assert (await nearest(store, "doc number7"))[0] == "doc number7"


async def test_what_is_put_and_dropped_while_an_index_is_filled_is_in_it_in_the_end(
    store: LibraryStore, upkeep: Upkeep
) -> None:
    source = await a_source(store)
    await fill(store, source, 1500)
    await embed(store)
    await store.rebuild()
    pieces = 0

    async def meanwhile() -> None:
        nonlocal pieces
        pieces += 1
        await put(store, source, f"new{pieces}", f"new{pieces}")
        await embed(store)
        known = await store.known(source.id)
        if f"doc{pieces * 200}" in known:
            await store.drop([known[f"doc{pieces * 200}"].id])

    await Upkeep(store, FakeClock(), meanwhile, many=10**9).settle()
    assert pieces > 4
    counts = await store.read(
        lambda db: [
            (derived.expected(db, each.model), len(derived.unusable(db, thorough=True)))
            for each in derived.every(db)
        ]
    )
    assert counts
    assert all(bad == 0 for _, bad in counts)
    assert await said(store, "new2") == 1
    assert (await nearest(store, "new2"))[0] == "new2"


async def test_many_vectors_are_searched_approximately_and_few_exactly(
    store: LibraryStore, upkeep: Upkeep, clock: FakeClock
) -> None:
    source = await a_source(store)
    await fill(store, source, MANY)
    await embed(store)
    await upkeep.settle()
    assert await kinds(store) == ["words", "vec0"]
    await fill(store, source, 200, "more")
    await embed(store)
    await upkeep.settle()
    assert await kinds(store) == ["words", "vec1"]
    index = (await store.indexes())[-1]
    assert index.recall is not None
    assert index.recall >= 0.97
    assert (await nearest(store, "doc number7"))[0] == "doc number7"
    await store.drop([each.id for each in list((await store.known(source.id)).values())[:2]])
    await upkeep.settle()
    await clock.advance(KEPT_S + 1)
    await upkeep.settle()
    assert await kinds(store) == ["words", "vec0"]


async def test_an_approximate_index_follows_what_changes(
    store: LibraryStore, upkeep: Upkeep
) -> None:
    source = await a_source(store)
    await fill(store, source, MANY + 100)
    await embed(store)
    await upkeep.settle()
    await put(store, source, "new", "a new one")
    await embed(store)
    assert (await nearest(store, "a new one"))[0] == "a new one"
    await store.drop([(await store.known(source.id))["new"].id])
    assert "a new one" not in await nearest(store, "a new one")


async def test_an_approximate_search_keeps_to_its_collections_and_its_time(
    store: LibraryStore, upkeep: Upkeep
) -> None:
    source, other = await a_source(store), await a_source(store, "private")
    await fill(store, source, MANY + 100)
    await put(store, other, "will", "the will", at=500.0)
    await put(store, source, "late", "the will as well", at=500.0)
    await embed(store)
    await upkeep.settle()
    assert await kinds(store) == ["words", "vec1"]
    assert "the will" not in await nearest(store, "the will")
    assert await nearest(store, "the will", collections=("private",)) == ["the will"]
    assert (await nearest(store, "the will", collections=("house", "private")))[0] == "the will"
    assert await nearest(store, "the will", since=400.0) == ["the will as well"]
    assert await nearest(store, "the will", collections=()) == []


async def test_an_approximate_index_that_finds_too_little_is_refused(
    store: LibraryStore, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(store, await a_source(store), MANY + 100)
    await embed(store)

    def blind(db: Connection, table: str, asked: object, sources: object, limit: int) -> list[int]:
        return [1, 2, 3]

    monkeypatch.setattr(vec1, "search", blind)
    await upkeep.settle()
    assert await kinds(store) == ["words", "vec0"]
    index = (await store.indexes())[-1]
    assert index.refused
    assert index.recall is not None
    assert index.recall < 0.5
    assert (await nearest(store, "doc number7"))[0] == "doc number7"


async def test_without_the_extension_an_approximate_index_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    path = tmp_path / "library.db"
    async with LibraryStore(path, words) as store:
        await fill(store, await a_source(store), MANY + 100)
        await embed(store)
        await Upkeep(store, clock, always, many=MANY).settle()
        assert "vec1" in await kinds(store)
    monkeypatch.setattr(vec1, "load", lambda db: False)
    async with LibraryStore(path, words) as store:
        assert "cannot be loaded" in store.vec1_fault
        assert await nearest(store, "doc number7") == []
        assert await said(store, "number7") == 1
        await Upkeep(store, clock, always, many=MANY).settle()
        assert (await nearest(store, "doc number7"))[0] == "doc number7"
        assert await kinds(store) == ["words", "vec0"]


async def test_another_model_is_filled_beside_the_old_one_and_then_takes_its_place(
    store: LibraryStore, upkeep: Upkeep
) -> None:
    source = await a_source(store)
    await fill(store, source, 300)
    await embed(store, "old")
    wanted = await store.unembedded("new", 200)
    made = coded(np.stack([vector_of(each.text, "new") for each in wanted]))
    await store.put_vectors(
        "new", WIDTH, list(zip((each.content for each in wanted), made, strict=True))
    )
    await upkeep.settle()
    assert (await nearest(store, "doc number7", "old"))[0] == "doc number7"
    await embed(store, "new")
    await upkeep.settle()
    assert (await nearest(store, "doc number7", "new"))[0] == "doc number7"
    assert await nearest(store, "doc number7", "old") == []
    assert {each.model for each in await store.indexes()} == {"", "new"}
    held = await store.read(lambda db: db.execute("SELECT count(*) FROM embedding").fetchone())
    assert held == (300,)


async def test_a_document_that_is_moved_is_not_embedded_again(
    store: LibraryStore, upkeep: Upkeep, clock: FakeClock
) -> None:
    source, other = await a_source(store), await a_source(store, "archive")
    number = await put(store, source, "a", "about water")
    await embed(store)
    await store.drop([number])
    await upkeep.settle()
    await clock.advance(KEPT_S / 2)
    await upkeep.settle()
    await put(store, other, "b", "about water")
    assert await store.unembedded("tiny", 10) == []
    await clock.advance(KEPT_S * 2)
    await upkeep.settle()
    assert await nearest(store, "about water", collections=("archive",)) == ["about water"]


async def test_vectors_of_what_is_forgotten_are_forgotten_after_a_while(
    store: LibraryStore, upkeep: Upkeep, clock: FakeClock
) -> None:
    source = await a_source(store)
    number = await put(store, source, "a", "about water")
    await put(store, source, "b", "about fire")
    await embed(store)
    await store.drop([number])
    await put(store, source, "b", "about air")
    await upkeep.settle()
    await clock.advance(KEPT_S + 1)
    await upkeep.settle()
    held = await store.read(lambda db: db.execute("SELECT count(*) FROM embedding").fetchone())
    assert held == (0,)


async def test_a_vector_that_comes_when_its_text_is_gone_is_not_kept(
    store: LibraryStore, upkeep: Upkeep
) -> None:
    source = await a_source(store)
    number = await put(store, source, "a", "about water")
    (wanted,) = await store.unembedded("tiny", 10)
    await store.drop([number])
    await store.put_vectors("tiny", WIDTH, [(wanted.content, bytes(WIDTH))])
    held = await store.read(lambda db: db.execute("SELECT count(*) FROM embedding").fetchone())
    assert held == (0,)


async def test_a_change_is_followed_in_the_background(
    store: LibraryStore, upkeep: Upkeep, clock: FakeClock
) -> None:
    await fill(store, await a_source(store), 50)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(upkeep.run())
        await clock.asleep()
        await store.rebuild()
        while not await store.indexes():
            await clock.advance(10.0)
        while await said(store, "number7") == 0:  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0)
        running.cancel()


def test_vec1_is_probed_by_use() -> None:
    assert vec1.probe() == ""


async def test_recall_is_measured_against_all_there_is(store: LibraryStore, upkeep: Upkeep) -> None:
    await fill(store, await a_source(store), 300)
    await embed(store)

    def work(db: Connection) -> derived.Derived:
        (index,) = [each for each in derived.every(db) if each.kind is Kind.VEC0]
        return index

    index = await store.read(work)
    (of,) = await store.read(embeddings.models)
    assert await recall.measured(store, of, index) == 1.0
    await store.call(lambda db: db.execute(f"DELETE FROM {index.table} WHERE passage % 2 = 0"))
    found = await recall.measured(store, of, index)
    assert found is not None
    assert 0.3 < found < 0.7
    await store.rebuild()
    assert await recall.measured(store, of, index) is None


def test_cosines_of_codes_are_those_of_the_vectors() -> None:
    random = np.random.default_rng(1)
    rows = random.standard_normal((50, 384)).astype(np.float32)
    exact = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    assert np.abs(units(coded(rows)) @ exact.T - exact @ exact.T).max() < 0.01
