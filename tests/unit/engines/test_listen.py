"""Wake words become one event each; every frame gets one probability of speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from laresd.engines import listen
from laresd.engines.listen import Spotter, VoiceActivity, WakeWords
from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.types import FRAME_SAMPLES, HeardKind


def events(*probabilities: float) -> list[tuple[str, float]]:
    spotter = Spotter("okay_nabu", 0.8)
    found = [spotter.feed(p, sample) for sample, p in enumerate(probabilities)]
    return [(f.kind.value, f.score) for f in found if f]


class TestSpotter:
    def test_a_wake_word_is_one_event_however_long_it_stays_likely(self) -> None:
        assert events(0.1, 0.5, 0.85, 0.99, 0.99, 0.9, 0.6, 0.1) == [("wake", 0.85)]

    def test_said_twice_it_is_two(self) -> None:
        assert events(0.9, 0.2, 0.9, 0.2) == [("wake", 0.9), ("wake", 0.9)]

    def test_a_dip_that_is_no_pause_is_not_twice(self) -> None:
        assert events(0.9, 0.7, 0.9, 0.5, 0.9, 0.1) == [("wake", 0.9)]

    def test_almost_is_told_with_its_peak_once_it_has_passed(self) -> None:
        assert events(0.1, 0.5, 0.75, 0.5, 0.1) == [("near_wake", 0.75)]

    def test_quiet_is_nothing(self) -> None:
        assert events(*[0.3] * 100) == []


class TestVoiceActivity:
    @pytest.fixture
    def voice(self) -> VoiceActivity:
        return VoiceActivity(listen._silero())

    def scores(self, voice: VoiceActivity, samples: listen.Samples, cut: int) -> list[float]:
        voice.reset()
        found = []
        for start in range(0, len(samples), cut):
            found += list(voice.hear(samples[start : start + cut]))
        ends = [f.sample for f in found]
        assert ends == [FRAME_SAMPLES * n for n in range(1, len(ends) + 1)]
        assert all(f.kind is HeardKind.SPEECH for f in found)
        return [f.score for f in found]

    def test_the_cuts_of_the_stream_do_not_matter(self, voice: VoiceActivity) -> None:
        noise = np.random.default_rng(1).normal(0, 0.05, 16_000).astype(np.float32)
        whole = self.scores(voice, noise, len(noise))
        assert len(whole) == 16_000 // FRAME_SAMPLES
        for cut in (100, 512, 700, 5000):
            assert self.scores(voice, noise, cut) == pytest.approx(whole, abs=1e-5)

    def test_silence_is_no_speech(self, voice: VoiceActivity) -> None:
        assert max(self.scores(voice, np.zeros(16_000, np.float32), 512)) < 0.2


class TestWakeWords:
    def test_silence_and_noise_wake_nobody(self) -> None:
        words = WakeWords([listen._model("okay_nabu"), listen._model("hey_jarvis")], 0.0)
        noise = np.random.default_rng(2).normal(0, 2000, 48_000).astype("<i2").tobytes()
        assert list(words.hear(bytes(32_000) + noise)) == []

    def test_a_reset_forgets(self) -> None:
        words = WakeWords([listen._model("alexa")], 0.0)
        list(words.hear(bytes(1000)))
        words.reset()
        assert list(words.hear(bytes(32_000))) == []


class TestLoading:
    def test_an_unknown_name_lists_the_known_ones(self) -> None:
        with pytest.raises(Permanent, match="no wake word 'hey_lares'") as caught:
            listen.load(Fields({"words": ["hey_lares"]}))
        assert "okay_nabu" in caught.value.remedy

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(Permanent, match=r"own\.tflite cannot be used"):
            listen.load(Fields({"words": [str(tmp_path / "own.tflite")]}))

    def test_a_damaged_file_is_not_given_to_the_library(self, tmp_path: Path) -> None:
        (tmp_path / "own.tflite").write_bytes(b"damaged")
        (tmp_path / "own.json").write_text('{"model": "own.tflite", "micro": {}}')
        with pytest.raises(Permanent, match="no TensorFlow Lite model"):
            listen.load(Fields({"words": [str(tmp_path / "own.tflite")]}))

    def test_without_wake_words_only_voices_are_heard(self) -> None:
        assert listen.load(Fields({"words": []})).facts["words"] == []
