"""`lares wake`: clips are listed, labelled and removed; a verifier is made of them, or is not."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from laresd import cli
from laresd.backends.near_misses import Clip, Label, clips_of, verifiers_of
from laresd.commands.wake_check import Checked, summary
from laresd.commands.wake_tuning import unlike
from laresd.config import Config, load
from laresd.sound import write_wav
from laresd.types import SAMPLE_RATE, HeardKind

NOON = 1_750_000_000.0
SECOND = bytes(2 * SAMPLE_RATE)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "lares.toml"
    path.write_text(f'[box]\nstate_dir = "{tmp_path}"\n[audio]\nenabled = false\n')
    return str(path)


@pytest.fixture
def config(file: str) -> Config:
    return load(Path(file))


def keep(config: Config, seconds: float, pcm: bytes = SECOND, label: Label = Label.NONE) -> Clip:
    clip = Clip(NOON + seconds, "okay_nabu", HeardKind.NEAR_WAKE, 0.61, "kitchen", label)
    clips_of(config).add(clip, pcm)
    return clip


def test_nothing_was_kept_yet_and_how_to_begin(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["wake", "--config", file]) == 0
    assert "keep_near_misses = true" in capsys.readouterr().out


def test_clips_are_listed_labelled_and_removed(
    file: str, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = keep(config, 0), keep(config, 60)
    assert cli.main(["wake", "list", "--config", file]) == 0
    shown = capsys.readouterr().out
    assert first.name in shown and "near wake" in shown and "kitchen" in shown
    assert cli.main(["wake", "label", "--config", file, second.name, "no"]) == 0
    assert cli.main(["wake", "list", "--json", "--label", "no", "--config", file]) == 0
    listed = json.loads(capsys.readouterr().out)["clips"]
    assert [(clip["name"], clip["label"]) for clip in listed] == [(second.name, "no")]
    assert cli.main(["wake", "remove", "--config", file, first.name]) == 0
    assert [clip.name for clip in clips_of(config).all()] == [second.name]
    assert cli.main(["wake", "remove", "--config", file, "all"]) == 0
    assert clips_of(config).all() == []


def test_a_clip_that_is_not_there_is_told(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["wake", "label", "--config", file, "2020", "yes"]) == 1
    assert "0 clips are called 2020" in capsys.readouterr().err


def test_a_box_without_a_loudspeaker_says_so(
    file: str, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = keep(config, 0)
    assert cli.main(["wake", "listen", "--config", file, clip.name]) == 1
    assert "no loudspeaker" in capsys.readouterr().err


def test_without_labels_nothing_is_trained(
    file: str, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(config, 0)
    assert cli.main(["wake", "tune", "--config", file]) == 1
    assert "no clip has a label" in capsys.readouterr().err
    assert cli.main(["wake", "tune", "--config", file, "--word", "alexa"]) == 1
    assert "not in [wake] words" in capsys.readouterr().err


def test_what_is_unlike_a_phrase_is_made_of_its_words() -> None:
    assert unlike("Okay Nabu") == ["Okay", "Nabu", "Nabu Okay"]
    assert unlike("Alexa") == ["Al"]
    assert unlike("小智") == ["小"]
    assert unlike("") == []


def tone(seed: int, low: float, high: float) -> bytes:
    """A short sound between two pitches, a little different each time."""
    dice = random.Random(seed)
    seconds = np.arange(int(1.2 * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = np.interp(seconds, (0, 1.2), (low * dice.uniform(0.9, 1.1), high))
    sound = 8000 * np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE)
    noise = np.random.default_rng(seed).normal(0, 300, len(sound))
    return SECOND + (sound + noise).astype("<i2").tobytes()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
class TestTuning:
    def label(self, config: Config, *, alike: bool) -> None:
        for number in range(8):
            keep(config, number, tone(number, 300, 900), Label.YES)
            false = tone(100 + number, 300, 900) if alike else tone(100 + number, 3000, 1500)
            keep(config, 100 + number, false, Label.NO)

    def test_a_verifier_of_clips_that_differ_is_used_from_then_on(
        self, file: str, config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.label(config, alike=False)
        assert cli.main(["wake", "tune", "--dry-run", "--config", file]) == 0
        verifier = verifiers_of(config) / "okay_nabu.json"
        assert not verifier.exists()
        assert cli.main(["wake", "tune", "--config", file]) == 0
        assert "of 8 wakes 0 would be lost" in capsys.readouterr().out
        assert json.loads(verifier.read_bytes())["report"]["wanted"] == 8
        recordings = [tmp_path / "word.wav", tmp_path / "noise.wav"]
        write_wav(recordings[0], tone(7, 300, 900))
        write_wav(recordings[1], tone(107, 3000, 1500))
        assert cli.main(["wake", "test", "--json", "--config", file, *map(str, recordings)]) == 0
        word, noise = json.loads(capsys.readouterr().out)["peaks"]
        assert word["verified"] > noise["verified"]

    def test_one_that_would_lose_wakes_is_not_used_and_an_old_one_goes(
        self, file: str, config: Config, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.label(config, alike=True)
        verifier = verifiers_of(config) / "okay_nabu.json"
        verifier.write_bytes(b"{}")
        assert cli.main(["wake", "tune", "--config", file]) == 1
        assert "It is not used" in capsys.readouterr().out
        assert not verifier.exists()


def test_what_the_check_would_do_is_told_in_a_sentence() -> None:
    clips = [
        Checked(Clip(NOON, "x", HeardKind.WAKE, 0.9, "attic", label), "", believed)
        for label, believed in (
            (Label.YES, True),
            (Label.YES, False),
            (Label.NO, False),
            (Label.NO, False),
            (Label.NO, True),
        )
    ]
    assert "lose 1 of 2 wakes and reject 2 of 3 false ones" in summary(clips)


def test_without_labels_nothing_is_checked(
    file: str, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(config, 0)
    assert cli.main(["wake", "check", "--config", file]) == 1
    assert "no clip has a label" in capsys.readouterr().err


@pytest.mark.slow
def test_the_speech_model_is_asked_about_each_labelled_clip(
    file: str, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = keep(config, 0, label=Label.YES)
    assert cli.main(["wake", "check", "--json", "--config", file]) == 0
    (checked,) = json.loads(capsys.readouterr().out)["clips"]
    assert (checked["name"], checked["text"], checked["believed"]) == (clip.name, "", True)


@pytest.mark.slow
def test_a_recording_is_tested_against_each_wake_word(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_wav(tmp_path / "quiet.wav", SECOND)
    assert cli.main(["wake", "test", "--config", file, str(tmp_path / "quiet.wav")]) == 0
    assert "okay_nabu" in capsys.readouterr().out
