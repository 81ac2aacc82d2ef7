"""Libraries of made passages, with their vectors, as the store keeps them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from laresd.backends.clock import SystemClock
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.upkeep import Upkeep
from laresd.backends.knowledge.vectors import coded
from laresd.core.knowledge.words import words
from laresd.documents import Document, Passage, Place, Query, Source, SourceKind
from laresd.types import Vectors
from tests.bench.kb.made import WIDTH, Rows

MODEL = "minilm"
EACH = 100  # passages of a document
QUERY = Query("", "en", ("bench",))


@dataclass(frozen=True, slots=True)
class Filled:
    """`passages`: by number of the made vector. CPU seconds of storing and of going over to the
    approximate index.
    """

    store: LibraryStore
    numbers: dict[int, int]
    storing_s: float
    upkeep_s: float

    async def nearest(self, question: Rows, limit: int = 10) -> list[int]:
        """Numbers of made vectors."""
        asked = Vectors(WIDTH, question.astype("<f4").tobytes())
        leg = await self.store.vector_leg(MODEL, asked, QUERY, limit)
        return [self.numbers[passage] for passage, _ in leg]


@asynccontextmanager
async def filled(path: Path, rows: Rows) -> AsyncIterator[Filled]:
    async with LibraryStore(path, words) as store:
        began = time.process_time()
        source = await store.add(Source("bench", SourceKind.FOLDER, "/bench"))
        for start in range(0, len(rows), EACH):
            await _put(store, source, start, rows[start : start + EACH])
        stored = time.process_time()
        await Upkeep(store, SystemClock(), always).settle()
        ended = time.process_time()
        numbers = await store.read(
            lambda db: {
                int(str(passage)): int(str(text))
                for passage, text in db.execute("SELECT id, text FROM passage")
            }
        )
        yield Filled(store, numbers, stored - began, ended - stored)


async def _put(store: LibraryStore, source: Source, start: int, rows: Rows) -> None:
    texts = [str(start + at) for at in range(len(rows))]
    passages = [Passage(text, Place(0, 0), 1) for text in texts]
    await store.put(Document(0, source.id, "bench", str(start), "", "", 1, 0.0), "", passages)
    wanted = await store.unembedded(MODEL, EACH)
    made = zip((each.content for each in wanted), coded(rows), strict=True)
    await store.put_vectors(MODEL, WIDTH, list(made))


async def always() -> None:
    """Nobody waits for anything."""
