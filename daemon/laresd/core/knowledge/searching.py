"""Searching: both legs of the index, joined as far as the vectors know the question's language."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from laresd.core.knowledge import fusion, questions
from laresd.core.knowledge.questions import Question
from laresd.documents import Found, Query
from laresd.errors import LaresError
from laresd.ports import Clock, Embedder, PassageIndex
from laresd.types import Vectors

log = logging.getLogger(__name__)

LEG = 50  # passages of each leg
LOOKED_AT = 24  # of the fusion, from which an answer is made
COMMON = 2000  # passages that hold a word; more tell nothing more
EMBED_SECONDS = 2.0  # that a question may wait for its vector; the words are there at once


@dataclass(frozen=True, slots=True)
class Embedding:
    """The model that the vectors are of, as it tells of itself. `languages`: by main language, how
    much its vectors count there; "*" for all others.
    """

    key: str
    languages: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    query_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """Passages as they are kept, best first. `vectors`: whether these counted."""

    question: Question
    found: tuple[Found, ...] = ()
    vectors: bool = False


def no_embedding() -> Embedding | None:
    """There is none: words alone."""
    return None


class Searcher:
    """`embedding`: asked at each search, since a model is known only when its worker runs."""

    def __init__(
        self,
        index: PassageIndex,
        clock: Clock,
        embedder: Embedder | None = None,
        embedding: Callable[[], Embedding | None] = no_embedding,
    ) -> None:
        self._index = index
        self._clock = clock
        self._embedder = embedder
        self._embedding = embedding

    async def search(self, query: Query, *, deadline: float) -> Results:
        """Raises what the index raises; an embedder that fails leaves the words alone."""
        question = questions.understood(query.text, query.language)
        known = self._embedding()
        weight = fusion.vector_weight(query.language, known.languages) if known else 0.0
        words, near = await asyncio.gather(
            self._index.words_leg(question.words, query, LEG),
            self._near(question, query, known, deadline) if known and weight > 0 else _none(),
        )
        legs = ((1.0, [key for key, _ in words]), (weight, [key for key, _ in near]))
        best = fusion.fused(legs)[: max(LOOKED_AT, query.limit)]
        held = await self._index.passages([key for key, _ in best])
        by_words, by_vectors = dict(words), dict(near)
        found = tuple(
            Found(
                held[key].document,
                held[key].passage,
                score,
                similarity=by_vectors.get(key),
                words=by_words.get(key),
            )
            for key, score in best
            if key in held
        )
        return Results(question, found, bool(near))

    async def counts(self, question: Question, query: Query) -> dict[str, int]:
        """How many passages hold each word of the question, up to COMMON."""
        legs = await asyncio.gather(
            *(self._index.words_leg((word,), query, COMMON) for word in question.words)
        )
        return {word: len(leg) for word, leg in zip(question.words, legs, strict=True)}

    async def vectors(self, texts: Sequence[str], *, deadline: float) -> Vectors | None:
        """Of texts beside the index, such as sentences; None where there is no embedder or it
        fails.
        """
        if self._embedder is None:
            return None
        until = min(deadline, self._clock.now() + EMBED_SECONDS)
        try:
            return await self._embedder.embed(texts, deadline=until)
        except LaresError as error:
            log.warning("a question is searched by its words alone: %s", error)
            return None

    async def _near(
        self, question: Question, query: Query, known: Embedding, deadline: float
    ) -> Sequence[tuple[int, float]]:
        vector = await self.vectors([known.query_prefix + question.bare], deadline=deadline)
        return await self._index.vector_leg(known.key, vector, query, LEG) if vector else ()


async def _none() -> Sequence[tuple[int, float]]:
    return ()
