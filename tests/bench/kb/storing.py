"""What storing costs without reading and embedding: text, passages, words and vectors."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from pathlib import Path

from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.vectors import coded
from laresd.core.knowledge.words import words
from laresd.documents import Document, Passage, Place, Source, SourceKind
from tests.bench.kb import made
from tests.bench.kb.filled import EACH, MODEL
from tests.bench.results import Row

CHUNKS = 20_000


def storing_rows() -> list[Row]:
    put_s, vectors_s = asyncio.run(_stored())
    return [
        Row(
            "kb/storing_chunks_per_cpu_s",
            round(CHUNKS / (put_s + vectors_s)),
            ">=10000",
            "make bench-kb",
            note=f"paragraphs of XQuAD, 785 characters, {EACH} in a document: text, passages and "
            f"words {CHUNKS / put_s:.0f} a second, int8 vectors with their index "
            f"{CHUNKS / vectors_s:.0f}; load {os.getloadavg()[0]:.1f}",
        )
    ]


async def _stored() -> tuple[float, float]:
    """CPU seconds of documents, and of vectors."""
    data = json.loads(made.XQUAD.read_text(encoding="utf-8"))
    texts = [str(each["text"]) for each in data["contexts"]]
    rows = coded(made.passages(CHUNKS))
    put_s = vectors_s = 0.0
    with tempfile.TemporaryDirectory() as folder:
        async with LibraryStore(Path(folder) / "library.db", words) as store:
            source = await store.add(Source("bench", SourceKind.FOLDER, "/bench"))
            for start in range(0, CHUNKS, EACH):
                text, passages = _document(texts, start)
                document = Document(0, source.id, "bench", str(start), str(start), "", 1, 0.0)
                began = time.process_time()
                await store.put(document, text, passages)
                put_s += time.process_time() - began
                wanted = await store.unembedded(MODEL, EACH)
                vectors = rows[start : start + EACH]
                pairs = list(zip((each.content for each in wanted), vectors, strict=True))
                began = time.process_time()
                await store.put_vectors(MODEL, made.WIDTH, pairs)
                vectors_s += time.process_time() - began
    return put_s, vectors_s


def _document(texts: list[str], start: int) -> tuple[str, list[Passage]]:
    whole, passages, at = [], [], 0
    for number in range(start, start + EACH):
        text = f"{number}. {texts[number % len(texts)]}"
        passages.append(Passage(text, Place(at, at + len(text), ("Chapter",)), 170))
        whole.append(text)
        at += len(text) + 2
    return "\n\n".join(whole), passages
