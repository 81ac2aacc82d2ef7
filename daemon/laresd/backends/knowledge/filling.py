"""Vectors of the texts that have none yet, as background work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import numpy as np

from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.vectors import coded
from laresd.errors import LaresError
from laresd.ports import Clock, Embedder

log = logging.getLogger(__name__)

BATCH = 16  # texts that are embedded and kept together
LOOKED_UP = 256  # texts that are looked up together
BATCH_S = 600.0  # that a batch may take, of which it mostly waits for voice
PAUSE_S = 30.0  # after a failure


@dataclass(frozen=True, slots=True)
class Facts:
    """Of the embedding model. `key`: of vectors that may be compared."""

    key: str
    passage_prefix: str = ""


class VectorFiller:
    """`embedder` waits for voice by itself. `facts` loads the model where it is not loaded; it is
    asked for only when there are texts.
    """

    def __init__(
        self,
        store: LibraryStore,
        embedder: Embedder,
        facts: Callable[[], Awaitable[Facts]],
        clock: Clock,
    ) -> None:
        self._store, self._embedder = store, embedder
        self._facts, self._clock = facts, clock
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There are new texts."""
        self._news.set()

    async def run(self) -> None:
        said = ""
        if any(each.passages for each in await self._store.collections()):
            self._news.set()
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self.fill()
                said = ""
            except LaresError as error:
                if error.message != said:
                    log.warning("documents are found by their words alone for now: %s", error)
                said = error.message
                self._news.set()
                await self._clock.wait(asyncio.Event(), self._clock.now() + PAUSE_S)

    async def fill(self) -> None:
        """All that there are now. Raises what the embedder and the store raise."""
        facts = await self._facts()
        while texts := await self._store.unembedded(facts.key, LOOKED_UP):
            for start in range(0, len(texts), BATCH):
                batch = {each.content: each.text for each in texts[start : start + BATCH]}
                await self._batch(batch, facts)

    async def _batch(self, texts: Mapping[bytes, str], facts: Facts) -> None:
        """By the texts' hashes."""
        found = await self._embedder.embed(
            [facts.passage_prefix + text for text in texts.values()],
            deadline=self._clock.now() + BATCH_S,
        )
        rows = np.frombuffer(found.rows, "<f4").reshape(len(texts), found.width)
        made = zip(texts, coded(rows), strict=True)
        await self._store.put_vectors(facts.key, found.width, list(made))
