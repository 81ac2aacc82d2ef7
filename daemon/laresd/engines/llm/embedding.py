"""Texts to vectors, by a GGUF model that was made for it, or by any other's mean.

Op: `embed` {texts} -> {count, width, cut} and as payload `count` rows of `width` float32 (little
endian), each of length 1. `cut`: texts that were longer than the model reads; their beginning
counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from laresd.engines import worker
from laresd.engines.llm.context import Decoded, Slot
from laresd.engines.llm.native import NativeContext, NativeModel
from laresd.errors import Permanent

MAX_TEXTS = 1024  # of one request


class Embedder:
    """One loaded model with a context for embeddings."""

    def __init__(self, model: NativeModel, context: NativeContext) -> None:
        self._model, self._context = model, context
        self._most = context.settings.ubatch

    @property
    def handlers(self) -> Mapping[str, worker.Handler]:
        return {"embed": self.embed}

    def embed(self, call: worker.Call) -> worker.Answer:
        texts = call.body.texts("texts")
        if len(texts) > MAX_TEXTS:
            raise Permanent(f"{len(texts)} texts at once; the most is {MAX_TEXTS}")
        found = [self._model.tokens(text, begin=True, special=False) for text in texts]
        rows = np.zeros((len(found), self._model.n_embd), "<f4")
        for group in self._groups([tokens[: self._most] for tokens in found]):
            if call.cancelled:
                return worker.Answer()
            for number, vector in self._computed(group):
                rows[number] = vector
            call.progress()
        cut = sum(len(tokens) > self._most for tokens in found)
        facts = {"count": len(rows), "width": self._model.n_embd, "cut": cut}
        return worker.Answer(facts, rows.tobytes())

    def _groups(self, found: Sequence[Sequence[int]]) -> Iterator[dict[int, Sequence[int]]]:
        """Texts by number that fit one batch together, similar lengths together."""
        group: dict[int, Sequence[int]] = {}
        size = 0
        for number in sorted(range(len(found)), key=lambda n: len(found[n])):
            tokens = found[number]
            full = len(group) == self._context.settings.sequences
            if group and (full or size + len(tokens) > self._most):
                yield group
                group, size = {}, 0
            if tokens:
                group[number] = tokens
                size += len(tokens)
        if group:
            yield group

    def _computed(
        self, group: Mapping[int, Sequence[int]]
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        slots = [
            Slot(token, position, sequence, logits=True)
            for sequence, tokens in enumerate(group.values())
            for position, token in enumerate(tokens)
        ]
        try:
            decoded = self._context.decode(slots)
        except RuntimeError as error:
            raise Permanent(f"the embedding model failed: {error}") from error
        if decoded is not Decoded.DONE:
            raise Permanent("the embedding model has no room for a batch")
        for sequence, number in enumerate(group):
            vector = self._context.embedding(sequence)
            yield number, vector / max(float(np.linalg.norm(vector)), 1e-12)
            self._context.remove(sequence)
