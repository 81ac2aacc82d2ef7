"""Samples made louder, picked from channels, put on channels."""

from __future__ import annotations

import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.sound import (
    SILENT_DBFS,
    all_channels,
    amplified,
    clipped,
    one_channel,
    peak_dbfs,
)

SAMPLES = st.lists(st.integers(-32_768, 32_767), max_size=200)


def pcm(*samples: int) -> bytes:
    return array.array("h", samples).tobytes()


def samples(data: bytes) -> list[int]:
    return array.array("h", data).tolist()


@given(SAMPLES, st.floats(0.0, 100.0))
def test_louder_samples_keep_their_sign_and_their_range(values: list[int], factor: float) -> None:
    louder = samples(amplified(pcm(*values), factor, factor))
    for before, after in zip(values, louder, strict=True):
        assert before * after >= 0
        assert after == max(-32_768, min(32_767, round(before * factor))) or (
            abs(after - before * factor) <= 0.51 + abs(before * factor) * 1e-6
        )


def test_a_factor_may_change_evenly() -> None:
    assert samples(amplified(pcm(*[1000] * 5), 1.0, 0.0)) == [1000, 750, 500, 250, 0]


def test_untouched_sound_is_the_same_object() -> None:
    sound = pcm(1, 2)
    assert amplified(sound, 1.0, 1.0) is sound
    assert one_channel(sound, 1, 0) is sound
    assert all_channels(sound, 1) is sound


def test_one_of_several_channels() -> None:
    assert samples(one_channel(pcm(1, 2, 3, 4, 5, 6), 3, 1)) == [2, 5]


@given(SAMPLES, st.integers(1, 8))
def test_what_is_on_all_channels_is_on_each(values: list[int], channels: int) -> None:
    spread = all_channels(pcm(*values), channels)
    for number in range(channels):
        assert samples(one_channel(spread, channels, number)) == values


@pytest.mark.parametrize(
    ("sound", "level"),
    [(b"", SILENT_DBFS), (pcm(0, 0), SILENT_DBFS), (pcm(0, -32_768), 0.0), (pcm(16_384), -6.02)],
)
def test_the_peak(sound: bytes, level: float) -> None:
    assert peak_dbfs(sound) == pytest.approx(level, abs=0.01)


def test_clipped_samples_are_those_at_the_ends() -> None:
    assert clipped(pcm(32_767, 32_766, -32_768, -32_767, 0)) == 2
