"""Stop strings in text that comes in pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.hosts.stops import Stops

LETTERS = st.text("ab", max_size=12)
STOPS = st.lists(st.text("ab", min_size=1, max_size=4), max_size=3)


def first_end(text: str, stops: list[str]) -> str:
    """By trying each beginning: the text up to the stop string that is complete first."""
    for end in range(1, len(text) + 1):
        met = [stop for stop in stops if text[:end].endswith(stop)]
        if met:
            return text[: end - len(max(met, key=len))]
    return text


@given(st.lists(LETTERS), STOPS, LETTERS)
def test_what_is_shown_does_not_depend_on_how_the_text_is_cut(
    pieces: list[str], stops: list[str], held: str
) -> None:
    reader = Stops(stops, held)
    shown = "".join(reader.feed(piece) for piece in pieces)
    was_stopped = reader.stopped
    shown += reader.end()
    text = held + "".join(pieces)
    if pieces:
        assert shown == first_end(text, stops)
        assert was_stopped == any(stop in text for stop in stops)
    else:
        assert shown == held


@given(LETTERS, STOPS)
def test_what_was_shown_never_belongs_to_a_stop_string(text: str, stops: list[str]) -> None:
    reader, shown = Stops(stops), ""
    for letter in text:
        shown += reader.feed(letter)
        assert not any(stop in shown for stop in stops)
