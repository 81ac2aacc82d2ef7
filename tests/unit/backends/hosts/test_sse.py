"""Server-sent events, however the stream is cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.hosts.sse import MAX_EVENT, EventReader

STREAM = (
    'data: {"a": 1}\n\n: ping\n\nevent: x\r\ndata:no space\r\ndata: two\r\n\r\ndata: ü\r\rid: 3\n\n'
)
EVENTS = [b'{"a": 1}', b"no space\ntwo", "ü".encode()]


@given(st.lists(st.integers(0, len(STREAM.encode()))))
def test_the_events_are_the_same_however_the_stream_is_cut(cuts: list[int]) -> None:
    raw, reader = STREAM.encode(), EventReader()
    places = [0, *sorted(cuts), len(raw)]
    pieces = [raw[a:b] for a, b in itertools.pairwise(places)]
    assert [event for piece in pieces for event in reader.feed(piece)] == EVENTS


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))))
def test_what_is_sent_line_by_line_comes_back(lines: list[str]) -> None:
    raw = "".join(f"data: {line}\n" for line in lines) + "\n"
    assert EventReader().feed(raw.encode()) == (["\n".join(lines).encode()] if lines else [])


def test_an_event_that_the_end_cuts_is_none() -> None:
    assert EventReader().feed(b"data: half of it\n") == []


@pytest.mark.parametrize("line", [b"data: " + b"x" * MAX_EVENT, b"data: " + b"x" * 1000 + b"\n"])
def test_an_event_without_end_is_given_up(line: bytes) -> None:
    reader = EventReader()
    with pytest.raises(ValueError, match="more than"):
        for _ in range(MAX_EVENT // 900):
            reader.feed(line)
