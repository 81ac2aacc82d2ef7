"""The topics that requests come in on, and those that an answer may go to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.errors import LaresError
from laresd.frontends.mqtt.requests import OPERATIONS
from laresd.frontends.mqtt.topics import MAX_TOPIC, Topics
from tests.fakes.bus import fits

TOPICS = Topics("lares", "hall", "homeassistant")


def test_each_operation_comes_in_on_two_topics() -> None:
    filters = TOPICS.filters(OPERATIONS)
    assert len(filters) == 2 * len(OPERATIONS)
    assert "lares/hall/ask" in filters
    assert "lares/hall/from/+/kb/ask" in filters


def test_no_topic_is_read_twice_nor_any_that_lares_itself_publishes() -> None:
    filters = TOPICS.filters(OPERATIONS)
    for operation in OPERATIONS:
        for topic in (f"lares/hall/{operation}", f"lares/hall/from/x/{operation}"):
            assert sum(fits(item, topic) for item in filters) == 1
    for own in ("answer/1", "availability", "timer/ended", "from/x/answer/1"):
        assert not any(fits(item, f"lares/hall/{own}") for item in filters)


def test_a_topic_tells_the_operation_and_the_client() -> None:
    assert TOPICS.request("lares/hall/kb/ask") == ("kb/ask", "")
    assert TOPICS.request("lares/hall/from/panel/kb/ask") == ("kb/ask", "panel")


@pytest.mark.parametrize(
    "topic", ["lares/hall/answer/x", "lares/other/answer/1", "node-red/in-tray", "a", "laresx/ask"]
)
def test_an_askers_own_topic_is_answered_on(topic: str) -> None:
    assert TOPICS.checked(topic, False) == topic


@given(st.text(max_size=300))
def test_no_topic_that_is_answered_on_could_be_a_filter_or_too_long(topic: str) -> None:
    try:
        checked = TOPICS.checked(topic, False)
    except LaresError:
        return
    assert not set(checked) & set("+#\x00\n")
    assert len(checked.encode()) <= MAX_TOPIC
    assert checked


def test_a_topic_of_a_known_device_is_not_answered_on() -> None:
    with pytest.raises(LaresError):
        TOPICS.checked("home/lamp/brightness", True)
