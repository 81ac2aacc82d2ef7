"""The tape keeps samples by their index, whatever was forgotten."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from laresd.frontends.voice.tape import Tape


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 400)), max_size=20))
def test_a_cut_gives_the_samples_of_its_indexes(steps: list[tuple[int, int]]) -> None:
    tape, written, forgotten = Tape(), 0, 0
    for count, before in steps:
        tape.append(array("h", range(written, written + count)).tobytes())
        written += count
        tape.forget(before)
        forgotten = max(forgotten, min(before, written))
        assert tape.end == written
        for start in (forgotten, (forgotten + written) // 2, 0):
            samples = array("h", tape.cut(start, written)).tolist()
            assert samples == list(range(max(start, forgotten), written))


def test_indexes_outside_the_tape_give_what_is_there() -> None:
    tape = Tape()
    tape.append(array("h", range(10)).tobytes())
    assert len(tape.cut(-5, 99)) == 20
    assert tape.cut(8, 3) == b""
