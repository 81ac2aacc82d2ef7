"""Which of several boxes answers when more than one heard the wake word. Pure: time comes in.

A box that heard it publishes a claim, waits WAIT seconds, and answers if its claim is the best of
those that it knows. It does not claim at all when it has known another box's claim for longer than
LATE: that one decides without it. With messages that take at most DELAY all boxes decide on the
same claims: when the first goes out at 0, every other one goes out by DELAY + LATE and is known
everywhere by LATE + 2 * DELAY, which is WAIT, and nobody decides before that. No box compares its
clock with another's, so clocks that are wrong change nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from laresd.types import WakeClaim

LATE = 0.100  # seconds after another's claim in which one's own may still go out
DELAY = 0.025  # seconds that a message may take from one box to another
WAIT = LATE + 2 * DELAY  # seconds from one's own claim to the decision
SAME = 1.0  # seconds in which a wake word is the one that others have claimed already
REST = WAIT + LATE + 2 * DELAY  # seconds after one's own claim until everybody has decided on it
STEPS = 10  # of the score: wake scores are near 1 in the whole room, loudness tells more
MAX_CLAIMS = 64  # that are remembered


def winner(claims: Iterable[WakeClaim]) -> WakeClaim | None:
    """The best one, whatever their order and however often each is there; None of none."""
    return max(claims, key=_rank, default=None)


def _rank(claim: WakeClaim) -> tuple[int, float, str, str, str, float]:
    """A total order, so that claims that differ in anything are told apart everywhere alike."""
    rough = round(claim.score * STEPS)
    return (rough, claim.loudness, claim.box, claim.site, claim.number, claim.score)


class Ballot:
    """What one box knows of the claims. `now`: its own monotonic seconds."""

    def __init__(self) -> None:
        self._others: OrderedDict[WakeClaim, float] = OrderedDict()  # when it came first
        self._own: tuple[WakeClaim, float] | None = None

    def hear(self, claim: WakeClaim, now: float) -> None:
        """Another box's claim has come in, perhaps again."""
        self._others.setdefault(claim, now)
        while self._others and (
            len(self._others) > MAX_CLAIMS or now - next(iter(self._others.values())) > SAME
        ):
            self._others.popitem(last=False)

    def may_claim(self, now: float) -> bool:
        """Whether one's own claim may go out: nobody decides without it."""
        if self._own is not None and now - self._own[1] < REST:
            return False
        return not any(LATE < now - came <= SAME for came in self._others.values())

    def claim(self, own: WakeClaim, now: float) -> None:
        """One's own claim goes out."""
        self._own = (own, now)

    def won(self) -> bool:
        """WAIT seconds after one's own claim: whether this box answers."""
        if self._own is None:
            return False
        own, at = self._own
        rivals = [claim for claim, came in self._others.items() if came >= at - LATE]
        return winner([own, *rivals]) == own
