"""Which version is the latest: told by others, and read with care."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.errors import Permanent, Refused
from laresd.frontends.home_assistant.updates import MAX_SUMMARY, Latest, form, read


@pytest.mark.parametrize(
    ("payload", "latest"),
    [
        (b"0.3.0", Latest("0.3.0")),
        (b" 2026.11.0rc1\n", Latest("2026.11.0rc1")),
        (
            b'{"version": "0.3.0", "url": "https://example.org/notes", "summary": "Faster."}',
            Latest("0.3.0", "https://example.org/notes", "Faster."),
        ),
        (b"", None),
    ],
)
def test_a_version_is_plain_text_or_an_object(payload: bytes, latest: Latest | None) -> None:
    assert read(payload) == latest


@pytest.mark.parametrize(
    "payload",
    [
        b"latest",
        b"\xff",
        b"{",
        b"{}",
        b'{"version": 3}',
        b'{"version": "1.0", "url": "javascript:alert(1)"}',
        b'{"version": "1.0", "summary": 7}',
        b"1" * 5000,
    ],
)
def test_what_is_no_version_is_not_taken(payload: bytes) -> None:
    with pytest.raises((Permanent, Refused)):
        read(payload)


@given(st.text())
def test_a_summary_is_as_long_as_home_assistant_takes_it(summary: str) -> None:
    read_back = read(json.dumps({"version": "1.0", "summary": summary[:500]}).encode())
    assert read_back is not None
    assert len(read_back.summary) <= MAX_SUMMARY


def test_without_news_nothing_is_said_to_be_up_to_date() -> None:
    assert "latest_version" not in json.loads(form("0.2.0", None))
    assert json.loads(form("0.2.0", Latest("0.3.0")))["latest_version"] == "0.3.0"
