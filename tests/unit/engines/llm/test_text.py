"""Text as it is shown: whole characters, nothing of a stop string, however it is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.engines.llm.text import TextStream

letters = st.text("ab\u00e4\u20ac", max_size=20)  # one, two and three bytes
stops = st.lists(st.text("ab\u00e4", max_size=4), max_size=3)


def told(pieces: list[bytes], stop: list[str]) -> tuple[list[str], bool]:
    stream = TextStream(stop)
    shown = [stream.feed(piece) for piece in pieces]
    return [*shown, stream.end()], stream.stopped


def plain(text: str, stop: list[str]) -> tuple[str, bool]:
    """The text up to the stop string that is complete first."""
    for end in range(len(text) + 1):
        met = [one for one in stop if one and text[:end].endswith(one)]
        if met:
            return text[: end - max(map(len, met))], True
    return text, False


@given(text=letters, stop=stops, data=st.data())
def test_the_text_is_that_of_a_plain_search_whatever_the_cuts(
    text: str, stop: list[str], data: st.DataObject
) -> None:
    whole = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    ends = [0, *cuts, len(whole)]
    pieces = [whole[a:b] for a, b in pairwise(ends)]
    shown, stopped = told(pieces, stop)
    assert ("".join(shown), stopped) == plain(text, stop)


@given(whole=st.binary(max_size=20), data=st.data())
def test_bytes_that_are_no_text_are_shown_as_such_whatever_the_cuts(
    whole: bytes, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(whole)))
    shown, _ = told([whole[:cut], whole[cut:]], [])
    assert "".join(shown) == whole.decode("utf-8", "replace")


def test_what_may_be_a_stop_string_is_held_back_until_it_is_certain() -> None:
    stream = TextStream(["\nUser:"])
    assert stream.feed(b"Yes.\nUs") == "Yes."
    assert stream.feed(b"ually") == "\nUsually"
    assert stream.feed(b".\nUser") == "."
    assert stream.end() == "\nUser"


@pytest.mark.parametrize("after", [b"", b"more"])
def test_nothing_follows_a_stop_string(after: bytes) -> None:
    shown, stopped = told([b"one STOP two", after], ["STOP"])
    assert (shown, stopped) == (["one ", "", ""], True)


def test_a_stop_string_that_only_the_last_bytes_complete_is_found() -> None:
    shown, stopped = told([b"a\xe2"], ["\ufffd"])
    assert ("".join(shown), stopped) == ("a", True)
