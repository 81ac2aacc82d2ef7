"""The sounds of a house are the same every time, and are what they are called."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tests.fakes.sounds import COMPUTED, MIXED, SPEECH, Clip, clips, computed, mixed


def loudness(clip: Clip) -> float:
    samples = np.frombuffer(clip.pcm, "<i2").astype(np.float64)
    return float(np.sqrt(np.mean(samples**2)))


def test_they_are_the_same_every_time() -> None:
    assert [clip.pcm for clip in computed()] == [clip.pcm for clip in computed()]


def test_no_two_of_them_are_alike_and_all_but_silence_can_be_heard() -> None:
    found = list(computed())
    assert len(found) == COMPUTED == len({clip.name for clip in found})
    heard = [clip for clip in found if clip.kind != "silence"]
    assert len({clip.pcm for clip in heard}) == len(heard)
    assert all(loudness(clip) > 30 for clip in heard)
    assert all(loudness(clip) <= 1 for clip in found if clip.kind == "silence")
    assert all(2.5 < clip.seconds < 8 for clip in found)


@pytest.mark.skipif(not SPEECH.is_dir(), reason="needs the recordings of ../shared/data/speech")
def test_with_the_recordings_they_are_a_hundred() -> None:
    assert len(list(clips())) == 100
    kinds = Counter(clip.kind for clip in mixed())
    assert (kinds, kinds.total()) == ({"babble": 10, "tv": 10, "talk": 8}, MIXED)
