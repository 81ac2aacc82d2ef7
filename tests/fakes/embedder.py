"""An embedder by hashed words: texts that share words are alike."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from laresd.errors import Permanent
from laresd.types import Vectors

WIDTH = 64
MAX_TEXTS = 1024
MAX_WORDS = 200


class FakeEmbedder:
    """Port Embedder without a model."""

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors:
        if len(texts) > MAX_TEXTS:
            raise Permanent(f"{len(texts)} texts at once; the most is {MAX_TEXTS}")
        rows = np.zeros((len(texts), WIDTH), "<f4")
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split()[:MAX_WORDS]:
                row[zlib.crc32(word.encode()) % WIDTH] += 1.0
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12).astype("<f4")
        cut = sum(len(text.split()) > MAX_WORDS for text in texts)
        return Vectors(WIDTH, rows.tobytes(), cut)
