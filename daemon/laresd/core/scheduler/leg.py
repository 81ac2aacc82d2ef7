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
    `cached`: tokens of the prompt that it was believed to have; `beside`: jobs that ran there when
    it began. Times: monotonic seconds.
    """

    engine: Engine
    feed: Feed
    job: Job
    sent_at: float
    spoken: int
    exact: bool
    cached: float
    beside: int
    first_at: float | None = None
    last_at: float = 0.0

    @property
    def name(self) -> str:
        return self.engine.name

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
        late_s = speeds.first_token_s(max(self.job.prompt_tokens - self.cached, 0.0)) * speeds.late
        waking = self.engine.waking_until is not None
        slack = (host.costs.wake_s or 0.0) * 2 if waking else 0.0
        return self.sent_at + max(2 * late_s, late_s + FIRST_S) + slack

    def heard(self, now: float) -> None:
        self.last_at = now
        if self.first_at is None:
            self.first_at = now

    def seen(self, ending: Ending, spoken: int, slowdown: float) -> Observation:
        """What it took, once it has ended with the `spoken`-th token of the answer."""
        first_at = self.last_at if self.first_at is None else self.first_at
        facts = self.engine.facts
        return Observation(
            max(ending.prompt_tokens - ending.cached_tokens, 0) or self.job.prompt_tokens,
            first_at - self.sent_at,
            spoken - self.spoken,
            self.last_at - first_at,
            beside=self.beside,
            round_trip_s=facts.round_trip_s if facts else 0.0,
            slowdown=slowdown if self.engine.host is None else 1.0,
        )
