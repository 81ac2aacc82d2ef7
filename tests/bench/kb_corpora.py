"""The public sets of questions over paragraphs in ../shared/data/retrieval, as libraries.

XQuAD (English, Chinese) and CMRC 2018 (its development set, with the contexts of its trial set as
distractors). A title is a document, a paragraph one of its passages.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from laresd.backends.knowledge import vectors as codes
from laresd.backends.knowledge.store import LibraryStore
from laresd.documents import Document, Passage, Place, Source, SourceKind
from laresd.engines.embed.__main__ import embedded_folder
from laresd.engines.embed.model import Model
from laresd.types import Vectors

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "retrieval"
COLLECTION = "bench"
KEY = "minilm"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the title that answers it, the paragraph and the answer in it."""

    text: str
    title: str
    paragraph: str
    answer: str


@dataclass(frozen=True, slots=True)
class Corpus:
    name: str
    language: str
    paragraphs: tuple[tuple[str, str], ...]  # (title, text)
    questions: tuple[Asked, ...]

    @property
    def by_title(self) -> frozenset[str]:
        return frozenset(title for title, _ in self.paragraphs)


def corpus(name: str) -> Corpus:
    """`xquad_en`, `xquad_zh` or `cmrc`."""
    if name != "cmrc":
        return _read(name, f"{name}.json", name[-2:])
    own = _read(name, "cmrc2018_dev_compact.json", "zh")
    return Corpus(name, "zh", own.paragraphs + _distractors("cmrc2018_trial.json"), own.questions)


def _read(name: str, file: str, language: str) -> Corpus:
    read = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    paragraphs = tuple((c["title"].replace("_", " "), c["text"]) for c in read["contexts"])
    questions = tuple(
        Asked(q["q"], title, text, str(q["a"][0]) if q["a"] else "")
        for q in read["questions"]
        for title, text in [paragraphs[int(q["ctx"])]]
    )
    return Corpus(name, language, paragraphs, questions)


def _distractors(file: str) -> tuple[tuple[str, str], ...]:
    """Paragraphs of a set in the form of SQuAD."""
    read = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    return tuple(
        (article.get("title", ""), paragraph["context"])
        for article in read["data"]
        for paragraph in article["paragraphs"]
    )


class OwnEmbedder:
    """Port Embedder: the embedded model in this process, each text once."""

    def __init__(self, kept: Path) -> None:
        self._model = Model(embedded_folder(), kept, threads=1)
        self._known: dict[str, np.ndarray] = {}

    def forget(self) -> None:
        """Compute each text anew."""
        self._known.clear()

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors:
        for text in texts:
            if text not in self._known:
                self._known[text] = self._model.vector(self._model.tokens(text))
        rows = np.stack([self._known[text] for text in texts]).astype("<f4")
        return Vectors(rows.shape[1], rows.tobytes())


async def filled(store: LibraryStore, corpus: Corpus) -> dict[str, int]:
    """Put it there; the documents by title."""
    source = await store.add(Source(COLLECTION, SourceKind.FOLDER, f"/{corpus.name}"))
    by_title: dict[str, list[str]] = {}
    for title, text in corpus.paragraphs:
        by_title.setdefault(title, []).append(text)
    found: dict[str, int] = {}
    for title, texts in by_title.items():
        document = Document(
            0, source.id, COLLECTION, f"/{title}", title, title, 1, 0.0, language=corpus.language
        )
        passages: list[Passage] = []
        at = 0
        for text in texts:
            passages.append(Passage(text, Place(at, at + len(text)), len(text) // 4))
            at += len(text) + 2
        found[title] = await store.put(document, "\n\n".join(texts), passages)
    return found


async def embedded(store: LibraryStore, embedder: OwnEmbedder) -> None:
    """Give every passage its vector."""
    while texts := await store.unembedded(KEY, 64):
        made = await embedder.embed([each.text for each in texts], deadline=0.0)
        rows = np.frombuffer(made.rows, "<f4").reshape(len(texts), made.width)
        pairs = zip([each.content for each in texts], codes.coded(rows), strict=True)
        await store.put_vectors(KEY, made.width, list(pairs))
