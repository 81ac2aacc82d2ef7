"""A model reads less than 30 s at once only if that costs no word and makes up none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from laresd.backends.workers.specs import BUNDLED_SPEECH
from laresd.engines.whisper import check
from laresd.engines.whisper.check import Clip, clips, steps
from laresd.engines.whisper.habits import FULL, SPEECH, Context
from laresd.engines.whisper.model import Hypothesis
from laresd.engines.whisper.records import Verdict, record, recorded
from laresd.engines.whisper.service import load
from laresd.engines.worker import Call, Channel, Loaded
from laresd.errors import Permanent
from laresd.frames import Fields, Frame
from laresd.types import Json
from tests.fakes.whisper_model import POSITIONS, write_whisper

SOUND = np.zeros(100, np.float32)
SENTENCES = [Clip(SOUND, "en", "turn on the light"), Clip(SOUND, "en", "stop")]
SOUNDS = [*SENTENCES, Clip(SOUND, "en", "")]
RIGHT = ("Turn on the light.", "Stop.", "")
WORSE = ("Turn on the", "Stop.", "")
MADE_UP = ("Turn on the light.", "Stop.", "thank you")


class Scripted:
    """Writes what stands for the context."""

    def __init__(self, written: Mapping[str, tuple[str, ...]]) -> None:
        self._written, self.count = written, 0

    def write(self, clip: Clip, context: Context) -> str:
        self.count += 1
        return self._written.get(str(context), RIGHT)[SOUNDS.index(clip)]


def found(write: Callable[[Clip, Context], str], sounds: Sequence[Clip] = SOUNDS) -> str:
    """What the steps of a check come to."""

    def whole() -> Generator[None, None, Verdict]:
        verdict = yield from steps(write, sounds)
        return verdict

    check = whole()
    while True:
        try:
            next(check)
        except StopIteration as end:
            return str(end.value.padding)


@pytest.mark.parametrize(
    ("written", "padding"),
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
    written: Mapping[str, tuple[str, ...]], padding: str
) -> None:
    assert found(Scripted(written).write) == padding


def test_better_at_one_sentence_does_not_make_up_for_worse_at_another() -> None:
    written = {"full": ("Turn on", "Stop.", ""), "speech": ("Turn on the light", "top", "")}
    assert found(Scripted(written).write) == "speech-500"


def test_each_step_is_one_clip() -> None:
    scripted = Scripted({"speech": WORSE})
    for number, _ in enumerate(steps(scripted.write, SOUNDS), 1):
        assert scripted.count in (number, number + 1)  # the first clip that is worse ends a way


def test_a_model_is_not_checked_in_a_language_that_it_does_not_know() -> None:
    assert found(Scripted({}).write, SOUNDS[2:]) == "full"


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


def opened(folder: Path, kept: Path | None) -> Loaded:
    options: dict[str, Json] = {"model": str(folder), "checks": str(kept) if kept else ""}
    return load(Fields(options))


def facts(loaded: Loaded) -> tuple[Json, ...]:
    return tuple(loaded.facts[key] for key in ("padding", "padding_because", "checked"))


def ask(loaded: Loaded, op: str, pcm: bytes = b"") -> Fields:
    answer = loaded.handlers[op](Call(Frame(op, 1, {}, pcm), Channel(BytesIO(), BytesIO())))
    assert answer is not None
    return Fields(answer.body)


def step(loaded: Loaded) -> bool:
    """Whether the check is done."""
    return ask(loaded, "check").flag("done")


def text(loaded: Loaded) -> str:
    return ask(loaded, "transcribe", bytes(32_000)).text("text")


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


class TestEngine:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = write_whisper(tmp_path / "tiny")
        (folder / "lares.json").write_text(json.dumps({"max_tokens": POSITIONS}))
        return folder

    def test_the_folder_has_the_first_word(self, tmp_path: Path) -> None:
        folder = write_whisper(tmp_path / "tiny", padding="speech-500")
        loaded = opened(folder, tmp_path / "kept")
        assert facts(loaded) == ("speech-500", "its folder says so", True)
        assert step(loaded)

    def test_without_a_place_for_it_there_is_no_check(self, folder: Path) -> None:
        loaded = opened(folder, None)
        assert facts(loaded) == ("full", "it is not checked", True)
        assert step(loaded)

    def test_a_model_is_checked_once_in_steps_and_used_meanwhile(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sound = np.zeros(16_000, np.float32)
        monkeypatch.setattr(check, "clips", lambda languages: [Clip(sound, "en", "Stop.")])
        written = Hypothesis("stop", (1,), -0.1, 0.0)
        monkeypatch.setattr(check, "decode", lambda model, heard, beams: written)
        loaded = opened(folder, tmp_path / "kept")
        assert facts(loaded) == ("full", "it is not checked yet", False)
        spoken = text(loaded)
        assert [step(loaded) for _ in range(3)] == [False, False, True]
        assert text(loaded) != spoken  # it reads less now
        again = opened(folder, tmp_path / "kept")
        assert facts(again) == ("speech", "1 sentences come out as well as with 30 s", True)

    def test_a_box_that_cannot_speak_checks_another_time(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        loaded = opened(folder, tmp_path / "kept")
        with pytest.raises(Permanent, match="espeak-ng is not installed"):
            step(loaded)
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
    loaded = opened(folder, tmp_path / "kept")
    while not step(loaded):
        pass
    assert recorded(folder, tmp_path / "kept") == Verdict(
        "speech", "4 sentences come out as well as with 30 s"
    )
