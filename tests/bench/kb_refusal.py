"""Calibrates core.knowledge.refusal, and measures it: `python -m tests.bench.kb_refusal`.

Each question is asked four times: of the whole set and of a few titles, with its own title there
(it is to be answered) and with all of that title taken out (it is to be refused). A logistic model
is fitted on the questions of one half of the titles; its threshold is where a small share of these
answerable ones are refused; the other half is what is measured. What is printed goes into
daemon/laresd/core/knowledge/refusal_weights.py.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from laresd.backends.clock import SystemClock
from laresd.backends.knowledge.store import LibraryStore
from laresd.core.knowledge import evidence, words
from laresd.core.knowledge.librarian import READ, SHOWN
from laresd.core.knowledge.searching import Embedding, Searcher, no_embedding
from laresd.documents import Query
from tests.bench.kb_corpora import (
    COLLECTION,
    KEY,
    Asked,
    Corpus,
    OwnEmbedder,
    embedded,
    filled,
)
from tests.bench.kb_corpora import corpus as read_corpus

FEW = 5  # titles of a small library
SEED = 7
MOST = 700  # questions of a set
FOREIGN = {"xquad_zh": "cmrc", "cmrc": "xquad_zh"}
CASES = {  # the weights' name: the sets that they are fitted on, whether vectors count, and the
    # share of answerable questions of the calibrating half that may be refused
    "SPACED_WITH_VECTORS": (("xquad_en",), True, 0.02),
    "SPACED": (("xquad_en",), False, 0.035),
    "PAIRED": (("xquad_zh", "cmrc"), False, 0.015),
}


@dataclass(frozen=True, slots=True)
class Sample:
    answerable: bool
    whole: bool  # the whole library, not a few titles of it
    title: str
    figures: tuple[float, ...]
    foreign: bool = False  # a question of another set


@dataclass(frozen=True, slots=True)
class Share:
    """Of one set's questions: shares of refused ones. `foreign`: asked of another set's library."""

    corpus: str
    whole: bool
    foreign: bool
    answerable: float
    unanswerable: float
    count: int


async def samples(corpus: Corpus, folder: Path, *, vectors: bool) -> list[Sample]:
    rng = random.Random(SEED)
    questions = rng.sample(corpus.questions, min(MOST, len(corpus.questions)))
    embedder = OwnEmbedder(folder) if vectors else None
    made: list[Sample] = []
    async with LibraryStore(folder / f"{corpus.name}.db", words.words) as store:
        titles = await filled(store, corpus)
        total = len(corpus.paragraphs)
        if embedder is not None:
            await embedded(store, embedder)
        known = (lambda: Embedding(KEY, {corpus.language: 1.0})) if vectors else no_embedding
        searcher = Searcher(store, SystemClock(), embedder, known)
        every = frozenset(titles.values())
        for asked in questions:
            own = frozenset({titles[asked.title]})
            few = frozenset(rng.sample(sorted(every), min(FEW, len(every))))
            for answerable, whole, there in (
                (True, True, every),
                (False, True, every - own),
                (True, False, few | own),
                (False, False, few - own),
            ):
                query = Query(
                    asked.text, corpus.language, (COLLECTION,), documents=tuple(sorted(there))
                )
                figures = await _figures(searcher, query, total)
                made.append(Sample(answerable, whole, f"{corpus.name}/{asked.title}", figures))
        for asked in foreign(corpus, rng):
            query = Query(asked.text, corpus.language, (COLLECTION,))
            figures = await _figures(searcher, query, total)
            made.append(Sample(False, True, asked.title, figures, foreign=True))
    return made


def foreign(corpus: Corpus, rng: random.Random) -> list[Asked]:
    """Questions of the other set in this language, about other things; titles with its name."""
    if corpus.name not in FOREIGN:
        return []
    other = read_corpus(FOREIGN[corpus.name])
    found = [
        replace(one, title=f"{other.name}/{one.title}")
        for one in other.questions
        if one.title not in corpus.by_title
    ]
    return rng.sample(found, min(MOST // 2, len(found)))


async def _figures(searcher: Searcher, query: Query, total: int) -> tuple[float, ...]:
    """As the librarian measures them."""
    results = await searcher.search(query, deadline=1e12)
    counts = await searcher.counts(results.question, query)
    weights = evidence.rarity(counts, total)
    unknown = frozenset(word for word, count in counts.items() if not count)
    found = results.found[:SHOWN]
    spots = evidence.spots(results.question, found[:READ], weights)
    return evidence.measured(results.question, found, spots, weights, unknown).figures


def halves(made: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """To calibrate with, and to measure with; split by title in each set."""
    measuring = frozenset[str]()
    for name in {each.title.split("/")[0] for each in made}:
        measuring |= {f"{name}/{title}" for title in halved(read_corpus(name))}
    return [s for s in made if s.title not in measuring], [s for s in made if s.title in measuring]


def halved(corpus: Corpus) -> frozenset[str]:
    """The titles of a set that nothing is calibrated on."""
    titles = sorted({one.title for one in corpus.questions})
    random.Random(SEED).shuffle(titles)
    return frozenset(titles[len(titles) // 2 :])


def fitted(made: Sequence[Sample], spent: float) -> tuple[NDArray[np.float64], float]:
    """Weights and bias, by Newton's method with a small ridge; sum 0 is the threshold."""
    figures = np.array([each.figures for each in made])
    is_answer = np.array([float(each.answerable) for each in made])
    mean, spread = figures.mean(axis=0), figures.std(axis=0)
    spread[spread < 1e-9] = 1.0
    rows = np.column_stack([(figures - mean) / spread, np.ones(len(made))])
    weights = np.zeros(rows.shape[1])
    for _ in range(40):
        likely = 1.0 / (1.0 + np.exp(-rows @ weights))
        slope = rows.T @ (likely - is_answer) / len(made) + 1e-3 * weights
        bend = (rows * (likely * (1.0 - likely))[:, None]).T @ rows / len(made)
        weights -= np.linalg.solve(bend + 1e-3 * np.eye(len(weights)), slope)
    own = weights[:-1] / spread
    sums = figures[is_answer == 1.0] @ own
    return own, -float(np.quantile(sums, spent))


def shares(made: Sequence[Sample], weights: NDArray[np.float64], bias: float) -> list[Share]:
    found: list[Share] = []
    groups = sorted({(s.title.split("/")[0], s.whole, s.foreign) for s in made})
    for name, whole, foreign in groups:
        of = [
            s
            for s in made
            if s.title.startswith(f"{name}/") and (s.whole, s.foreign) == (whole, foreign)
        ]
        refused = {True: 0, False: 0}
        count = {True: 0, False: 0}
        for one in of:
            count[one.answerable] += 1
            refused[one.answerable] += float(np.dot(weights, one.figures)) + bias < 0.0
        answerable, unanswerable = (refused[a] / max(count[a], 1) for a in (True, False))
        found.append(Share(name, whole, foreign, answerable, unanswerable, count[False]))
    return found


async def _calibrate() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, (sets, vectors, spent) in CASES.items():
            made: list[Sample] = []
            for each in sets:
                place = Path(folder) / f"{name}-{each}"
                place.mkdir()
                made += await samples(read_corpus(each), place, vectors=vectors)
            calibrating, measuring = halves(made)
            weights, bias = fitted(calibrating, spent)
            rounded = ", ".join(f"{weight:.3f}" for weight in weights)
            print(f"{name} = Weights(({rounded}), {bias:.3f})")
            for share in shares(measuring, weights, bias):
                print("#", share)


if __name__ == "__main__":
    asyncio.run(_calibrate())
