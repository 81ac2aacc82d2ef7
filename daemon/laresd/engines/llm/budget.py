"""What a program of others may cost: counted where it could grow, and a clock for what is not."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one run. `work`: characters made, calls and turns of loops, all together. `cpu_s`: seconds
    of the thread.
    """

    work: int = 16_000_000
    cpu_s: float = 5.0


class TooMuchError(RuntimeError):
    """The budget is spent."""


class Budget:
    """What one run may still cost. Belongs to the thread that made it."""

    def __init__(self, limits: Limits) -> None:
        self.left = limits.work
        self._until = time.thread_time() + limits.cpu_s

    def pay(self, cost: int) -> None:
        """Raises TooMuchError."""
        self.left -= cost
        if self.left < 0 or time.thread_time() > self._until:
            raise TooMuchError("it is too much work")

    def pay_for(self, value: object) -> int:
        """Pay for all that is in a value, again for what is in it twice; returns how deep it is
        nested. Raises TooMuchError before it has gone further than can be paid.
        """
        levels: list[Iterator[object]] = [iter([value])]
        cost = deepest = 0
        while levels and cost <= self.left:
            part = next(levels[-1], self)
            if part is self:
                levels.pop()
                continue
            cost += 1 + (len(part) if isinstance(part, str) else 0)
            if isinstance(part, Mapping):
                levels.append(itertools.chain(part.keys(), part.values()))
            elif isinstance(part, (list, tuple)):
                levels.append(iter(part))
            deepest = max(deepest, len(levels))
        self.pay(cost)
        return deepest
