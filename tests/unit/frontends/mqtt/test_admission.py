"""Which requests come in: not twice, not too many, not too late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.frontends.mqtt.admission import (
    MAX_IDS,
    REMEMBERED,
    TOGETHER,
    Rates,
    Recent,
    deadline,
    mark,
)
from laresd.frontends.mqtt.faults import BadRequest, Busy, Expired
from laresd.frontends.mqtt.requests import LAST, Header

KEY = ("ask", "", "1")


def test_a_message_is_known_for_some_minutes_and_then_new() -> None:
    recent = Recent()
    assert not recent.is_second(KEY, b"a", 0.0)
    assert recent.is_second(KEY, b"a", REMEMBERED)
    assert not recent.is_second(KEY, b"a", 2 * REMEMBERED + 1)


def test_another_message_with_its_id_is_no_second_one() -> None:
    recent = Recent()
    recent.is_second(KEY, b"a", 0.0)
    with pytest.raises(BadRequest):
        recent.is_second(KEY, b"b", 1.0)


def test_requests_without_an_id_are_all_new() -> None:
    recent = Recent()
    key = ("ask", "", LAST)
    assert not recent.is_second(key, b"a", 0.0)
    assert not recent.is_second(key, b"a", 0.0)
    assert mark(key, b"a") == ""


def test_a_request_that_was_not_begun_may_come_again() -> None:
    recent = Recent()
    recent.is_second(KEY, b"a", 0.0)
    recent.forget(KEY)
    assert not recent.is_second(KEY, b"a", 0.0)


def test_the_ids_that_are_remembered_are_bounded() -> None:
    recent = Recent()
    for number in range(3 * MAX_IDS):
        recent.is_second(("ask", "", str(number)), b"a", 0.0)
    assert len(recent._seen) <= MAX_IDS
    assert recent.is_second(("ask", "", str(3 * MAX_IDS - 1)), b"a", 0.0)


def test_what_stands_for_a_request_on_disk_tells_apart_what_it_was() -> None:
    marks = {mark(("ask", c, "1"), payload) for c in ("", "a") for payload in (b"x", b"y")}
    assert len(marks) == 4
    assert all(b"secret".hex() not in one and "secret" not in one for one in marks)


@given(st.lists(st.floats(0, 5), max_size=300))
def test_no_client_and_not_all_together_come_in_more_often_than_they_may(
    pauses: list[float],
) -> None:
    rates, now, come = Rates(60), 0.0, 0
    for number, pause in enumerate(pauses):
        now += pause
        try:
            rates.take(f"c{number % 2}", now)
            come += 1
        except Busy as error:
            assert "s" in error.remedy
    assert come <= 2 * (10 + now) + 2


def test_many_names_share_what_all_may() -> None:
    rates = Rates(60)
    come = 0
    for number in range(1000):
        try:
            rates.take(f"client{number}", 0.0)
            come += 1
        except Busy:
            pass
    assert come == TOGETHER * 10


def test_without_a_limit_everybody_comes_in() -> None:
    rates = Rates(0)
    for _ in range(10_000):
        rates.take("a", 0.0)


def test_the_deadline_counts_from_when_it_came_or_was_sent() -> None:
    assert deadline(Header(seconds=10), None, 100.0, 5000.0) == 110.0
    assert deadline(Header(seconds=10, sent_at=4996.0), None, 100.0, 5000.0) == 106.0
    assert deadline(Header(seconds=10, sent_at=9999.0), None, 100.0, 5000.0) == 110.0
    assert deadline(Header(seconds=10), 100.5, 100.0, 5000.0) == 110.0


@pytest.mark.parametrize(
    ("header", "expires_at"),
    [(Header(seconds=10, sent_at=4990.0), None), (Header(), 100.0), (Header(), 99.0)],
)
def test_what_is_over_is_not_begun(header: Header, expires_at: float | None) -> None:
    with pytest.raises(Expired):
        deadline(header, expires_at, 100.0, 5000.0)
