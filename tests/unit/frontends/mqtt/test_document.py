"""firmware-notes/mqtt-api.md says exactly what the code does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.errors import LaresError
from laresd.frontends.mqtt import requests
from laresd.frontends.mqtt.faults import CODES
from laresd.frontends.mqtt.requests import OPERATIONS
from laresd.frontends.mqtt.topics import _COMMAND_PARTS, _COMMANDS
from laresd.frontends.mqtt.wake import read_claim
from laresd.timing import TimerOutcome, TimerVerb
from laresd.types import Json, ReplyKind
from tests.unit.frontends.mqtt.document import (
    FILE,
    blocks,
    is_documented_answer,
    names,
    rows,
    validator,
)

EVERY = list(OPERATIONS)


def accepted(operation: str, payload: bytes) -> bool:
    """Whether the code takes it for a request."""
    try:
        requests.understood(operation, requests.read(payload))
    except LaresError:
        return False
    return True


def said(value: Json) -> bytes:
    return json.dumps(value).encode()


def test_every_operation_has_its_schema_and_no_other_has() -> None:
    assert names("schema") == EVERY
    assert names("accepted") == names("forbidden") == EVERY


@pytest.mark.parametrize("operation", EVERY)
def test_each_example_fits_the_schema_and_the_code(operation: str) -> None:
    for example in rows("accepted", operation):
        assert validator("schema", operation).is_valid(example), example
        assert accepted(operation, said(example)), example


@pytest.mark.parametrize("operation", EVERY)
def test_each_counterexample_fits_neither(operation: str) -> None:
    for example in rows("forbidden", operation):
        assert not validator("schema", operation).is_valid(example), example
        assert not accepted(operation, said(example)), example


def test_plain_text_is_taken_as_it_is_documented() -> None:
    plain = {(kind, name): body for (form, kind, name), body in blocks().items() if form == "text"}
    assert len(plain) >= len(EVERY)
    for (kind, operation), body in plain.items():
        assert accepted(operation, str(body).encode()) is (kind == "accepted")


def test_each_answer_that_is_shown_fits_its_schema() -> None:
    assert names("told") == names("answer")
    for name in names("answer"):
        for example in rows("told", name):
            assert validator("answer", name).is_valid(example), example


def test_what_is_no_answer_fits_no_schema() -> None:
    nothing: list[Json] = [{}, {"id": "1", "kind": "done"}, {"id": "1", "kind": "error"}, "done"]
    assert not any(is_documented_answer(answer) for answer in nothing)


LINES: list[Json] = [
    "Kitchen", "", " ", "a\tb", "a\nb", "a\x00", "a\x85", "\u2028", "\u3000x", "开灯", "\n", "ab\n",
    "en", "e", "de", "zh-CN", "abcd", "en-", "en-US-x1", "x" * 64, "x" * 65, "x" * 1000, "x" * 1001,
]  # fmt: skip
REFERENCES: list[Json] = [
    "a.wav", "a/b.wav", "../a", "a/../b", "/a", ".a", "a//b", "a/", "http://10.0.0.1/a.wav?x=1",
    "a\n", "http://[::1]/a", "https://a/b", "http://a:1/", "http://a:123456/", "http://a b/",
    "x" * 255, "x" * 256, "http://", "http://u@h/", "file:///etc/passwd", "http://a/\n",
]  # fmt: skip
IDENTIFIERS: list[Json] = [
    "a-7", "", "x" * 64, "x" * 65, "a b", "é", "a\n", 7, -7, 7.0, 7.5, 2**63, 2**63 - 1,
    -(2**63), 1e300,
]  # fmt: skip
NUMBERS: list[Json] = [
    0, 1, 1.5, -1, 5, 59.9, 60, 60.1, 299, 300, 300.5, 604800, 604801, 10**11, 10**11 + 1, 1e-9,
    "5",
]  # fmt: skip
WORDS: list[Json] = [*TimerVerb, "Start", "stop", "whole", "parts", "none", "None"]
NAMES: list[Json] = ["legal", "", "a" * 40, "a" * 41, "Legal", "le gal", "a\n", "-"]
OTHERS: list[Json] = [None, True, False, [], {}, ["x"], {"text": "x"}]
FIELDS: dict[str, list[Json]] = {
    **dict.fromkeys(("text", "area", "site", "user", "conversation", "name", "language"), LINES),
    **dict.fromkeys(("id", "client"), IDENTIFIERS),
    **dict.fromkeys(("deadline_s", "sent_at", "seconds", "percent"), NUMBERS),
    **dict.fromkeys(("reply", "verb", "unknown"), WORDS),
    "audio": REFERENCES,
    "document": LINES,
    "profile": NAMES,
    "collections": [[], ["house"], ["a", "b"], ["House"], [""], [7], ["a"] * 16, ["a"] * 17, "a"],
}
BASES: dict[str, dict[str, Json]] = {
    "timer": {"verb": "status"},
    "scene": {"name": "Tea"},
    "listen": {},
    "volume": {},
    "kb/summary": {"document": "Boiler manual"},
}


def base(operation: str) -> dict[str, Json]:
    return BASES.get(operation, {"text": "hello"})


@pytest.mark.parametrize("operation", EVERY)
def test_each_value_of_each_field_is_accepted_where_the_schema_allows_it(operation: str) -> None:
    allowed = 0
    for key, values in FIELDS.items():
        for value in [*values, *OTHERS]:
            request = {**base(operation), key: value}
            if key == "audio":
                request.pop("text", None)
            fits = validator("schema", operation).is_valid(request)
            assert accepted(operation, said(request)) is fits, request
            allowed += fits
    assert allowed > 20


@st.composite
def objects(draw: st.DrawFn) -> tuple[str, dict[str, Json]]:
    """An operation, and a request in which several fields may be right or wrong."""
    operation = draw(st.sampled_from(EVERY))
    chosen = draw(st.lists(st.sampled_from(list(FIELDS)), max_size=4, unique=True))
    anything = st.one_of(st.text(max_size=9), st.integers(), st.floats(allow_nan=False), st.none())
    finite = anything.filter(lambda value: value not in (float("inf"), float("-inf")))
    values = {key: draw(st.one_of(st.sampled_from(FIELDS[key]), finite)) for key in chosen}
    return operation, {**(base(operation) if draw(st.booleans()) else {}), **values}


@given(objects())
def test_the_schema_allows_what_the_code_accepts_and_nothing_else(
    asked: tuple[str, dict[str, Json]],
) -> None:
    operation, request = asked
    allowed = validator("schema", operation).is_valid(request)
    assert accepted(operation, said(request)) is allowed


claims = st.fixed_dictionaries(
    {},
    optional={
        "box": st.sampled_from(["a", "", "a b", "x" * 65, 5, "kitchen"]),
        "site": st.sampled_from(["", "window", "x" * 65, None]),
        "score": st.sampled_from([0, 0.5, 1, 1.1, -1, "1"]),
        "loudness": st.sampled_from([-30.5, 0, None, []]),
        "number": st.sampled_from(["1f", "", 7]),
    },
)


@given(claims)
def test_a_claim_is_one_where_the_schema_says_so(claim: dict[str, Json]) -> None:
    assert (read_claim(said(claim)) is not None) is validator("claim").is_valid(claim)


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"{", b"\xff", b'"x"', b"{" * 400])
def test_what_is_no_object_is_no_claim(payload: bytes) -> None:
    assert read_claim(payload) is None


def test_the_words_of_the_answers_are_those_of_the_code() -> None:
    def words(name: str, *path: str) -> set[str]:
        found = blocks()["json", "answer", name]
        for step in path:
            assert isinstance(found, dict)
            found = found["properties"]
            assert isinstance(found, dict)
            found = found[step]
        assert isinstance(found, dict)
        listed = found["enum"]
        assert isinstance(listed, list)
        return {str(word) for word in listed}

    assert words("reply", "kind") == set(ReplyKind)
    assert words("timer", "outcome") == set(TimerOutcome)
    assert words("error", "error", "code") == set(CODES)


def test_the_words_that_make_a_command_topic_are_all_named() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert all(f"`{word}`" in text for word in _COMMANDS | _COMMAND_PARTS)
