"""Every frame of a stream gets one probability of speech."""

from __future__ import annotations

import numpy as np
import pytest

from laresd.engines.listen.found import Samples
from laresd.engines.listen.voice import VoiceActivity, VoiceModel, silero
from laresd.types import FRAME_SAMPLES, HeardKind


@pytest.fixture
def voice() -> VoiceActivity:
    return VoiceActivity(VoiceModel(silero()))


def scores(voice: VoiceActivity, samples: Samples, cut: int) -> list[float]:
    voice.reset()
    found = []
    for start in range(0, len(samples), cut):
        found += list(voice.hear(samples[start : start + cut]))
    ends = [f.sample for f in found]
    assert ends == [FRAME_SAMPLES * n for n in range(1, len(ends) + 1)]
    assert all(f.kind is HeardKind.SPEECH for f in found)
    return [f.score for f in found]


def test_the_cuts_of_the_stream_do_not_matter(voice: VoiceActivity) -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, 16_000).astype(np.float32)
    whole = scores(voice, noise, len(noise))
    assert len(whole) == 16_000 // FRAME_SAMPLES
    for cut in (100, 512, 700, 5000):
        assert scores(voice, noise, cut) == pytest.approx(whole, abs=1e-5)


def test_silence_is_no_speech(voice: VoiceActivity) -> None:
    assert max(scores(voice, np.zeros(16_000, np.float32), 512)) < 0.2
