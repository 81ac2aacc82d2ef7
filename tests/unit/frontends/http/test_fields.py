"""A body is read by type, and what is wrong is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.frontends.http.faults import Rejected
from laresd.frontends.http.fields import MAX_DEPTH, Body, parse

NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'"text"',
        b"null",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1',
        b"\xff\xfe{}",
        b'{"a": ' + b"[" * 200_000,
        b'{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
        b'{"a":' * 100 + b"1" + b"}" * 100,
    ],
    ids=lambda raw: str(raw[:20]),
)
def test_what_is_no_reasonable_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        parse(raw)
    assert (caught.value.status, caught.value.code) == (400, "invalid_json")


def test_nesting_is_allowed_up_to_its_bound() -> None:
    parse(b'{"a": ' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}")


@given(st.binary(max_size=200) | NESTED.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_at_all_do_more_than_be_refused(raw: bytes) -> None:
    try:
        body = parse(raw)
    except Rejected:
        return
    json.dumps(dict(body.values), allow_nan=False)


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        (1, True),
        (5.0, True),
        (None, True),
        (0, False),
        (9, False),
        (1.5, False),
        (True, False),
        ("1", False),
        (10**400, False),
        ([], False),
    ],
)
def test_a_whole_number_is_one_within_its_bounds(value: object, fits: bool) -> None:
    body = Body({"count": value})  # type: ignore[dict-item]  # what JSON may hold
    if fits:
        assert body.integer("count", 3, least=1, most=8) == (3 if value is None else value)
        return
    with pytest.raises(Rejected, match="from 1 to 8") as caught:
        body.integer("count", 3, least=1, most=8)
    assert caught.value.param == "count"


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        (0, True),
        (1.5, True),
        (2, True),
        (-0.1, False),
        (2.1, False),
        (True, False),
        ("1", False),
        (10**400, False),
    ],
)
def test_a_number_is_one_within_its_bounds(value: object, fits: bool) -> None:
    body = Body({"heat": value})  # type: ignore[dict-item]  # what JSON may hold
    if fits:
        assert body.real("heat", 0.0, least=0.0, most=2.0) == value
    else:
        with pytest.raises(Rejected, match="from 0 to 2"):
            body.real("heat", 0.0, least=0.0, most=2.0)


def test_a_field_is_named_by_where_it_stands() -> None:
    (row,) = Body({"messages": [{"name": 5}]}).rows("messages")
    with pytest.raises(Rejected) as caught:
        row.text("name")
    assert caught.value.param == "messages[0].name"
    with pytest.raises(Rejected, match=r"'messages\[1\]' must be an object"):
        Body({"messages": [{}, 5]}).rows("messages")


def test_half_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(Rejected, match="not valid Unicode"):
        parse(b'{"prompt": "\\ud800"}').text("prompt")


def test_a_long_value_is_not_told_back() -> None:
    with pytest.raises(Rejected) as caught:
        Body({"role": "x" * 1000}).word("role", ("user",))
    assert len(str(caught.value)) < 120


def test_what_is_missing_is_said_to_be_missing() -> None:
    for body in (Body({}), Body({"prompt": None})):
        with pytest.raises(Rejected) as caught:
            body.text("prompt")
        assert caught.value.code == "missing_required_parameter"


def test_other_types_are_refused_by_their_names() -> None:
    body = Body({"a": 5})
    for read, wanted in (
        (lambda: body.flag("a", False), "true or false"),
        (lambda: body.row("a"), "an object"),
        (lambda: body.mapping("a"), "an object"),
        (lambda: body.rows("a"), "a list of objects"),
        (lambda: body.text("a"), "a text"),
    ):
        with pytest.raises(Rejected, match=wanted):
            read()
