"""Topic filters, and queues that never grow without bound."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.broker.filters import Feed, matches
from laresd.types import Message


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+/c", "a/b/c", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$SYS/broker", False),
        ("+/broker", "$SYS/broker", False),
        ("$SYS/#", "$SYS/broker", True),
        ("a//b", "a//b", True),
        ("+/+", "/b", True),
    ],
)
def test_filters_match_as_mqtt_says(topic_filter: str, topic: str, expected: bool) -> None:
    assert matches(topic_filter, topic) is expected


levels = st.lists(st.text(alphabet="ab ", max_size=2), min_size=1, max_size=4)


@given(levels)
def test_a_topic_matches_itself_and_its_wild_forms(parts: list[str]) -> None:
    topic = "/".join(parts)
    assert matches(topic, topic)
    assert matches("/".join("+" for _ in parts), topic)
    assert matches(f"{topic}/#", topic)


def nothing(feed: Feed, new: frozenset[str], gone: frozenset[str]) -> None:
    pass


async def test_a_slow_reader_loses_the_oldest_and_hears_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    feed = Feed(("t",), nothing, max_messages=2)
    with caplog.at_level(logging.WARNING):
        for number in range(5):
            feed.put(Message("t", str(number).encode()))
    assert [await anext(feed), await anext(feed)] == [Message("t", b"3"), Message("t", b"4")]
    assert feed.dropped == 3
    assert "too slow" in caplog.text


async def test_large_messages_count_by_their_size() -> None:
    feed = Feed(("t",), nothing, max_bytes=1000)
    for _ in range(3):
        feed.put(Message("t", b"x" * 600))
    assert feed.dropped == 2
    assert len((await anext(feed)).payload) == 600


async def test_one_message_larger_than_the_bound_is_still_delivered() -> None:
    feed = Feed(("t",), nothing, max_bytes=10)
    feed.put(Message("t", b"x" * 600))
    assert len((await anext(feed)).payload) == 600
