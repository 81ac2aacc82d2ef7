"""When a job is begun a second time elsewhere since its first token is late, how often. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from laresd.core.scheduler.offers import Box, Job, why_not
from laresd.core.scheduler.placement import Placement
from laresd.types import Priority

KEPT = 3  # hedges that may be saved up: a quiet week is no reason for a storm


@dataclass(frozen=True, slots=True)
class Hedge:
    """Begin the job at `where`, too, unless its first token came `after_s` after its start."""

    where: str
    after_s: float


def hedge(placement: Placement, job: Job, box: Box) -> Hedge | None:
    """The hedge of a placement; None where there is none.

    Not for background work, and only at an engine that may have the job, can do it now, and would
    keep the deadline though it begins so late.
    """
    other = placement.runner_up
    if other is None or job.priority is Priority.BACKGROUND:
        return None
    if other.offer.asleep or other.name == placement.where or why_not(job, other.offer, box):
        return None
    after_s = placement.chosen.forecast.first_token_p95_s
    if after_s + other.forecast.completion_s > job.seconds_left:
        return None
    return Hedge(other.name, after_s)


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `percent` of all jobs are hedged: each job saves its part, a hedge spends a whole
    one. It begins with nothing and saves up to KEPT, so that of no stretch of jobs many more than
    their part are hedged either.
    """

    percent: float
    saved: float = 0.0  # percent; 100 are one hedge

    def counted(self) -> Budget:
        """After one more job was begun."""
        return replace(self, saved=min(self.saved + max(self.percent, 0.0), KEPT * 100.0))

    @property
    def allows(self) -> bool:
        return self.saved >= 100.0

    def spent(self) -> Budget | None:
        """After one more hedge was begun; None: it must not be."""
        return replace(self, saved=self.saved - 100.0) if self.allows else None
