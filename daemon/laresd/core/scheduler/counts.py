"""What the scheduler did, counted for the metrics and told to whoever watches."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import StrEnum

from laresd.core.scheduler.hedge import Budget
from laresd.core.scheduler.offers import Job
from laresd.core.scheduler.placement import Placement, Reason
from laresd.core.scheduler.speeds import Observation
from laresd.core.stages import Summary
from laresd.jobs import JobKind
from laresd.types import Priority

IDLE_S = 30.0
UNREAD = 256  # events that a watcher has not taken; then it misses the oldest


class Event(StrEnum):
    PLACED = "placed"
    HEDGED = "hedged"
    LOST = "lost"  # an engine failed at an answer
    RESUMED = "resumed"  # another one went on with it
    MOVED = "moved"  # since it paid
    DONE = "done"
    IDLE = "idle"  # nothing has happened for a while


@dataclass(frozen=True, slots=True)
class Happening:
    """`at`: wall seconds. `where`: the engine's name. `reason`: a word, of placements."""

    at: float
    event: Event
    where: str
    words: str
    reason: str = ""
    priority: str = ""


class Counts:
    """`wall` gives seconds since the epoch."""

    def __init__(self, wall: Callable[[], float], hedge_percent: float) -> None:
        self._wall = wall
        self._budget = Budget(hedge_percent)
        self._watchers: set[asyncio.Queue[Happening]] = set()
        self.placements: Counter[tuple[str, Reason]] = Counter()
        self.events: Counter[tuple[Event, str]] = Counter()
        self.first_tokens = Summary(
            "lares_first_token_seconds",
            "From sending a prompt to the first token of its answer.",
            ["engine"],
        )
        self.tokens = Summary(
            "lares_token_seconds", "Of each token after the first, as answers had it.", ["engine"]
        )
        self.jobs = Summary(
            "lares_job_seconds", "Of jobs that are no text, as they were done.", ["job", "engine"]
        )

    def begun(self) -> None:
        """A job has come: the budget of hedges counts jobs, not placements."""
        self._budget = self._budget.counted()

    def placed(self, priority: Priority, placement: Placement) -> None:
        self.placements[placement.where, placement.reason] += 1
        self._tell(
            Event.PLACED,
            placement.where,
            placement.why,
            reason=str(placement.reason),
            priority=str(priority),
        )

    def may_hedge(self, where: str) -> bool:
        """Whether one more job may be begun twice; it is counted as begun then."""
        spent = self._budget.spent()
        if spent is None:
            return False
        self._budget = spent
        self.happened(Event.HEDGED, where, "the first token is late elsewhere")
        return True

    def happened(self, event: Event, where: str, words: str) -> None:
        self._tell(event, where, words)

    def took(self, kind: JobKind, where: str, seconds: float) -> None:
        """A job that is no text was done."""
        self.jobs.add(seconds, str(kind), where)

    def done(self, where: str, job: Job, seen: Observation) -> None:
        self.first_tokens.add(seen.first_token_s, where)
        if seen.answer_tokens > 1:
            self.tokens.add(seen.answer_s / (seen.answer_tokens - 1), where)
        took = seen.first_token_s + seen.answer_s
        prompt = f"{seen.tokens:.0f} of {job.prompt_tokens:.0f} tokens read"
        words = f"{prompt}, {seen.answer_tokens} said in {took:.1f} s"
        self._tell(Event.DONE, where, words)

    async def watch(self) -> AsyncGenerator[Happening, None]:
        """What happens from now on, without end; every IDLE_S seconds that nothing does."""
        queue: asyncio.Queue[Happening] = asyncio.Queue(UNREAD)
        self._watchers.add(queue)
        try:
            while True:
                try:
                    async with asyncio.timeout(IDLE_S):
                        happening = await queue.get()
                except TimeoutError:
                    happening = Happening(self._wall(), Event.IDLE, "", "")
                yield happening
        finally:
            self._watchers.discard(queue)

    def _tell(
        self, event: Event, where: str, words: str, *, reason: str = "", priority: str = ""
    ) -> None:
        self.events[event, where] += 1
        happening = Happening(self._wall(), event, where, words, reason, priority)
        for queue in self._watchers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(happening)
