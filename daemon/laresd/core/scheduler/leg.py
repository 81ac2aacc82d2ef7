"""One engine's part in an answer: when it began, how far it came, when it counts as hung."""

from __future__ import annotations

import math
from dataclasses import dataclass

from laresd.core.scheduler.engine import Engine
from laresd.core.scheduler.feed import Feed
from laresd.core.scheduler.offers import Job
from laresd.core.scheduler.speeds import Observation
from laresd.generation import Ending

SILENCE_S = (1.5, 2.0)  # between two tokens of a host, at least and at most; then it is hung
SILENCE_TOKENS = 12.0  # times that one token takes
FIRST_S = 2.0  # a first token may be so much later than its p95, or twice as late


@dataclass(slots=True)
class Leg:
    """`spoken`: tokens of the answer before it. `exact`: it computes in the local model's tokens.
    `whole`: nothing of it is told before its end. `first_s`: seconds until the first token comes,
    at the p95 of its forecast; `queued_s` of them behind others' jobs. Times: monotonic seconds.
    """

    engine: Engine
    feed: Feed
    job: Job
    sent_at: float
    spoken: int
    exact: bool
    whole: bool
    first_s: float
    queued_s: float
    first_at: float | None = None
    last_at: float = 0.0
    noted: bool = False  # something of it was handed on
    _heard: int = 0
    _others: int = 0  # jobs beside it, summed over all that was heard

    @property
    def name(self) -> str:
        return self.engine.name

    @property
    def beside(self) -> float:
        """Jobs that ran there beside it, on average; of a leg that was heard."""
        return self._others / self._heard

    @property
    def silent_at(self) -> float:
        """When it counts as hung. The box's own engine has a supervisor, who knows better."""
        host, speeds = self.engine.host, self.engine.speeds()
        if host is None:
            return math.inf
        if self.first_at is not None:
            least, most = SILENCE_S
            usual = SILENCE_TOKENS * speeds.token_s(self.beside)
            return self.last_at + min(max(usual, least), most)
        waking = self.engine.waking_until is not None
        slack = (host.costs.wake_s or 0.0) * 2 if waking else 0.0
        return self.sent_at + max(2 * self.first_s, self.first_s + FIRST_S) + slack

    def heard(self, now: float) -> None:
        self.last_at = now
        self._heard += 1
        self._others += max(self.engine.running - 1, 0)
        if self.first_at is None:
            self.first_at = now

    def seen(self, ending: Ending, spoken: int, slowdown: float) -> Observation:
        """What it took, once it has ended with the `spoken`-th token of the answer."""
        assert self.first_at is not None
        first_at, facts = self.first_at, self.engine.facts
        return Observation(
            max(ending.prompt_tokens - ending.cached_tokens, 0) or self.job.prompt_tokens,
            first_at - self.sent_at,
            spoken - self.spoken,
            self.last_at - first_at,
            beside=self.beside,
            waited_s=min(self.queued_s, 0.8 * (first_at - self.sent_at)),
            round_trip_s=facts.round_trip_s if facts else 0.0,
            slowdown=slowdown if self.engine.host is None else 1.0,
        )
