"""How well documents are found and answered from, on public sets; rows for `make bench-kb`.

Retrieval goes the whole way of the library: the store on disk, its words, the vectors of the
embedded model, and the fusion. Refusal: questions whose title is taken out of the library, and
questions of another set, beside questions that are answered; the thresholds are those that ship,
calibrated on the other half of the titles (kb_refusal).
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from laresd.backends.clock import SystemClock
from laresd.backends.knowledge import vectors as codes
from laresd.backends.knowledge.store import LibraryStore
from laresd.core.knowledge import words
from laresd.core.knowledge.librarian import DocumentLibrarian
from laresd.core.knowledge.refusal import LEAST
from laresd.core.knowledge.searching import Embedding, Searcher, no_embedding
from laresd.documents import Document, Passage, Place, Query, Source, SourceKind
from laresd.types import Request
from tests.bench.kb_corpora import (
    COLLECTION,
    KEY,
    Asked,
    Corpus,
    OwnEmbedder,
    corpus,
    embedded,
    filled,
)
from tests.bench.kb_refusal import halved
from tests.bench.results import Row

COMMAND = "make bench-kb"
FAR = 1e12  # a deadline that never comes
UNANSWERED = 100  # questions that the documents do not answer
LARGE = 100_000  # passages of the library that a query is timed in
TIMED = 300  # queries


@dataclass(frozen=True, slots=True)
class Bench:
    corpus: Corpus
    store: LibraryStore
    searcher: Searcher
    titles: dict[str, int]

    async def ranks(self, asked: Sequence[Asked]) -> dict[str, list[int]]:
        """Where each question's paragraph stands: in the fusion, and in each leg alone."""
        found: dict[str, list[int]] = {"fusion": [], "words": [], "vectors": []}
        for one in asked:
            query = Query(one.text, self.corpus.language, (COLLECTION,), limit=10)
            results = await self.searcher.search(query, deadline=FAR)
            fused = list(results.found)
            by_words = sorted(fused, key=lambda each: -(each.words or 0.0))
            by_vectors = sorted(fused, key=lambda each: -(each.similarity or -1.0))
            for name, order in (("fusion", fused), ("words", by_words), ("vectors", by_vectors)):
                texts = [each.passage.text for each in order]
                rank = texts.index(one.paragraph) if one.paragraph in texts else len(texts)
                found[name].append(rank)
        return found


@asynccontextmanager
async def bench(corpus: Corpus, *, vectors: bool) -> AsyncIterator[Bench]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        async with LibraryStore(path / "library.db", words.words) as store:
            titles = await filled(store, corpus)
            embedder = OwnEmbedder(path) if vectors else None
            if embedder is not None:
                await embedded(store, embedder)
            known = (lambda: Embedding(KEY, {"en": 1.0})) if vectors else no_embedding
            yield Bench(corpus, store, Searcher(store, SystemClock(), embedder, known), titles)


def _share(ranks: Sequence[int], most: int) -> float:
    return round(sum(rank < most for rank in ranks) / len(ranks), 4)


async def retrieval(most: int = 10_000) -> list[Row]:
    """hit@5 and R@10 of XQuAD (English, Chinese) and CMRC2018 with its distractors."""
    rows: list[Row] = []
    goals = {
        ("xquad_en", 5): ">=0.976",
        ("xquad_en", 10): ">=0.985",
        ("xquad_zh", 5): ">=0.98",
        ("cmrc", 5): ">=0.995",
    }
    for name, vectors in (("xquad_en", True), ("xquad_zh", False), ("cmrc", False)):
        async with bench(corpus(name), vectors=vectors) as made:
            ranks = await made.ranks(made.corpus.questions[:most])
            size = f"{len(made.corpus.paragraphs)} passages, {len(ranks['fusion'])} questions"
        for at in (5, 10):
            alone = {leg: _share(ranks[leg], at) for leg in ("words", "vectors")}
            both = _share(ranks["fusion"], at)
            used = ["words", "vectors"] if name == "xquad_en" else ["words"]
            best = max(alone[leg] for leg in used)
            rows.append(
                Row(f"kb/{name}_hit{at}_share", both, goals.get((name, at), ""), COMMAND, note=size)
            )
            rows.append(
                Row(
                    f"kb/{name}_fusion_over_best_leg_hit{at}_share",
                    round(both - best, 4),
                    ">=0",
                    COMMAND,
                    note=", ".join(f"{leg} alone {alone[leg]}" for leg in used),
                )
            )
    return rows


async def refusal(count: int = UNANSWERED) -> list[Row]:
    """Of questions that the documents do not answer, and of those that they do."""
    rows: list[Row] = []
    others = {"xquad_en": "xquad_en", "xquad_zh": "cmrc", "cmrc": "xquad_zh"}
    for name, vectors in (("xquad_en", True), ("xquad_zh", False), ("cmrc", False)):
        async with bench(corpus(name), vectors=vectors) as made:
            rng = random.Random(11)
            measuring = halved(made.corpus)
            unseen = [one for one in made.corpus.questions if one.title in measuring]
            rng.shuffle(unseen)
            taken = [await _refused(made, one, gone=True) for one in unseen[:count]]
            kept = [await _refused(made, one, gone=False) for one in unseen[: 4 * count]]
            foreign = _foreign(others[name], made.corpus, rng)[:count]
            away = [await _refused(made, one, gone=False) for one in foreign]
        half = taken[: count // 2] + away[: count - count // 2]
        note = (
            f"{sum(taken)}/{len(taken)} whose title is taken out, {sum(away)}/{len(away)} of "
            "another matter; thresholds calibrated on other titles"
        )
        scale = 100.0 / count
        rows += [
            Row(
                f"kb/refusal_{name}_of_100_unanswered",
                round(sum(half) * scale),
                ">=90",
                COMMAND,
                note=note,
            ),
            Row(
                f"kb/refusal_{name}_answerable_refused_share",
                round(sum(kept) / len(kept), 4),
                "<=0.05",
                COMMAND,
                note=f"{len(kept)} questions",
            ),
        ]
    return rows


async def _refused(made: Bench, one: Asked, *, gone: bool) -> bool:
    """`gone`: with all of its title taken out."""
    librarian = DocumentLibrarian(made.searcher, made.store, SystemClock())
    own = made.titles.get(one.title)
    documents = tuple(n for n in made.titles.values() if n != own) if gone else ()
    request = Request("b", one.text, made.corpus.language, FAR, "bench")
    judged = await librarian.judged(request, documents=documents)
    return judged is None or judged.confidence < LEAST


def _foreign(name: str, own: Corpus, rng: random.Random) -> list[Asked]:
    """Questions of another matter in the same language."""
    if name == own.name:
        return [Asked(text, "", "", "") for text in EVERYDAY]
    found = [one for one in corpus(name).questions if one.title not in own.by_title]
    return rng.sample(found, min(len(found), 2 * UNANSWERED))


async def latency(passages: int = LARGE, queries: int = TIMED) -> list[Row]:
    """A whole hybrid query with its embedding, in a library of many passages."""
    made = corpus("xquad_en")
    rng = random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        embedder = OwnEmbedder(path)
        async with LibraryStore(path / "library.db", words.words) as store:
            await _many(store, made, embedder, passages, rng)
            searcher = Searcher(store, SystemClock(), embedder, lambda: Embedding(KEY, {"en": 1.0}))
            took: list[float] = []
            for one in rng.sample(made.questions, min(queries, len(made.questions))):
                embedder.forget()
                start = time.perf_counter()
                query = Query(one.text, "en", (COLLECTION,))
                await searcher.search(query, deadline=FAR)
                took.append(1000.0 * (time.perf_counter() - start))
    took.sort()
    return [
        Row(
            "kb/hybrid_query_p95_ms",
            round(took[int(0.95 * (len(took) - 1))], 1),
            "<=50",
            COMMAND,
            note=f"{passages} passages, {len(took)} queries, embedding and both legs, in process; "
            f"median {took[len(took) // 2]:.1f} ms",
        )
    ]


async def _many(
    store: LibraryStore, made: Corpus, embedder: OwnEmbedder, passages: int, rng: random.Random
) -> None:
    """Passages of sentences mixed from the set, with vectors of its own ones and noise."""
    source = await store.add(Source(COLLECTION, SourceKind.FOLDER, "/many"))
    sentences = [s.strip() + "." for _, text in made.paragraphs for s in text.split(". ")]
    texts = [text for _, text in made.paragraphs]
    own = np.frombuffer((await embedder.embed(texts, deadline=FAR)).rows, "<f4")
    centres = own.reshape(len(texts), -1)
    noise = np.random.default_rng(5)
    each = 200
    for number in range(0, passages, each):
        cut: list[Passage] = []
        at = 0
        for _ in range(min(each, passages - number)):
            text = " ".join(rng.sample(sentences, 6))
            cut.append(Passage(text, Place(at, at + len(text)), 150))
            at += len(text) + 2
        whole = "\n\n".join(passage.text for passage in cut)
        name = f"/many/{number}"
        document = Document(0, source.id, COLLECTION, name, "", name, 1, 0.0)
        await store.put(document, whole, cut)
        while found := await store.unembedded(KEY, each):
            drawn = centres[noise.integers(0, len(centres), len(found))]
            mixed = (drawn + noise.normal(0.0, 0.03, drawn.shape)).astype(np.float32)
            pairs = zip([one.content for one in found], codes.coded(mixed), strict=True)
            await store.put_vectors(KEY, centres.shape[1], list(pairs))


EVERYDAY = tuple(
    f"{ask} {what}?"
    for ask in ("What time is", "Where did I put", "How much does", "Who is invited to")
    for what in (
        "my dentist's appointment",
        "the spare key of the shed",
        "the new dishwasher cost",
        "our neighbour's barbecue",
        "the next bus to the swimming pool",
        "the vacuum cleaner bag",
        "grandmother's birthday party",
        "a kilo of potatoes at the corner shop",
        "the parents' evening at school",
        "the warranty of my bicycle",
        "the recipe for pancakes",
        "the password of the guest network",
        "the plumber's visit",
        "the cat's next vaccination",
        "the hotel in Lisbon",
        "my winter tyres",
        "the yoga class on Thursday",
        "the insurance of the caravan",
        "the piano lesson",
        "the leaking tap in the bathroom",
        "the tickets for the opera",
        "the router's serial number",
        "the firewood delivery",
        "my running shoes",
        "the curtains for the guest room",
    )
)


def retrieval_rows() -> list[Row]:
    return asyncio.run(retrieval())


def refusal_rows() -> list[Row]:
    return asyncio.run(refusal())


def latency_rows() -> list[Row]:
    return asyncio.run(latency())
