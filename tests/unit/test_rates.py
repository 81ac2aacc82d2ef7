"""Token buckets: how often a client may ask."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from laresd.rates import BURST_S, MAX_CLIENTS, TokenBuckets


def test_a_burst_is_let_in_and_then_as_many_as_the_minute_has() -> None:
    buckets = TokenBuckets(60)
    assert [buckets.take("a", 0.0) for _ in range(11)] == [0.0] * 10 + [1.0]
    assert buckets.take("a", 1.0) == 0.0
    assert buckets.take("a", 1.5) == 0.5


def test_clients_do_not_use_up_each_others_tokens() -> None:
    buckets = TokenBuckets(6)
    assert buckets.take("a", 0.0) == 0.0
    assert buckets.take("a", 0.0) > 0.0
    assert buckets.take("b", 0.0) == 0.0


def test_a_request_that_was_turned_away_costs_nothing() -> None:
    buckets = TokenBuckets(6)
    buckets.take("a", 0.0)
    for second in range(1, 10):
        assert buckets.take("a", float(second)) > 0.0
    assert buckets.take("a", 10.0) == 0.0


def test_there_may_be_no_limit() -> None:
    buckets = TokenBuckets(0)
    assert not any(buckets.take("a", 0.0) for _ in range(10_000))


def test_no_crowd_of_clients_fills_the_memory() -> None:
    buckets = TokenBuckets(60)
    for number in range(MAX_CLIENTS + 100):
        buckets.take(str(number), 0.0)
    assert len(buckets) == MAX_CLIENTS


@given(
    st.integers(1, 1000),
    st.lists(st.floats(0.0, 5.0), min_size=1, max_size=200),
)
def test_no_client_gets_more_than_the_burst_and_its_share_of_the_time(
    per_minute: int, gaps: list[float]
) -> None:
    buckets, now, granted = TokenBuckets(per_minute), 0.0, 0
    for gap in gaps:
        now += gap
        granted += buckets.take("a", now) == 0.0
    speed = per_minute / 60.0
    assert granted <= max(1.0, speed * BURST_S) + speed * now + 1e-6
