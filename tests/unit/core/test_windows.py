"""A long sound is cut in its pauses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.windows import (
    FRAME_BYTES,
    LONG,
    LONG_PAUSE,
    LONGEST,
    QUIET_DBFS,
    SHORT_PAUSE,
    Window,
    cut_at,
    limit_of,
    runs,
)
from tests.fakes.audio import level, silence, speech

LOUD, LOW = -20.0, -70.0
PAUSE = [LOW] * LONG_PAUSE


def cut(levels: list[float]) -> int | None:
    return cut_at(levels, limit_of(levels, QUIET_DBFS))


def test_a_long_pause_is_cut_in_its_middle() -> None:
    assert cut([LOUD] * 10 + PAUSE + [LOUD]) == 10 + LONG_PAUSE // 2


def test_a_short_pause_is_cut_only_in_a_long_window() -> None:
    pause = [LOW] * SHORT_PAUSE
    assert cut([LOUD] * 20 + pause + [LOUD] * 20) is None
    assert cut([LOUD] * 20 + pause + [LOUD] * LONG) == 20 + SHORT_PAUSE // 2


def test_without_a_pause_the_quietest_moment_is_cut_at_last() -> None:
    levels = [LOUD] * LONGEST
    levels[500] = LOUD - 6
    assert cut(levels[:-1]) is None
    assert cut(levels) == 500


def test_quiet_is_what_is_near_the_quietest_in_a_noisy_room_too() -> None:
    noisy = [-35.0] * 30 + [-15.0] * 30
    assert runs(noisy, limit_of(noisy, QUIET_DBFS)) == [(0, 30)]


def test_a_click_does_not_make_speech_quiet() -> None:
    speech_and_click = [-40.0, -36.0] * 30 + [-1.0] * 2
    assert limit_of(speech_and_click, QUIET_DBFS) == QUIET_DBFS


def test_a_sound_of_one_kind_is_judged_by_what_was_heard_before() -> None:
    window = Window()
    window.append(speech(2000) + silence(640))
    window.look()
    window.append(level(5, 6000))  # about -76 dBFS
    window.look()
    assert window.cut() is not None
    assert window.is_quiet


def test_silence_before_speech_is_dropped_and_counted() -> None:
    window = Window()
    window.append(silence(5120) + speech(640))
    window.look()
    assert window.begins_s == pytest.approx(5.12 - SHORT_PAUSE * 0.032)
    assert window.ends_s == pytest.approx(5.76)
    assert not window.is_quiet


@given(st.lists(st.integers(0, 4000), max_size=8), st.integers(1, 3000))
def test_the_parts_together_are_the_whole(lengths: list[int], part: int) -> None:
    pcm = b"".join(level(3000 + n, 300) + level(0, length) for n, length in enumerate(lengths))
    window, found = Window(), b""
    for start in range(0, len(pcm), part * 2):
        window.append(pcm[start : start + part * 2])
        while (head := window.cut()) is not None:
            assert len(head) % FRAME_BYTES == 0
            found += head
    assert found + window.pcm == pcm
