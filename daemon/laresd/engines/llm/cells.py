"""Which cells of the KV cache are in use: sequences that share a beginning share its cells.

llama.cpp does not tell how many cells are free, and a batch that finds none fails as a whole.
So the engine keeps the count itself, and admits a request only when all that it may need fits.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


class Cells:
    """Cells by sequence; a cell is free when no sequence holds it."""

    def __init__(self, count: int) -> None:
        self._holders = np.zeros(count, np.int32)
        self._held: dict[int, NDArray[np.intp]] = {}

    @property
    def total(self) -> int:
        return len(self._holders)

    @property
    def free(self) -> int:
        return int(np.count_nonzero(self._holders == 0))

    def held(self, sequence: int) -> int:
        """How many tokens the sequence has in the cache."""
        return len(self._held.get(sequence, ()))

    def free_without(self, sequences: Iterable[int]) -> int:
        """How many cells would be free if these sequences were not there."""
        theirs = np.zeros_like(self._holders)
        for sequence in set(sequences) & self._held.keys():
            theirs[self._held[sequence]] += 1
        return int(np.count_nonzero(self._holders == theirs))

    def grow(self, sequence: int, count: int) -> None:
        """Raises ValueError when there are not that many free cells."""
        free = np.flatnonzero(self._holders == 0)[:count]
        if len(free) < count:
            raise ValueError(f"{count} cells are needed, {len(free)} are free")
        self._holders[free] = 1
        old = self._held.get(sequence)
        self._held[sequence] = free if old is None else np.concatenate([old, free])

    def share(self, source: int, target: int, count: int) -> None:
        """Let `target`, which holds none, begin with the first `count` cells of `source`."""
        if self.held(target) or count > self.held(source):
            raise ValueError(f"{target} cannot begin with {count} cells of {source}")
        cells = self._held[source][:count]
        self._holders[cells] += 1
        self._held[target] = cells

    def shorten(self, sequence: int, length: int = 0) -> None:
        """Give back the cells of all tokens from `length` on."""
        cells = self._held.pop(sequence, None)
        if cells is None:
            return
        self._holders[cells[length:]] -= 1
        if length:
            self._held[sequence] = cells[:length]
