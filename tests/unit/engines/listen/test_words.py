"""Wake words become one event each, as easily as a stream wants it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.engines.listen.words import Spotter, WakeWords, Word, word
from laresd.errors import Permanent

OKAY_NABU = word("okay_nabu")


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


class TestSensitivity:
    def test_a_normal_one_is_the_model_s_own_threshold(self) -> None:
        assert OKAY_NABU.at(0.5) == pytest.approx(0.85)
        assert word("okay_nabu", 0.6).at(0.5) == pytest.approx(0.6)

    @given(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 0.99))
    def test_more_of_it_never_needs_a_clearer_word(self, a: float, b: float, own: float) -> None:
        given_word = Word("x", "X", Path("x.json"), own)
        assert 0 < given_word.at(max(a, b)) <= given_word.at(min(a, b)) < 1


class TestWakeWords:
    def test_silence_and_noise_wake_nobody(self) -> None:
        jarvis = word("hey_jarvis")
        words = WakeWords({OKAY_NABU: OKAY_NABU.threshold, jarvis: jarvis.threshold})
        noise = np.random.default_rng(2).normal(0, 2000, 48_000).astype("<i2").tobytes()
        assert list(words.hear(bytes(32_000) + noise)) == []

    def test_a_reset_forgets(self) -> None:
        words = WakeWords({word("alexa"): 0.9})
        list(words.hear(bytes(1000)))
        words.reset()
        assert list(words.hear(bytes(32_000))) == []

    def test_the_peak_of_a_clip_knows_nothing_of_the_clip_before(self) -> None:
        words = WakeWords({OKAY_NABU: OKAY_NABU.threshold})
        noise = np.random.default_rng(3).normal(0, 2000, 32_000).astype("<i2").tobytes()
        (alone,) = words.peaks(noise)
        list(words.hear(noise[:10_000]))
        (again,) = words.peaks(noise)
        assert (again.score, again.sample) == (alone.score, alone.sample)
        assert again.described.tolist() == alone.described.tolist()
        assert alone.score < OKAY_NABU.threshold


class TestModels:
    def test_an_unknown_name_lists_the_known_ones(self) -> None:
        with pytest.raises(Permanent, match="no wake word 'hey_lares'") as caught:
            word("hey_lares")
        assert "okay_nabu" in caught.value.remedy

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(Permanent, match=r"own\.tflite cannot be used"):
            word(str(tmp_path / "own.tflite"))

    def test_a_damaged_file_is_not_given_to_the_library(self, tmp_path: Path) -> None:
        (tmp_path / "own.tflite").write_bytes(b"damaged")
        (tmp_path / "own.json").write_text('{"model": "own.tflite", "micro": {}}')
        with pytest.raises(Permanent, match="no TensorFlow Lite model"):
            word(str(tmp_path / "own.tflite"))

    def test_an_own_model_is_known_by_the_name_of_its_file(self, tmp_path: Path) -> None:
        model = OKAY_NABU.file.with_suffix(".tflite")
        (tmp_path / "hey_lares.tflite").write_bytes(model.read_bytes())
        (tmp_path / "hey_lares.json").write_text(
            OKAY_NABU.file.read_text().replace("okay_nabu.tflite", "hey_lares.tflite")
        )
        own = word(str(tmp_path / "hey_lares.tflite"))
        assert (own.name, own.threshold) == ("hey_lares", 0.85)
        assert list(WakeWords({own: own.threshold}).hear(bytes(32_000))) == []
