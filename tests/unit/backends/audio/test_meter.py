"""The meter shows the last second, and says once what is wrong with a microphone."""

from __future__ import annotations

import logging

import pytest

from laresd.backends.audio.meter import CLIPPED_S, DEAD_S, Meter, factor
from laresd.sound import SILENT_DBFS
from laresd.types import SAMPLE_RATE
from tests.fakes.audio import level, speech


def second(value: int) -> bytes:
    return level(value, 1100)[: 2 * SAMPLE_RATE]


def fed(meter: Meter, sound: bytes) -> Meter:
    for start in range(0, len(sound), 1000):
        meter.feed(sound[start : start + 1000])
    return meter


def test_before_the_first_second_nothing_was_heard() -> None:
    levels = fed(Meter(), speech(500)).levels
    assert (levels.rms, levels.peak, levels.seconds) == (SILENT_DBFS, SILENT_DBFS, 0)


def test_the_last_second_is_shown_in_db_against_full_scale() -> None:
    levels = fed(Meter(), second(16_384)).levels
    assert levels.rms == pytest.approx(-6.02, abs=0.01)
    assert levels.peak == pytest.approx(-6.02, abs=0.01)
    assert (levels.clipped, levels.seconds) == (0, 1)
    assert levels.at > 0


def test_samples_at_the_end_of_their_range_are_counted() -> None:
    assert fed(Meter(), second(0)[:-20] + level(32_767, 32)[:20]).levels.clipped == 10


def test_a_dead_microphone_is_told_of_once_and_when_it_is_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    meter = fed(Meter(), second(0) * (DEAD_S - 1))
    assert caplog.messages == []
    fed(meter, second(0) * 2 * DEAD_S)
    fed(meter, second(100) * 3)
    dead, well = caplog.messages
    assert "gives only silence" in dead
    assert "well again" in well


def test_a_microphone_that_clips_for_long_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    fed(Meter(), second(32_767) * (CLIPPED_S + 3))
    (told,) = caplog.messages
    assert "clips" in told


def test_a_shout_is_not_told_of(caplog: pytest.LogCaptureFixture) -> None:
    fed(Meter(), (second(32_767) * (CLIPPED_S - 1) + second(500)) * 3)
    assert caplog.messages == []


@pytest.mark.parametrize(("decibels", "times"), [(0, 1.0), (20, 10.0), (-6.0206, 0.5)])
def test_decibels_are_a_factor(decibels: float, times: float) -> None:
    assert factor(decibels) == pytest.approx(times, rel=1e-4)
