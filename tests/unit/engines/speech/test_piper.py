"""Piper voices: phonemes in, the model's sound out, and what is said of those that are damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from laresd.engines.speech import espeak, piper
from laresd.engines.speech.espeak import Espeak
from laresd.engines.speech.level import from_s16
from laresd.engines.speech.piper import PiperVoice
from laresd.engines.speech.voice_file import read
from laresd.errors import Permanent
from laresd.types import SAMPLE_RATE, Json
from tests.fakes import piper_voice
from tests.fakes.piper_voice import IDS, RATE, SAMPLES, TONE, config

LETTERS = config(phoneme_type="text")
needs_espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"
)


def voice(
    folder: Path,
    told: dict[str, Json] | None = None,
    *,
    speakers: int = 1,
    speaker: str = "",
    words_per_minute: int = 165,
) -> PiperVoice:
    """One that reads letters, so that no program is needed."""
    path = piper_voice.write(folder, told or LETTERS, speakers=speakers)
    own = Espeak("espeak-ng")
    return piper.load(path, own, speaker=speaker, words_per_minute=words_per_minute, threads=1)


def ids_in(pcm: bytes) -> list[int]:
    """The ids whose tones sound, one for each stretch."""
    heard = piper_voice.tones(from_s16(pcm), SAMPLE_RATE, SAMPLES / RATE)
    return [round(tone / TONE) for tone in heard]


def test_the_model_gets_each_letter_between_pads_and_marks(tmp_path: Path) -> None:
    begin, pad, end = 1, 1, 2  # a pad is id 0, which sounds as 1
    wanted = [begin, pad, IDS["b"], pad, IDS["a"], pad, end]
    heard = ids_in(voice(tmp_path).speak("ba"))
    assert heard[:6] == wanted[:6]


def test_its_sound_comes_at_the_box_s_rate(tmp_path: Path) -> None:
    pcm = voice(tmp_path).speak("ba")
    assert len(pcm) / 2 / SAMPLE_RATE == pytest.approx(7 * SAMPLES / RATE, abs=0.01)


def test_slower_is_longer(tmp_path: Path) -> None:
    fast = voice(tmp_path / "fast").speak("ba")
    slow = voice(tmp_path / "slow", words_per_minute=55).speak("ba")
    assert len(slow) == pytest.approx(3 * len(fast), rel=0.02)


def test_each_speaker_has_a_voice(tmp_path: Path) -> None:
    told = config(phoneme_type="text", num_speakers=2, speaker_id_map={"low": 0, "high": 1})
    low = voice(tmp_path / "low", told, speakers=2).speak("ba")
    named = voice(tmp_path / "named", told, speakers=2, speaker="high").speak("ba")
    numbered = voice(tmp_path / "numbered", told, speakers=2, speaker="1").speak("ba")
    assert ids_in(named) != ids_in(low)
    assert named == numbered


def test_a_speaker_that_is_not_there_is_named(tmp_path: Path) -> None:
    told = config(phoneme_type="text", num_speakers=2, speaker_id_map={"low": 0, "high": 1})
    with pytest.raises(Permanent, match=r"no speaker 'tenor'.*low, high"):
        voice(tmp_path, told, speakers=2, speaker="tenor")


def test_what_has_no_letter_is_no_sound(tmp_path: Path) -> None:
    assert voice(tmp_path).speak(" ") == b""


def test_a_voice_that_knows_other_phonemes_says_nothing_at_all(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="does not know"):
        voice(tmp_path).speak("ЖЖЖЖ ab")


@needs_espeak
class TestPhonemes:
    def test_a_sentence_is_read_as_espeak_pronounces_it(self, tmp_path: Path) -> None:
        path = piper_voice.write(tmp_path)
        spoken = piper.load(path, espeak.found(), words_per_minute=165, threads=1)
        pcm = spoken.speak("Hello, world! Is it on?")
        assert len(pcm) > SAMPLE_RATE
        assert float(np.max(np.abs(from_s16(pcm)))) > 0.5

    def test_marks_stay_between_the_clauses(self, tmp_path: Path) -> None:
        path = piper_voice.write(tmp_path)
        spoken = piper.load(path, espeak.found(), words_per_minute=165, threads=1)
        phonemes = spoken._phonemes("Hello, 21.5 worlds! ... Yes？")
        assert [mark for mark in phonemes if mark in ",.!?"] == [",", "!", "?"]


class TestDamage:
    def test_a_missing_configuration_is_said(self, tmp_path: Path) -> None:
        path = piper_voice.write(tmp_path)
        path.with_name("voice.onnx.json").unlink()
        with pytest.raises(Permanent, match="No such file"):
            read(path)

    @pytest.mark.parametrize("text", ["{", "[]", '"x"', "{}", '{"audio": 3}'])
    def test_what_is_no_configuration_is_said(self, text: str, tmp_path: Path) -> None:
        path = piper_voice.write(tmp_path)
        path.with_name("voice.onnx.json").write_text(text)
        with pytest.raises(Permanent, match=r"voice\.onnx\.json") as caught:
            read(path)
        assert "lares models pull" in caught.value.remedy

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"audio": {"sample_rate": 1}}, "1 Hz"),
            ({"phoneme_type": "runes"}, "runes"),
            ({"espeak": {"voice": "-w/tmp/x"}}, "espeak-ng voice"),
            ({"phoneme_id_map": {"a": [1]}}, "lacks"),
            ({"phoneme_id_map": {"a": "b"}}, "no ids for 'a'"),
        ],
    )
    def test_what_it_lacks_is_named(
        self, change: dict[str, Json], said: str, tmp_path: Path
    ) -> None:
        path = piper_voice.write(tmp_path, {**config(), **change})
        with pytest.raises(Permanent, match=said):
            read(path)

    def test_a_damaged_model_is_no_crash(self, tmp_path: Path) -> None:
        path = piper_voice.write(tmp_path)
        path.write_bytes(path.read_bytes()[:1000])
        with pytest.raises(Permanent, match="cannot load the voice"):
            piper.load(path, Espeak("true"), words_per_minute=165, threads=1)

    def test_a_model_for_something_else_is_named_by_its_inputs(self, tmp_path: Path) -> None:
        path = piper_voice.write(tmp_path, config(num_speakers=2), speakers=1)
        with pytest.raises(Permanent, match="no Piper voice: its model takes input"):
            piper.load(path, Espeak("true"), words_per_minute=165, threads=1)

    def test_an_id_that_the_model_has_not_is_no_crash(self, tmp_path: Path) -> None:
        told = json.loads(json.dumps(LETTERS))
        told["phoneme_id_map"]["q"] = [9999]
        with pytest.raises(Permanent, match="model failed"):
            voice(tmp_path, told).speak("q")
