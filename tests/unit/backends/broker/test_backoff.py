"""How long the next attempt waits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.broker.backoff import STEADY, Backoff

chances = st.floats(0.0, 1.0, exclude_max=True)


@given(st.lists(chances, min_size=1, max_size=30))
def test_a_delay_lies_between_half_and_all_of_a_doubling_bound(drawn: list[float]) -> None:
    left = iter(drawn)
    backoff = Backoff(0.5, 30.0, lambda: next(left))
    bound = 0.5
    for _ in drawn:
        assert bound / 2 <= backoff.delay() <= bound <= 30.0
        bound = min(bound * 2, 30.0)


def test_a_good_connection_begins_anew_and_one_that_broke_at_once_does_not() -> None:
    backoff = Backoff(0.5, 30.0, lambda: 1.0)
    assert [backoff.delay() for _ in range(3)] == [0.5, 1.0, 2.0]
    assert backoff.delay(lasted=STEADY / 2) == 4.0
    assert backoff.delay(lasted=STEADY) == 0.5


def test_two_boxes_do_not_come_back_at_the_same_moment() -> None:
    first, second = Backoff(8.0, 8.0, lambda: 0.1), Backoff(8.0, 8.0, lambda: 0.9)
    assert first.delay() != second.delay()
