"""Port Embedder: vectors of length 1, alike for texts that are alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerEmbedder
from laresd.errors import Permanent
from laresd.ports import Embedder
from laresd.types import Vectors
from tests.fakes.bert import TinyBert
from tests.fakes.embedder import FakeEmbedder
from tests.fakes.workers import running, soon

TEXTS = (
    "The kitchen light is on.",
    "The lamp in the kitchen is switched on.",
    "Quarterly tax returns are due in spring.",
    "x",
)


@pytest.fixture(
    params=[
        "fake",
        pytest.param("embedded", marks=pytest.mark.slow),  # SmolLM2
        pytest.param("minilm", marks=pytest.mark.slow),
    ]
)
async def embedder(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Embedder]:
    if request.param == "fake":
        yield FakeEmbedder()
        return
    async with running(specs.embedding_model(request.param, tmp_path)) as worker:
        yield WorkerEmbedder(worker)


def rows(vectors: Vectors) -> NDArray[np.float32]:
    return np.frombuffer(vectors.rows, "<f4").reshape(-1, vectors.width)


async def test_each_text_has_a_vector_of_length_one(embedder: Embedder) -> None:
    found = rows(await embedder.embed(TEXTS, deadline=soon()))
    assert len(found) == len(TEXTS)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-4)


async def test_texts_that_are_alike_are_close(embedder: Embedder) -> None:
    light, lamp, taxes, _ = rows(await embedder.embed(TEXTS, deadline=soon()))
    assert light @ lamp > light @ taxes


async def test_a_text_has_the_same_vector_alone_and_among_others(embedder: Embedder) -> None:
    together = rows(await embedder.embed(TEXTS * 12, deadline=soon()))
    for number, text in enumerate(TEXTS):
        (alone,) = rows(await embedder.embed([text], deadline=soon()))
        for place in range(number, len(together), len(TEXTS)):
            assert float(alone @ together[place]) == pytest.approx(1.0, abs=1e-3)


async def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert (await embedder.embed([], deadline=soon())).rows == b""


async def test_the_beginning_of_a_long_text_counts_and_that_is_said(embedder: Embedder) -> None:
    long = "The kitchen light is on. " * 400
    found = await embedder.embed([long, TEXTS[0], long + "Something else."], deadline=soon())
    assert found.cut == 2
    first, _, last = rows(found)
    assert float(first @ last) == pytest.approx(1.0, abs=1e-3)


async def test_far_too_many_texts_are_refused(embedder: Embedder) -> None:
    with pytest.raises(Permanent, match="texts at once"):
        await embedder.embed(["x"] * 2000, deadline=soon())


@pytest.mark.slow
async def test_an_encoder_gives_the_vectors_of_its_own_computation(tmp_path: Path) -> None:
    bert = TinyBert()
    path = await asyncio.to_thread(bert.write, tmp_path / "tiny-bert.gguf")
    texts = ["the kitchen light is on .", "a lamp", "tax", "the kitchen light is off ."]
    async with running(specs.embedding_model(str(path), tmp_path)) as worker:
        embedder = WorkerEmbedder(worker)
        together = rows(await embedder.embed(texts, deadline=soon()))
        long = await embedder.embed(["light " * 200], deadline=soon())
    for text, found in zip(texts, together, strict=True):
        assert float(found @ bert.vector(text.split())) == pytest.approx(1.0, abs=2e-3)
    assert long.cut == 1
