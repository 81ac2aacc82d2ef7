"""What was read gets its vectors in the background, and nothing gets them twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from laresd.backends.knowledge.filling import BATCH, Facts, VectorFiller
from laresd.documents import Document, Passage, Place, Source, SourceKind
from laresd.errors import Temporary
from laresd.types import Vectors
from tests.fakes.clock import FakeClock
from tests.fakes.embedder import FakeEmbedder
from tests.fakes.libraries import Shelf, a_shelf

FACTS = Facts("tiny-1", "passage: ")


class CountingEmbedder(FakeEmbedder):
    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []
        self.fault: Temporary | None = None

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors:
        self.asked.append(texts)
        if self.fault:
            raise self.fault
        return await super().embed(texts, deadline=deadline)


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with a_shelf(tmp_path) as opened:
        yield opened


async def loaded() -> Facts:
    return FACTS


async def keep(shelf: Shelf, texts: Sequence[str]) -> None:
    source = await shelf.store.add(Source("house", SourceKind.FOLDER, "/srv"))
    for text in texts:
        document = Document(0, source.id, "house", text, "", text, 1, 1.0)
        await shelf.store.put(document, text, [Passage(text, Place(0, len(text)), 3)])


@asynccontextmanager
async def running(filler: VectorFiller) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(filler.run())
        yield
        task.cancel()


async def all_filled(shelf: Shelf) -> None:
    async with asyncio.timeout(30):
        while await shelf.store.unembedded(FACTS.key, 1):  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0.002)


async def test_texts_get_vectors_a_few_at_a_time_and_each_once(shelf: Shelf) -> None:
    embedder, clock = CountingEmbedder(), FakeClock()
    filler = VectorFiller(shelf.store, embedder, loaded, clock)
    await keep(shelf, [f"text {number}" for number in range(BATCH + 4)])
    async with running(filler):
        await all_filled(shelf)
        assert [len(texts) for texts in embedder.asked] == [BATCH, 4]
        assert embedder.asked[0][0] == "passage: text 0"
        await keep(shelf, ["one more"])
        filler.wake()
        await all_filled(shelf)
        assert embedder.asked[2:] == [["passage: one more"]]


async def test_a_library_without_documents_loads_no_model(shelf: Shelf) -> None:
    asked = []

    async def load() -> Facts:
        asked.append("model")
        return FACTS

    async with running(VectorFiller(shelf.store, CountingEmbedder(), load, FakeClock())):
        await shelf.store.collections()
        await asyncio.sleep(0.01)
    assert asked == []


async def test_it_tries_again_after_a_failure(shelf: Shelf) -> None:
    embedder, clock = CountingEmbedder(), FakeClock()
    filler = VectorFiller(shelf.store, embedder, loaded, clock)
    await keep(shelf, ["a text"])
    embedder.fault = Temporary("the worker died")
    async with running(filler):
        await clock.asleep()
        assert len(embedder.asked) == 1
        embedder.fault = None
        clock_moves = asyncio.create_task(clock.advance(30.0))
        await all_filled(shelf)
        clock_moves.cancel()
        assert len(embedder.asked) == 2
