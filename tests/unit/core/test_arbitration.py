"""Several boxes hear one wake word: exactly one answers."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from laresd.core.arbitration import DELAY, LATE, MAX_CLAIMS, REST, SAME, WAIT, Ballot, winner
from laresd.types import WakeClaim

BOXES = ("bath", "hall", "kitchen", "study")
scores = st.floats(0.0, 1.0)
levels = st.floats(-90.0, 0.0)
claims = st.builds(
    WakeClaim,
    box=st.sampled_from(BOXES),
    site=st.sampled_from(["", "window"]),
    score=scores,
    loudness=levels,
    number=st.sampled_from(["1", "2"]),
)


def claim(box: str, *, score: float = 0.9, loudness: float = -30.0, number: str = "1") -> WakeClaim:
    return WakeClaim(box, "", score, loudness, number)


def test_the_box_that_heard_it_better_answers() -> None:
    assert winner([claim("a", score=0.6), claim("b", score=0.9)]) == claim("b", score=0.9)


def test_where_all_are_sure_the_box_that_heard_it_louder_answers() -> None:
    near = claim("b", score=0.97, loudness=-20)
    assert winner([claim("a", score=0.99, loudness=-40), near]) == near


def test_of_no_claims_none_wins() -> None:
    assert winner([]) is None


@given(st.lists(claims, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_order_and_repetitions_do_not_change_the_winner(
    known: list[WakeClaim], chance: random.Random
) -> None:
    again = [*known, *chance.choices(known, k=5)]
    chance.shuffle(again)
    assert winner(again) == winner(known)
    assert winner(known) in known


def test_a_box_that_is_alone_may_claim_and_wins() -> None:
    ballot = Ballot()
    assert ballot.may_claim(10.0)
    ballot.claim(claim("a"), 10.0)
    assert ballot.won()


def test_nobody_wins_who_claimed_nothing() -> None:
    assert not Ballot().won()


def test_another_box_that_claimed_too_long_ago_to_be_joined_has_it() -> None:
    ballot = Ballot()
    ballot.hear(claim("b"), 10.0)
    assert ballot.may_claim(10.0 + LATE)
    assert not ballot.may_claim(10.0 + LATE + 0.01)
    assert not ballot.may_claim(10.0 + SAME)
    assert ballot.may_claim(10.0 + SAME + 0.01)


def test_a_claim_that_comes_again_is_as_old_as_when_it_came_first() -> None:
    ballot = Ballot()
    ballot.hear(claim("b"), 10.0)
    ballot.hear(claim("b"), 10.2)
    assert not ballot.may_claim(10.2)


def test_a_box_claims_again_only_when_all_have_decided() -> None:
    ballot = Ballot()
    ballot.claim(claim("a"), 10.0)
    assert not ballot.may_claim(10.0 + REST - 0.01)
    assert ballot.may_claim(10.0 + REST)


def test_claims_of_a_flood_are_bounded() -> None:
    ballot = Ballot()
    for number in range(10 * MAX_CLAIMS):
        ballot.hear(claim("b", number=str(number)), 10.0)
    assert len(ballot._others) <= MAX_CLAIMS


@dataclass
class House:
    """Boxes whose monotonic clocks have nothing in common, and a broker that takes its time."""

    chance: random.Random
    answered: list[tuple[float, str]] = field(default_factory=list)  # when it was claimed, by whom

    def __post_init__(self) -> None:
        self._ballots = {box: Ballot() for box in BOXES}
        self._offsets = {box: self.chance.uniform(-1e6, 1e6) for box in BOXES}
        self._waits: dict[str, float] = {}
        self._due: list[tuple[float, int, str, str, WakeClaim | None]] = []
        self._order = itertools.count()
        self._numbers = itertools.count()

    def run(self, wakes: Sequence[tuple[float, str]]) -> None:
        """Each box hears the wake word at its times (seconds)."""
        for at, box in wakes:
            self._push(at, "wake", box, None)
        while self._due:
            at, _, what, box, told = heapq.heappop(self._due)
            if what == "wake":
                self._wake(at, box)
            elif what == "claim" and told is not None:
                self._ballots[box].hear(told, at + self._offsets[box])
            elif what == "decide":
                begun = self._waits.pop(box)
                if self._ballots[box].won():
                    self.answered.append((begun, box))

    def _push(self, at: float, what: str, box: str, told: WakeClaim | None) -> None:
        heapq.heappush(self._due, (at, next(self._order), what, box, told))

    def _wake(self, at: float, box: str) -> None:
        ballot, now = self._ballots[box], at + self._offsets[box]
        if box in self._waits or not ballot.may_claim(now):
            return
        score, loudness = self.chance.uniform(0.5, 1.0), self.chance.uniform(-50, -10)
        own = WakeClaim(box, "", score, loudness, str(next(self._numbers)))
        ballot.claim(own, now)
        self._waits[box] = at
        # The decision's own bound is WAIT; a float of a large clock may be some ns off.
        self._push(at + WAIT + 1e-6, "decide", box, None)
        for other in BOXES:
            for _ in range(self.chance.choice((1, 1, 2)) if other != box else 0):
                delay = self.chance.uniform(0, DELAY - 1e-6)
                self._push(at + delay, "claim", other, own)


wakes_of_one_word = st.dictionaries(st.sampled_from(BOXES), st.floats(0.0, 0.6), min_size=1)


@given(st.lists(wakes_of_one_word, min_size=1, max_size=4), st.integers())
def test_one_box_answers_each_wake_word(words: list[dict[str, float]], seed: int) -> None:
    house = House(random.Random(seed))
    apart = SAME + 1.5
    heard = [(n * apart + at, box) for n, word in enumerate(words) for box, at in word.items()]
    house.run(heard)
    assert [int(at // apart) for at, _ in house.answered] == list(range(len(words)))


@given(st.lists(st.tuples(st.floats(0.0, 5.0), st.sampled_from(BOXES)), max_size=40), st.integers())
def test_two_boxes_never_answer_what_may_be_one_wake_word(
    heard: list[tuple[float, str]], seed: int
) -> None:
    house = House(random.Random(seed))
    house.run(heard)
    for (first, one), (second, other) in itertools.combinations(sorted(house.answered), 2):
        assert one == other or second - first > SAME
