"""Both legs are joined as far as the vectors know the language; a leg that fails is left out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from laresd.backends.knowledge.vectors import coded
from laresd.core.knowledge.searching import Embedding, Searcher
from laresd.documents import Query
from laresd.errors import Temporary
from laresd.types import Vectors
from tests.fakes.clock import FakeClock
from tests.fakes.embedder import WIDTH, FakeEmbedder
from tests.fakes.papers import Shelf, shelf

MODEL = Embedding("fake", {"en": 1.0}, query_prefix="")


class Asked(FakeEmbedder):
    """Keeps what it was asked; raises `error` instead where there is one."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.error: Temporary | None = None

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors:
        if self.error is not None:
            raise self.error
        self.texts += texts
        return await super().embed(texts, deadline=deadline)


@pytest.fixture
async def papers(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with shelf(tmp_path) as filled:
        embedder = FakeEmbedder()
        texts = await filled.store.unembedded("fake", 100)
        made = await embedder.embed([each.text for each in texts], deadline=0.0)
        rows = np.frombuffer(made.rows, "<f4").reshape(-1, WIDTH)
        pairs = zip([each.content for each in texts], coded(rows), strict=True)
        await filled.store.put_vectors("fake", WIDTH, list(pairs))
        yield filled


@pytest.fixture
def embedder() -> Asked:
    return Asked()


def searcher(papers: Shelf, embedder: Asked, embedding: Embedding | None = MODEL) -> Searcher:
    return Searcher(papers.store, FakeClock(), embedder, lambda: embedding)


def query(text: str, language: str = "en") -> Query:
    return Query(text, language, ("house",))


async def test_both_legs_count_where_the_model_knows_the_language(
    papers: Shelf, embedder: Asked
) -> None:
    results = await searcher(papers, embedder).search(query("boiler pressure"), deadline=1e9)
    assert results.vectors and embedder.texts == ["boiler pressure"]
    best = results.found[0]
    assert best.document.title == "Boiler manual"
    assert best.words is not None and best.similarity is not None


async def test_vectors_of_a_language_that_the_model_lacks_are_not_even_made(
    papers: Shelf, embedder: Asked
) -> None:
    results = await searcher(papers, embedder).search(query("内锅放米", "zh"), deadline=1e9)
    assert not results.vectors and embedder.texts == []
    assert results.found[0].document.title == "电饭煲说明书"
    assert results.found[0].similarity is None


@pytest.mark.parametrize("embedding", [None, MODEL])
async def test_words_are_enough_where_there_is_no_vector(
    embedding: Embedding | None, papers: Shelf, embedder: Asked
) -> None:
    embedder.error = Temporary("the embedding model is being started")
    found = await searcher(papers, embedder, embedding).search(query("boiler"), deadline=1e9)
    assert not found.vectors
    assert found.found[0].document.title == "Boiler manual"


async def test_the_prefix_of_the_model_stands_before_the_question(
    papers: Shelf, embedder: Asked
) -> None:
    prefixed = Embedding("fake", {"*": 1.0}, query_prefix="query: ")
    await searcher(papers, embedder, prefixed).search(query("um, boiler"), deadline=1e9)
    assert embedder.texts == ["query: boiler"]


async def test_how_many_passages_hold_a_word_is_counted(papers: Shelf, embedder: Asked) -> None:
    found = searcher(papers, embedder)
    asked = query("the boiler of Mongolia")
    results = await found.search(asked, deadline=1e9)
    assert await found.counts(results.question, asked) == {"boiler": 1, "mongolia": 0}
