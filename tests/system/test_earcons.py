"""Earcons over the real listening engine: the ear that is open must not take them for speech."""

from __future__ import annotations

import numpy as np
import pytest

from laresd.backends.audio.earcons import Earcon
from laresd.engines.listen.voice import VoiceActivity, VoiceModel, silero
from laresd.types import SAMPLE_RATE


@pytest.mark.slow
@pytest.mark.parametrize("earcon", Earcon)
@pytest.mark.parametrize("loudness", [1.0, 0.3, 0.05])
def test_an_earcon_is_no_speech(earcon: Earcon, loudness: float) -> None:
    chime = np.frombuffer(earcon.pcm(), "<i2") / 32768 * loudness
    sound = np.random.default_rng(0).normal(size=len(chime) + SAMPLE_RATE) * 3e-4
    sound[SAMPLE_RATE // 2 : SAMPLE_RATE // 2 + len(chime)] += chime
    heard = VoiceActivity(VoiceModel(silero())).hear(sound.astype(np.float32))
    assert max(found.score for found in heard) < 0.5
