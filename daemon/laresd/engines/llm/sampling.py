"""The next token from the model's logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_SHARE = (
    0.05  # of the likeliest token's probability ("min-p"); less likely ones are never taken
)

Mask = NDArray[np.bool_]


class Sampler:
    """Greedy at `temperature` 0; else random, the same for the same `seed`."""

    def __init__(self, temperature: float, seed: int = 0) -> None:
        self.greedy = temperature <= 0
        self._temperature = temperature
        self._dice = np.random.default_rng(seed)

    def pick(self, logits: NDArray[np.float32], mask: Mask | None) -> int:
        """The token id; `logits` and `mask` (True: allowed) are [n_vocab]. One must be allowed."""
        if mask is not None:
            logits = np.where(mask, logits, np.float32(-np.inf))
        if self.greedy:
            return int(logits.argmax())
        scaled = (logits - logits.max()) / self._temperature
        shares = np.exp(scaled, dtype=np.float64)
        shares[shares < LEAST_SHARE] = 0.0  # the likeliest one's is 1
        return int(self._dice.choice(len(shares), p=shares / shares.sum()))
