"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from collections.abc import Callable

STEADY = 10.0  # seconds that a connection must have lasted to count as a good one


class Backoff:
    """Doubling from `first` to `longest` seconds, each drawn from its upper half, so that the boxes
    of a house do not come back to a restarted broker all at once.
    """

    def __init__(
        self, first: float, longest: float, chance: Callable[[], float] = random.random
    ) -> None:
        self._first, self._longest, self._chance = first, longest, chance
        self._next = first

    def delay(self, lasted: float = 0.0) -> float:
        """Seconds until the next attempt, after a connection that lasted so long (0: there was
        none). One that was good begins anew; one that broke at once is as bad as none.
        """
        if lasted >= STEADY:
            self._next = self._first
        delay = self._next * (0.5 + self._chance() / 2)
        self._next = min(self._next * 2, self._longest)
        return delay
