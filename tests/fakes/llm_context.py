"""A language model without a model: its logits are a function of the tokens before them.

It keeps the KV cache as lists of tokens and refuses what llama.cpp would get wrong: positions with
gaps, sharing into a place that is in use, more cells than there are.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from laresd.engines.llm.context import Decoded, Logits, Settings, Slot

END = 0


class FakeModel:
    """Tokens are numbers; token n is written as a letter, token 0 ends the answer."""

    def __init__(self, n_vocab: int = 40, *, rewinds: bool = True) -> None:
        self.n_vocab, self.rewinds = n_vocab, rewinds

    def piece(self, token: int) -> bytes:
        return b"" if token == END else chr(ord("A") + token).encode()

    def ends(self, token: int) -> bool:
        return token == END


def chaotic(tokens: Sequence[int], n_vocab: int) -> Logits:
    """Logits that depend on every token before."""
    seed = zlib.crc32(np.asarray(tokens, np.int32).tobytes())
    return np.random.default_rng(seed).standard_normal(n_vocab).astype(np.float32)


def repeating(tokens: Sequence[int], n_vocab: int) -> Logits:
    """Says again and again what follows the last token's first occurrence."""
    logits = chaotic(tokens, n_vocab)
    following = tokens[tokens.index(tokens[-1]) + 1 : tokens.index(tokens[-1]) + 2]
    logits[list(following)] += 100.0
    return logits


Speaker = Callable[[Sequence[int], int], Logits]


class FakeContext:
    """`interruptions`: which of the batches to come are interrupted (True), in order."""

    def __init__(
        self,
        settings: Settings,
        model: FakeModel | None = None,
        *,
        speaker: Speaker = chaotic,
        on_decode: Callable[[Sequence[Slot]], None] | None = None,
    ) -> None:
        self.settings = settings
        self._model = model or FakeModel()
        self._speaker = speaker
        self._on_decode = on_decode
        self._held: dict[int, list[tuple[int, int]]] = {}  # by sequence: token and cell
        self._logits: dict[int, Logits] = {}
        self._interrupted = False
        self.interruptions: list[bool] = []
        self.adapter = ""
        self.threads_share = 1.0
        self._made_with: dict[int, str] = {}  # by cell
        self.batches: list[tuple[Slot, ...]] = []
        self._next_cell = 0

    @property
    def model(self) -> FakeModel:
        return self._model

    def interrupt(self) -> None:
        self._interrupted = True

    def resume(self) -> None:
        self._interrupted = False

    def pace(self, share: float) -> None:
        self.threads_share = share

    @property
    def used(self) -> int:
        """Cells in use."""
        return len({cell for held in self._held.values() for _, cell in held})

    def tokens(self, sequence: int) -> list[int]:
        return [token for token, _ in self._held.get(sequence, [])]

    def use(self, adapter: str) -> None:
        self.adapter = adapter

    def decode(self, slots: Sequence[Slot]) -> Decoded:
        assert 0 < len(slots) <= self.settings.ubatch
        if self._on_decode is not None:
            self._on_decode(slots)
        if self._interrupted or (self.interruptions and self.interruptions.pop(0)):
            self._spoil(slots)
            return Decoded.INTERRUPTED
        if self.used + len(slots) > self.settings.cells:
            return Decoded.FULL
        self.batches.append(tuple(slots))
        self._logits = {}
        for index, slot in enumerate(slots):
            assert 0 <= slot.sequence < self.settings.sequences
            held = self._held.setdefault(slot.sequence, [])
            assert slot.position == len(held), "a gap in the positions"
            self._next_cell += 1
            held.append((slot.token, self._next_cell))
            self._made_with[self._next_cell] = self.adapter
            assert {self._made_with[cell] for _, cell in held} == {self.adapter}, "mixed adapters"
            if slot.logits:
                known = [*self.tokens(slot.sequence), *self.adapter.encode()]
                self._logits[index] = self._speaker(known, self._model.n_vocab)
        return Decoded.DONE

    def _spoil(self, slots: Sequence[Slot]) -> None:
        """A model that does not rewind is left with a part of an interrupted batch."""
        if not self._model.rewinds:
            for sequence in {slot.sequence for slot in slots}:
                self._held.setdefault(sequence, []).append((-1, -1))

    def logits(self, index: int) -> Logits:
        return self._logits[index]

    def remove(self, sequence: int, start: int = 0) -> bool:
        held = self._held.get(sequence, [])
        if 0 < start < len(held) and not self._model.rewinds:
            return False
        self._held[sequence] = held[:start]
        return True

    def share(self, source: int, target: int, end: int) -> None:
        assert not self._held.get(target), "the target is in use"
        assert end <= len(self._held[source])
        self._held[target] = self._held[source][:end]

    def state(self, sequence: int) -> bytes:
        return json.dumps(self.tokens(sequence)).encode()

    def restore(self, sequence: int, state: bytes | memoryview) -> bool:
        tokens = json.loads(bytes(state))
        if self.used + len(tokens) > self.settings.cells:
            return False
        start, self._next_cell = self._next_cell, self._next_cell + len(tokens)
        self._held[sequence] = [(token, start + 1 + n) for n, token in enumerate(tokens)]
        self._made_with |= {cell: "" for _, cell in self._held[sequence]}
        return True
