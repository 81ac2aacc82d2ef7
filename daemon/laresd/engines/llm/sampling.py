"""The next token from the model's logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from laresd.errors import Permanent

# Of the likeliest token's probability ("min-p"); less likely ones are never taken.
LEAST_SHARE = 0.05
LEAST_TEMPERATURE = 1e-3  # below it only the likeliest token is left in any case

Mask = NDArray[np.bool_]


class Sampler:
    """Greedy at `temperature` 0; else random, the same for the same `seed` (not negative)."""

    def __init__(self, temperature: float, seed: int = 0) -> None:
        self.greedy = temperature < LEAST_TEMPERATURE
        self._temperature = temperature
        self._dice = np.random.default_rng(seed)

    def pick(self, logits: NDArray[np.float32], mask: Mask | None) -> int:
        """The token id; `logits` and `mask` (True: allowed) are [n_vocab]. Raises Permanent when
        no token is allowed, or the logits are no numbers.
        """
        if mask is not None:
            logits = np.where(mask, logits, np.float32(-np.inf))
        best = int(logits.argmax())  # of NaN, too
        if not np.isfinite(logits[best]):
            raise Permanent("the language model knows no next token: its logits are no numbers")
        if self.greedy:
            return best
        shares = np.exp((logits.astype(np.float64) - float(logits[best])) / self._temperature)
        likely = np.flatnonzero(shares >= LEAST_SHARE)  # the likeliest one's share is 1
        return int(self._dice.choice(likely, p=shares[likely] / shares[likely].sum()))
