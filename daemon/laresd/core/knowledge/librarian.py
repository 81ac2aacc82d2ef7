"""The librarian: what is asked of documents, from the question to an answer with its sources.

It has no tools and no devices: nothing that a document says can be done. A sentence is told only
when a passage bears it out, and nothing at all when the passages do not answer the question.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

from laresd.core.knowledge import (
    access,
    duplicates,
    evidence,
    extracts,
    neighbours,
    prompt,
    refusal,
    summary,
    wording,
)
from laresd.core.knowledge.answering import Telling
from laresd.core.knowledge.claims import Sentences
from laresd.core.knowledge.profiles import NO_PROFILE, Profile
from laresd.core.knowledge.questions import language_of
from laresd.core.knowledge.searching import Results, Searcher
from laresd.core.knowledge.summary import Summaries
from laresd.documents import Cited, Collection, Document, Found, Progress, Query
from laresd.errors import DeadlineExceeded, LaresError, Permanent, Refused
from laresd.ports import Clock, LanguageModel
from laresd.types import Request

log = logging.getLogger(__name__)

OnSentence = Callable[[str], None]
PAGE = 500  # documents that are listed at once
SHOWN = 8  # passages of a search
READ = 5  # passages that an answer may come from


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found, and how surely it answers: 0 to 1."""

    results: Results
    spots: tuple[evidence.Spot, ...]
    confidence: float


class Shelves(Protocol):
    """What of the port Library is needed here."""

    async def collections(self) -> Sequence[Collection]: ...

    async def documents(
        self, collection: str, *, limit: int, offset: int
    ) -> Sequence[Document]: ...

    async def text(self, document_id: int) -> str: ...


class DocumentLibrarian:
    """Port Librarian. `writes`: whether the language model that would answer now can be trusted
    with it; without one, and with a small one, the answer is the sentences of the documents.
    """

    def __init__(
        self,
        searcher: Searcher,
        shelves: Shelves,
        clock: Clock,
        model: LanguageModel | None = None,
        *,
        writes: Callable[[], bool] = lambda: False,
        profiles: Callable[[str], Profile | None] = lambda name: None,
    ) -> None:
        self._searcher = searcher
        self._shelves = shelves
        self._clock = clock
        self._model = model
        self._writes = writes
        self._profiles = profiles
        self._summaries = Summaries(clock, model, writes)

    async def search(self, request: Request, collections: Sequence[str] = ()) -> Sequence[Found]:
        known = await self._shelves.collections()
        asked = access.askable(known, request, collections)
        if not asked:
            return ()
        query = Query(request.text, language_of(request.text, request.language), asked, SHOWN)
        results = await self._searcher.search(query, deadline=request.deadline)
        return neighbours.joined(duplicates.folded(results.found))[:SHOWN]

    async def answer(
        self,
        request: Request,
        collections: Sequence[str] = (),
        on_sentence: OnSentence | None = None,
        *,
        profile: str = "",
    ) -> Cited:
        chosen = self._profile(profile)
        if (refused := chosen.refuses(request.text)) is not None:
            return Cited(refused)
        judged = await self.judged(request, chosen.narrowed(collections))
        if judged is None:
            return Cited(wording.wording(request.language).no_documents)
        if judged.confidence < max(refusal.LEAST, chosen.least):
            return Cited(wording.wording(request.language).nothing)
        return await self.told(request, judged, on_sentence, chosen)

    async def judged(
        self,
        request: Request,
        collections: Sequence[str] = (),
        documents: tuple[int, ...] = (),
    ) -> Judged | None:
        """How surely the documents answer (those, or all); None where there are none that may be
        asked. Raises what `search` raises.
        """
        known = await self._shelves.collections()
        asked = access.askable(known, request, collections)
        total = sum(each.passages for each in known if each.name in asked)
        if not asked or not total:
            return None
        language = language_of(request.text, request.language)
        query = Query(request.text, language, asked, documents=documents)
        results = await self._searcher.search(query, deadline=request.deadline)
        counts = await self._searcher.counts(results.question, query)
        weights = evidence.rarity(counts, total)
        read = tuple(duplicates.folded(results.found)[:SHOWN])
        spots = tuple(evidence.spots(results.question, read[:READ], weights))
        unknown = frozenset(word for word, count in counts.items() if not count)
        measured = evidence.measured(results.question, read, spots, weights, unknown)
        return Judged(
            replace(results, found=read),
            spots,
            refusal.confidence(measured, paired=results.question.paired, vectors=results.vectors),
        )

    async def summary(
        self,
        request: Request,
        document: str,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> str:
        asked = access.askable(await self._shelves.collections(), request)
        chosen = summary.named([one async for one in self._documents(asked)], document)
        if chosen is None:
            raise Refused(
                "there is no such document, or not only one, that you may ask about",
                remedy="name it by its number; `lares kb documents` lists them",
            )
        text = await self._shelves.text(chosen.id)
        try:
            async with asyncio.timeout(request.deadline - self._clock.now()):
                return await self._summaries.of(chosen, text, request.language, on_progress)
        except TimeoutError:
            raise DeadlineExceeded(
                "the summary was not done in time", remedy="ask again: it goes on where it was"
            ) from None

    async def _documents(self, collections: Sequence[str]) -> AsyncIterator[Document]:
        for collection in collections:
            offset = 0
            while page := await self._shelves.documents(collection, limit=PAGE, offset=offset):
                for document in page:
                    yield document
                offset += len(page)

    async def told(
        self,
        request: Request,
        judged: Judged,
        on_sentence: OnSentence | None = None,
        profile: Profile = NO_PROFILE,
    ) -> Cited:
        """The answer from what was found. Raises what the language model raises."""
        telling = Telling(judged.results.found[:READ], request.language, on_sentence)
        if self._model is not None and self._writes() and not profile.quotes_only:
            await self._written(self._model, request, judged, profile, telling)
        results, doubted = judged.results, telling.declined and judged.confidence < refusal.SURE
        if not telling.claims and not doubted:
            for spot in extracts.chosen(results.question, results.found, judged.spots):
                telling.quote(spot)
        if not telling.claims:
            return Cited(wording.wording(request.language).nothing)
        if profile.notice:
            telling.add(profile.notice)
        return telling.cited()

    async def _written(
        self,
        model: LanguageModel,
        request: Request,
        judged: Judged,
        profile: Profile,
        telling: Telling,
    ) -> None:
        """What the model writes and the passages bear out. It fails in silence where nothing was
        told yet: then the documents' own sentences are the answer.
        """
        asked = prompt.about(
            judged.results.question.bare,
            telling.found,
            request.language,
            instructions=profile.instructions,
            priority=request.priority,
        )
        reading = Sentences()
        try:
            async with aclosing(model.generate(asked, deadline=request.deadline)) as pieces:
                async for piece in pieces:
                    for sentence in reading.hear(piece.text):
                        telling.hear(sentence)
                    if telling.over:
                        return
            for sentence in reading.end():
                telling.hear(sentence)
        except Refused:
            raise
        except LaresError as error:
            log.warning("the language model did not answer from documents: %s", error)

    def _profile(self, name: str) -> Profile:
        if not name:
            return NO_PROFILE
        found = self._profiles(name)
        if found is None:
            raise Permanent(
                "there is no profile of that name", remedy="look at [profiles.NAME] in lares.toml"
            )
        return found
