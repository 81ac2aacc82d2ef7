"""When a worker runs, waits, or is given up: decided from what happened, without a clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from laresd.errors import LaresError, Permanent, Temporary

FIRST_DELAY = 0.2  # seconds before the first restart; doubled for each death that follows
LONGEST_DELAY = 30.0
HEALTHY_AFTER = 60.0  # seconds of service after which earlier deaths are forgotten


class Phase(StrEnum):
    STARTING = "starting"
    READY = "ready"
    BACKOFF = "backoff"  # it died and is started again at `retry_at`
    FAILED = "failed"  # it cannot be loaded; only an operator's restart helps
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of one worker. Times are the event loop's seconds.

    `deaths` counts those since it was last healthy, `restarts` all.
    """

    name: str
    phase: Phase = Phase.STARTING
    ready_at: float = 0.0
    retry_at: float = 0.0
    deaths: int = 0
    restarts: int = 0
    error: LaresError | None = None

    def ready(self, now: float) -> Life:
        return replace(self, phase=Phase.READY, ready_at=now)

    def died(self, now: float, reason: str, *, on_purpose: bool = False) -> Life:
        """It will be started again: at once after an end on purpose, else after a growing pause."""
        healthy = self.phase is Phase.READY and now - self.ready_at >= HEALTHY_AFTER
        before = 0 if healthy else self.deaths
        delay = 0.0 if on_purpose else min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(before, 16))
        return replace(
            self,
            phase=Phase.BACKOFF,
            retry_at=now + delay,
            deaths=before if on_purpose else before + 1,
            error=Temporary(f"{self.name} {reason}"),
        )

    def starting(self) -> Life:
        return replace(self, phase=Phase.STARTING, restarts=self.restarts + 1)

    def failed(self, error: LaresError) -> Life:
        return replace(self, phase=Phase.FAILED, error=error)

    def stopped(self) -> Life:
        return replace(self, phase=Phase.STOPPED)

    def refusal(self, now: float, deadline: float) -> LaresError | None:
        """Why a request that may wait until the deadline need not wait; None: it may be served."""
        if self.phase is Phase.STOPPED:
            return Temporary(f"{self.name} is stopped: Lares is going down")
        if self.phase is Phase.FAILED and self.error is not None:
            return Permanent(
                f"{self.name} cannot be used: {self.error.message}", remedy=self.error.remedy
            )
        if self.phase is Phase.BACKOFF and self.retry_at > deadline:
            cause = self.error.message if self.error else f"{self.name} died"
            return Temporary(f"{cause}; it starts again in {self.retry_at - now:.0f} s")
        return None
