"""What the loop needs of llama.cpp: sequences of tokens in a KV cache, and logits after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]


class Decoded(Enum):
    """What became of a batch."""

    DONE = "done"
    INTERRUPTED = "interrupted"  # nothing of the batch is in the KV cache, if the model rewinds
    FULL = "full"  # no free cells for it; nothing of it is in the KV cache


@dataclass(frozen=True, slots=True)
class Settings:
    """Of a context. `cells`: tokens that the KV cache holds, all sequences together. `ubatch`: the
    most tokens of one batch. Threads: for one token, and for many at once.
    """

    cells: int
    sequences: int
    ubatch: int
    threads: int
    threads_batch: int
    kv_type: str = "f16"
    flash: bool = False  # flash attention; see laresd.engines.llm.memory
    embeddings: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """One token of a batch: where it goes, and whether its logits are wanted."""

    token: int
    position: int
    sequence: int
    logits: bool = False


class Model(Protocol):
    """A vocabulary. `rewinds`: the end of a sequence can be removed from the KV cache again, which
    recurrent models and those with a sliding window cannot.
    """

    @property
    def rewinds(self) -> bool: ...

    def piece(self, token: int) -> bytes:
        """What a token adds to the text; nothing for control tokens."""
        ...

    def ends(self, token: int) -> bool:
        """Whether this token ends an answer."""
        ...


class Context(Protocol):
    """The KV cache of many sequences. One thread uses it; `interrupt` is for any."""

    settings: Settings

    @property
    def model(self) -> Model: ...

    def interrupt(self) -> None:
        """End the batch that is computed now at its next graph node; later ones at once."""
        ...

    def resume(self) -> None:
        """Take back `interrupt`."""
        ...

    def use(self, adapter: str) -> None:
        """Compute batches from now on with this adapter (its name); "": with none."""
        ...

    def pace(self, share: float) -> None:
        """Compute batches from now on with so much of the settings' threads, over 0, at most 1."""
        ...

    def decode(self, slots: Sequence[Slot]) -> Decoded:
        """Compute one batch (at most `ubatch` tokens). Raises RuntimeError when it fails."""
        ...

    def logits(self, index: int) -> Logits:
        """[n_vocab], of the batch's token at `index`; valid until the next `decode`."""
        ...

    def remove(self, sequence: int, start: int = 0) -> bool:
        """Forget a sequence's tokens from `start` on; False where the model cannot."""
        ...

    def share(self, source: int, target: int, end: int) -> None:
        """Let `target`, which is empty, begin with the first `end` tokens of `source`; no copy."""
        ...

    def state(self, sequence: int) -> bytes | memoryview:
        """A sequence's KV state, as `restore` takes it."""
        ...

    def restore(self, sequence: int, state: bytes | memoryview) -> bool:
        """Fill an empty sequence; False when the state is refused, or has no cells."""
        ...
