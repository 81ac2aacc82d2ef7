"""Vectors as a large library has them, made from real ones.

The real ones are all-MiniLM-L6-v2's (float32, before they are kept) of XQuAD's English paragraphs
and sentences in ../shared/data/retrieval. A made one lies between two of them, and off by noise of
the same covariance as theirs, half as strong; a made question lies so between a real question's
vector and a paragraph's. The nearest of a made question has a cosine of .55 to .6, as in XQuAD.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from laresd.engines.embed.__main__ import embedded_folder
from laresd.engines.embed.model import Model

XQUAD = Path(__file__).parents[4] / "shared" / "data" / "retrieval" / "xquad_en.json"
CACHE = Path.home() / ".cache" / "lares-bench" / "kb"
WIDTH = 384
_PIECE = 5000
_NOISE = 0.5

Rows = NDArray[np.float32]


def passages(count: int) -> Rows:
    texts, _ = _real()
    return _mixed(count, 0, texts, texts)


def questions(count: int) -> Rows:
    texts, asked = _real()
    return _mixed(count, 1, asked, texts)


def _mixed(count: int, seed: int, first: Rows, second: Rows) -> Rows:
    random = np.random.default_rng(seed)
    covariance = np.cov((second - second.mean(0)).T) + 1e-6 * np.eye(WIDTH)
    shape = np.linalg.cholesky(covariance).astype(np.float32)
    made = np.empty((count, WIDTH), np.float32)
    for start in range(0, count, _PIECE):
        rows = min(_PIECE, count - start)
        one, two = random.integers(len(first), size=rows), random.integers(len(second), size=rows)
        part = random.uniform(0.5, 1.0, (rows, 1)).astype(np.float32)
        noise = random.standard_normal((rows, WIDTH)).astype(np.float32) @ shape.T
        made[start : start + rows] = part * first[one] + (1 - part) * second[two] + _NOISE * noise
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made


def _real() -> tuple[Rows, Rows]:
    """Of paragraphs and sentences, and of questions; kept for the next time."""
    kept = CACHE / "minilm-xquad-en.npz"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        data = json.loads(XQUAD.read_text(encoding="utf-8"))
        paragraphs = [each["text"] for each in data["contexts"]]
        texts = paragraphs + [
            sentence
            for paragraph in paragraphs
            for sentence in re.split(r"(?<=[.!?])\s+", paragraph)
            if len(sentence) > 20
        ]
        model = Model(embedded_folder(), CACHE)
        np.savez(
            kept,
            texts=_embedded(model, texts),
            questions=_embedded(model, [each["q"] for each in data["questions"]]),
        )
    found = np.load(kept)
    return found["texts"], found["questions"]


def _embedded(model: Model, texts: list[str]) -> Rows:
    return np.stack([model.vector(model.tokens(text)) for text in texts]).astype(np.float32)
