"""All voices are equally loud."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.engines.speech.level import PEAK, evened, from_s16, to_s16
from laresd.sound import level_dbfs


def tone(amplitude: float, seconds: float = 0.5) -> bytes:
    at = np.arange(int(16_000 * seconds)) / 16_000
    return to_s16((amplitude * np.sin(2 * np.pi * 220 * at)).astype(np.float32))


@pytest.mark.parametrize("amplitude", [0.05, 0.2, 0.9])
def test_a_loud_and_a_quiet_voice_become_alike(amplitude: float) -> None:
    assert level_dbfs(to_s16(evened(from_s16(tone(amplitude))))) == pytest.approx(-20.0, abs=0.2)


def test_pauses_do_not_make_a_voice_louder() -> None:
    spoken = tone(0.3)
    paused = spoken + bytes(32_000) + spoken
    loud = to_s16(evened(from_s16(paused)))
    assert level_dbfs(loud[: len(spoken)]) == pytest.approx(-20.0, abs=0.2)


def test_silence_stays_silence() -> None:
    assert to_s16(evened(from_s16(bytes(6400)))) == bytes(6400)


@given(st.binary(min_size=1280, max_size=4000))
def test_nothing_is_clipped_and_no_sample_lost(noise: bytes) -> None:
    samples = from_s16(noise[: len(noise) // 2 * 2])
    loud = evened(samples)
    assert len(loud) == len(samples)
    assert float(np.max(np.abs(loud), initial=0.0)) <= PEAK + 1e-6
