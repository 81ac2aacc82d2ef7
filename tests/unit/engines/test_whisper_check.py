"""A model reads less than 30 s at once only if that costs no word and makes up none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from laresd.backends.workers.specs import BUNDLED_SPEECH
from laresd.engines.whisper import check
from laresd.engines.whisper.check import Clip, checked, clips, verdict
from laresd.engines.whisper.habits import FULL, SPEECH, Context, habits
from laresd.engines.whisper.model import Model
from laresd.engines.whisper.records import Verdict, record, recorded
from tests.fakes.whisper_model import POSITIONS, write_whisper

SOUND = np.zeros(100, np.float32)
SENTENCES = [Clip(SOUND, "en", "turn on the light"), Clip(SOUND, "en", "stop")]
SOUNDS = [*SENTENCES, Clip(SOUND, "en", "")]
RIGHT = ("Turn on the light.", "Stop.", "")
WORSE = ("Turn on the", "Stop.", "")
MADE_UP = ("Turn on the light.", "Stop.", "thank you")


class Scripted:
    """Writes what stands for the context, and takes `seconds` for each clip."""

    def __init__(self, written: Mapping[str, tuple[str, ...]], seconds: float = 1.0) -> None:
        self._written, self._seconds, self.clock = written, seconds, 0.0

    def write(self, clip: Clip, context: Context) -> str:
        self.clock += self._seconds
        return self._written.get(str(context), RIGHT)[SOUNDS.index(clip)]

    def verdict(self, budget_s: float = 1000.0) -> str:
        return verdict(self.write, SOUNDS, lambda: self.clock, budget_s).padding


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ({}, "speech"),
        ({"full": WORSE}, "speech"),
        ({"speech": WORSE}, "speech-500"),
        ({"speech": MADE_UP}, "speech-500"),
        ({"speech": WORSE, "speech-500": MADE_UP, "speech-1000": WORSE}, "speech-1500"),
        (dict.fromkeys(("speech", "speech-500", "speech-1000", "speech-1500"), WORSE), "full"),
        ({"full": ("x", "y", "")}, "full"),
    ],
)
def test_the_fastest_way_is_taken_that_is_no_worse(
    written: Mapping[str, tuple[str, ...]], found: str
) -> None:
    assert Scripted(written).verdict() == found


def test_better_at_one_sentence_does_not_make_up_for_worse_at_another() -> None:
    written = {"full": ("Turn on", "Stop.", ""), "speech": ("Turn on the light", "top", "")}
    assert Scripted(written).verdict() == "speech-500"


def test_a_check_that_takes_too_long_is_given_up() -> None:
    found = Scripted({"speech": WORSE}, seconds=10.0)
    assert found.verdict(budget_s=25.0) == "full"
    assert found.clock <= 40.0


def test_a_model_is_not_checked_in_a_language_that_it_does_not_know() -> None:
    assert verdict(Scripted({}).write, SOUNDS[2:], lambda: 0.0, 1.0).padding == "full"


class TestContext:
    @pytest.mark.parametrize("text", ["full", "speech", "speech-500"])
    def test_it_is_written_as_it_is_read(self, text: str) -> None:
        assert str(Context.of(text)) == text

    @pytest.mark.parametrize("text", ["", "some", "speech-", "speech--1", "speech-12345"])
    def test_what_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="padding must be"):
            Context.of(text)

    def test_speech_gets_its_tail_and_no_more_than_thirty_seconds(self) -> None:
        assert [SPEECH.frames(n) for n in (0, 101, 2950, 4000)] == [60, 160, 3000, 3000]
        assert [Context(500).frames(n) for n in (100, 500)] == [500, 560]
        assert FULL.frames(10) == 3000


class TestRecords:
    def test_what_was_found_is_known_as_long_as_the_weights_are_the_same(
        self, tmp_path: Path
    ) -> None:
        folder, kept = write_whisper(tmp_path / "one"), tmp_path / "kept"
        assert recorded(folder, kept) is None
        record(folder, kept, Verdict("speech-500", "so"))
        assert recorded(folder, kept) == Verdict("speech-500", "so")
        assert recorded(write_whisper(tmp_path / "two", seed=2), kept) is None

    @pytest.mark.parametrize(
        "content", ["", "{", "[]", '{"padding": "some", "because": "", "version": 1}', "{}"]
    )
    def test_a_damaged_record_is_none(self, tmp_path: Path, content: str) -> None:
        folder, kept = write_whisper(tmp_path / "one"), tmp_path / "kept"
        record(folder, kept, Verdict("speech", "so"))
        for file in kept.glob("*.json"):
            file.write_text(content)
        assert recorded(folder, kept) is None

    def test_a_folder_that_cannot_be_written_is_done_without(self, tmp_path: Path) -> None:
        folder = write_whisper(tmp_path / "one")
        (tmp_path / "file").write_text("")
        record(folder, tmp_path / "file" / "kept", Verdict("speech", "so"))


class TestChecked:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = write_whisper(tmp_path / "tiny")
        (folder / "lares.json").write_text(json.dumps({"max_tokens": POSITIONS}))
        return folder

    def checked(self, folder: Path, kept: Path | None) -> tuple[Context, str]:
        wanted = habits(folder)
        return checked(folder, Model(folder, 1, wanted), wanted, kept)

    def test_the_folder_has_the_first_word(self, tmp_path: Path) -> None:
        folder = write_whisper(tmp_path / "tiny", padding="speech-500")
        assert self.checked(folder, tmp_path) == (Context(500), "its folder says so")

    def test_without_a_place_for_it_there_is_no_check(self, folder: Path) -> None:
        assert self.checked(folder, None) == (FULL, "it was not checked")

    def test_a_model_is_checked_once(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(check, "clips", lambda languages: SOUNDS)
        first = self.checked(folder, tmp_path / "kept")
        assert first[0] == FULL  # it talks nonsense
        monkeypatch.setattr(check, "look", None)
        assert self.checked(folder, tmp_path / "kept") == first

    def test_a_box_that_cannot_speak_checks_later(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        context, why = self.checked(folder, tmp_path / "kept")
        assert (context, "espeak-ng is not installed" in why) == (FULL, True)
        assert not list(tmp_path.glob("kept/*.json"))


@pytest.mark.slow
def test_the_box_speaks_the_sentences_itself() -> None:
    found = clips(("en", "de"))
    assert {clip.language for clip in found if clip.text} == {"en", "de"}
    assert all(len(clip.samples) > 4000 for clip in found)
    assert sum(not clip.text for clip in found) == 2


@pytest.mark.slow
def test_the_bundled_model_is_found_to_bear_what_it_was_trained_for(tmp_path: Path) -> None:
    folder = tmp_path / "speech-en"
    shutil.copytree(BUNDLED_SPEECH, folder)
    told = json.loads((folder / "lares.json").read_text())
    del told["padding"]
    (folder / "lares.json").write_text(json.dumps(told))
    wanted = habits(folder)
    found = checked(folder, Model(folder, 1, wanted), wanted, tmp_path / "kept")
    assert found == (SPEECH, "4 sentences come out as well as with 30 s")
