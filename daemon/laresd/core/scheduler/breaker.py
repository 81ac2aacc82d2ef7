"""Whether an engine that failed may be asked again: a circuit breaker. Pure.

Closed, it is asked. After a failure that tells enough, or FAILURES of the others in a row, it is
open for a time that doubles with each opening; then half-open: one probe may try it. What jobs say
that were under way when it opened changes nothing: ten streams that break together are one failure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

FAILURES = 2  # in a row
FORGET_S = 300.0  # a failure that long ago is not in a row with one of today
STEADY_S = 120.0  # closed for that long, the next opening is a first one again
LONGEST_S = 300.0
PROBE_S = 30.0  # a probe that was not heard of for that long is given up


class Phase(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Fault(StrEnum):
    """What went wrong, as far as it matters here."""

    BROKE = "broke"  # reset, refused, full, garbage
    HUNG = "hung"  # no token, no answer
    STRANGE = "strange"  # wrong certificate, wrong token: somebody has to see to it


_FIRST_S = {Fault.BROKE: 2.0, Fault.HUNG: 5.0, Fault.STRANGE: 60.0}


@dataclass(frozen=True, slots=True)
class Breaker:
    """`now` and all times: monotonic seconds. Every step gives the next value."""

    failures: int = 0  # in a row
    failed_at: float = 0.0
    openings: int = 0  # without a steady time between them
    until: float | None = None  # None: closed
    closed_at: float | None = None
    probing_since: float | None = None
    reason: str = ""  # of the last failure, while it counts

    def phase(self, now: float) -> Phase:
        if self.until is None:
            return Phase.CLOSED
        return Phase.OPEN if now < self.until else Phase.HALF_OPEN

    def takes_jobs(self, now: float) -> bool:
        return self.phase(now) is Phase.CLOSED

    def takes_probe(self, now: float) -> bool:
        """Whether it may be tried now. Closed, any number may; half-open, one at a time."""
        phase = self.phase(now)
        if phase is not Phase.HALF_OPEN:
            return phase is Phase.CLOSED
        return self.probing_since is None or now >= self.probing_since + PROBE_S

    def probed(self, now: float) -> Breaker:
        """A probe begins; call it when `takes_probe`, and tell how it ended."""
        if self.phase(now) is not Phase.HALF_OPEN:
            return self
        return replace(self, probing_since=now)

    def succeeded(self, now: float) -> Breaker:
        """A job or a probe came to a good end. While it is open, it stays so."""
        phase = self.phase(now)
        if phase is Phase.OPEN:
            return self
        closed_at = now if phase is Phase.HALF_OPEN else self.closed_at
        return Breaker(openings=self.openings, closed_at=closed_at)

    def failed(self, fault: Fault, reason: str, now: float) -> Breaker:
        """A job or a probe failed. `reason`: for a person, without what belongs to the job."""
        phase = self.phase(now)
        if phase is Phase.OPEN:
            return self
        recent = now - self.failed_at <= FORGET_S
        failures = self.failures + 1 if recent else 1
        if phase is Phase.CLOSED and fault is Fault.BROKE and failures < FAILURES:
            return replace(self, failures=failures, failed_at=now, reason=reason)
        return self._opened(fault, reason, now, phase)

    def _opened(self, fault: Fault, reason: str, now: float, phase: Phase) -> Breaker:
        steady = (
            phase is Phase.CLOSED
            and self.closed_at is not None
            and now - self.closed_at >= STEADY_S
        )
        openings = 1 if steady else self.openings + 1
        wait = _FIRST_S[fault]
        for _ in range(openings - 1):
            wait = min(wait * 2, LONGEST_S)
            if wait == LONGEST_S:
                break
        return Breaker(FAILURES, now, openings, now + wait, self.closed_at, None, reason)

    def why(self, now: float) -> str:
        """Why it takes no jobs; "" when it does."""
        phase = self.phase(now)
        if phase is Phase.CLOSED or self.until is None:
            return ""
        if phase is Phase.OPEN:
            return f"{self.reason}; tried again in {max(1, round(self.until - now))} s"
        return f"{self.reason}; to be tried before it gets work again"
