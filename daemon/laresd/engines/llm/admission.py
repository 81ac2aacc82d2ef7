"""Who has a place in the KV cache, and who waits for one.

A request is let in only when all that it may ever need is free, so that none runs out of room
half-way. For one of a higher class lower ones give up their places: what they have said stays, and
what they have computed is kept as long as there is room for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from laresd.engines.llm.prefixes import Prefixes
from laresd.engines.llm.schedule import standing
from laresd.engines.llm.sequence import Answering

FOR_VOICE = 2  # places that only voice may take


class Admission:
    """`live`: those with a place. `waiting`: those without, in the order of their turns."""

    def __init__(self, prefixes: Prefixes, places: int) -> None:
        self._prefixes, self._places = prefixes, places
        self.waiting: list[Answering] = []
        self.live: list[Answering] = []

    def let_in(self, now: float) -> None:
        """Give places to those that wait, by class, age and number, as far as there is room; only
        voice goes past one that has to wait on.
        """
        self.waiting.sort(key=lambda a: (_standing(a, now), a.number))
        full = False
        for answering in [*self.waiting]:
            if not full or answering.wanted.rank == 0:
                full = not self._enter(answering, now) or full

    def suspend(self, answering: Answering, *, intact: bool = True) -> None:
        """Take a request's place away; it goes on later. `intact`: what it computed is right."""
        self.live.remove(answering)
        done = answering.tokens[: answering.computed] if intact else []
        self._prefixes.keep(
            answering.place, done, head=False, adapter=answering.wanted.adapter, least=1
        )
        answering.place, answering.suspended = -1, True
        self.waiting.append(answering)

    def _enter(self, answering: Answering, now: float) -> bool:
        lower = self._lower(answering, now)
        for count in range(len(lower) + 1):
            if self._fits(answering, lower[:count]):
                break
        else:
            return False
        for other in lower[:count]:
            self.suspend(other)
        self.waiting.remove(answering)
        place, cached, source = self._prefixes.place(
            answering.tokens,
            answering.room + _promised(self.live),
            adapter=answering.wanted.adapter,
            whole=answering.wanted.max_tokens == 0,
        )
        answering.counts.redone += max(0, answering.computed - cached)  # after a suspension
        answering.place, answering.computed = place, cached
        if not answering.counts.batches:
            answering.counts.reused, answering.source = cached, source
        self.live.append(answering)
        return True

    def _lower(self, answering: Answering, now: float) -> list[Answering]:
        """Those that give up their places for it, in this order; twice only for voice."""
        rank = answering.wanted.rank
        lower = [
            other
            for other in self.live
            if _standing(other, now) > rank and (rank == 0 or not other.suspended)
        ]
        return sorted(lower, key=lambda a: (-a.wanted.rank, -a.number))

    def _fits(self, answering: Answering, without: Sequence[Answering]) -> bool:
        """Whether all that it may need would be free if those were not there."""
        staying = [other for other in self.live if other not in without]
        places = self._places + (FOR_VOICE if answering.wanted.rank == 0 else 0)
        return len(staying) < places and self._prefixes.fits(
            answering.tokens,
            answering.room + _promised(staying),
            adapter=answering.wanted.adapter,
            without=[other.place for other in without],
        )


def _standing(answering: Answering, now: float) -> int:
    return standing(answering.wanted.rank, now - answering.moved_at)


def _promised(live: Iterable[Answering]) -> int:
    """Cells that these may still need."""
    return sum(answering.pending + answering.room for answering in live)
