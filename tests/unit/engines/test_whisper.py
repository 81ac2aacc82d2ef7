"""A speech model is used as its folder says, and a damaged folder is named."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest
from ctranslate2._ext import StorageView
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from laresd.engines.whisper.habits import Habits
from laresd.engines.whisper.model import Model, Pass
from laresd.engines.whisper.service import load
from laresd.engines.worker import Call, Channel
from laresd.errors import Permanent
from laresd.frames import Fields, Frame
from laresd.types import Json
from tests.fakes.whisper_model import POSITIONS, SPECIAL, WORDS, write_whisper

SECOND = bytes(32_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whisper(tmp_path_factory.mktemp("models") / "tiny")


def transcribe(
    folder: Path, pcm: bytes, language: str = "en", hints: Sequence[str] = ()
) -> Mapping[str, Json]:
    loaded = load(Fields({"model": str(folder), "threads": 1}))
    frame = Frame("transcribe", 1, {"language": language, "hints": list(hints)}, pcm)
    channel = Channel(io.BytesIO(), io.BytesIO())
    answer = loaded.handlers["transcribe"](Call(frame, channel))
    assert answer is not None
    return answer.body


def with_habits(folder: Path, target: Path, **habits: Json) -> Path:
    write_whisper(target)
    (target / "lares.json").write_text(json.dumps({"max_tokens": POSITIONS, **habits}))
    return target


def test_words_come_out_with_their_probability(folder: Path) -> None:
    body = transcribe(folder, SECOND)
    assert set(str(body["text"]).split()) <= set(WORDS)
    assert body["text"]
    assert Fields(body).real("avg_logprob") < 0
    assert 0.0 <= Fields(body).real("no_speech_prob") <= 1.0
    assert body["audio_seconds"] == 1.0


@pytest.mark.parametrize("pcm", [b"", bytes(2), bytes(1000)])
def test_too_little_sound_is_nothing_heard(folder: Path, pcm: bytes) -> None:
    body = transcribe(folder, pcm)
    assert (body["text"], body["reason"]) == ("", "too short")


def test_long_sound_is_heard_in_windows(folder: Path) -> None:
    one, three = transcribe(folder, SECOND * 30), transcribe(folder, SECOND * 90)
    assert three["audio_seconds"] == 90.0
    assert str(three["text"]).split() == str(one["text"]).split() * 3


def test_half_a_sample_is_refused(folder: Path) -> None:
    with pytest.raises(Permanent, match="no 16-bit samples"):
        transcribe(folder, bytes(32_001))


def test_a_language_that_the_model_does_not_know_is_refused(folder: Path) -> None:
    assert transcribe(folder, SECOND, "en-GB")["text"]
    with pytest.raises(Permanent, match="does not understand 'de'"):
        transcribe(folder, SECOND, "de")


def test_a_model_of_one_language_has_found_it_before_it_hears(folder: Path) -> None:
    assert transcribe(folder, SECOND, "auto")["language"] == "en"


class Polyglot:
    """A WhisperModel that can tell languages apart; it writes down which one it was asked for."""

    is_multilingual = True
    supported_languages = ("de", "en", "fr")
    feature_extractor = staticmethod(lambda samples, padding=0: np.zeros((80, 3000), np.float32))

    def __init__(self) -> None:
        self.model, self.heard = self, 0
        self.hf_tokenizer = Tokenizer(WordLevel(self.ids(), unk_token="<|unk|>"))

    def ids(self) -> dict[str, int]:
        codes = [f"<|{code}|>" for code in self.supported_languages]
        return {
            token: n for n, token in enumerate(["<|unk|>", *SPECIAL, *codes, "<|notimestamps|>"])
        }

    def encode(self, features: npt.NDArray[np.float32]) -> StorageView:
        self.heard += 1
        return StorageView.from_array(np.zeros((1, 1500, 8), np.float32))

    def detect_language(self, encoded: StorageView) -> list[list[tuple[str, float]]]:
        return [[("<|nl|>", 0.5), ("<|de|>", 0.3), ("<|en|>", 0.2)]]

    def generate(self, encoded: StorageView, prompts: list[list[int]], **options: object) -> object:
        (prompt,) = prompts
        return [SimpleNamespace(sequences_ids=[prompt[1:2]], scores=[-0.1], no_speech_prob=0.0)]


def test_a_language_is_found_in_what_is_written_down_and_not_by_hearing_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    polyglot = Polyglot()
    monkeypatch.setattr("laresd.engines.whisper.model.WhisperModel", lambda *_, **__: polyglot)
    found = transcribe(folder, SECOND * 40, "auto")
    assert found["language"] == "de"  # the likeliest that it writes
    assert found["text"] == "<|de|> <|de|>"
    assert polyglot.heard == 2  # windows
    assert transcribe(folder, b"", "auto")["language"] == ""
    assert transcribe(folder, SECOND, "fr-CA")["language"] == "fr"


def test_names_stand_before_what_is_said(folder: Path) -> None:
    model = Model(folder, 1, Habits(max_tokens=POSITIONS))
    assert model.takes_names
    heard = model.hear(np.zeros(16_000, np.float32), "en")
    plain = model.write(heard, Pass())
    assert model.write(heard, Pass(), ["kitchen lamp", "bed room"]).tokens != plain.tokens
    assert model.likelihood(heard, plain.tokens) < 0
    assert model.write(heard, Pass(), ["kitchen"] * 1000).tokens  # the decoder has room for half


def test_names_that_do_not_fit_what_was_heard_change_nothing(folder: Path) -> None:
    assert transcribe(folder, SECOND, hints=["zzz"])["text"]


@pytest.mark.parametrize("way", [Pass(5), Pass(5, no_repeat=2)])
def test_the_same_sound_is_the_same_text_in_every_way(folder: Path, way: Pass) -> None:
    model = Model(folder, 1, Habits(max_tokens=POSITIONS))
    heard = model.hear(np.zeros(16_000, np.float32), "en")
    first = model.write(heard, way)
    assert model.write(heard, way) == first
    pairs = list(pairwise(first.tokens))
    assert not way.no_repeat or len(set(pairs)) == len(pairs) > 0


def test_padding_is_what_the_folder_says(folder: Path, tmp_path: Path) -> None:
    full = with_habits(folder, tmp_path / "full", padding="full")
    assert load(Fields({"model": str(full)})).facts["padding"] == "full"
    assert load(Fields({"model": str(folder)})).facts["padding"] == "speech"
    assert transcribe(full, SECOND)["text"] != transcribe(folder, SECOND)["text"]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Habits(), ""),
        (Habits(min_logprob=-2.0), "not understood"),
        (Habits(min_logprob=-4.0), ""),
        (Habits(max_no_speech=0.1), "no speech"),
        (Habits(max_no_speech=0.3), ""),
    ],
)
def test_a_model_may_set_its_own_limits(limits: Habits, reason: str) -> None:
    assert limits.doubt("turn on the light", score=-3.0, no_speech=0.2, fit=None) == reason


def test_no_words_are_nothing_heard() -> None:
    assert Habits().doubt("", score=0.0, no_speech=0.0, fit=None) == "nothing heard"


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    broken = write_whisper(tmp_path / "broken")
    (broken / name).unlink()
    with pytest.raises(Permanent, match=f"there is no {name}") as caught:
        load(Fields({"model": str(broken)}))
    assert "lares models pull" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.bin", b""),
        ("model.bin", b"\x06\x00\x00\x00garbage"),
        ("tokenizer.json", b"{"),
        ("lares.json", b"not JSON"),
        ("lares.json", b'{"padding": "some"}'),
        ("lares.json", b'{"padding": "speech-12345"}'),
        ("lares.json", b'{"max_tokens": "many"}'),
        ("phone_head.npz", b"no zip"),
    ],
)
def test_a_damaged_file_is_an_error_not_a_crash(tmp_path: Path, name: str, content: bytes) -> None:
    broken = write_whisper(tmp_path / "broken")
    (broken / name).write_bytes(content)
    with pytest.raises(Permanent, match="cannot be used"):
        load(Fields({"model": str(broken)}))


def test_a_truncated_model_is_an_error(tmp_path: Path) -> None:
    broken = write_whisper(tmp_path / "broken")
    model = broken / "model.bin"
    model.write_bytes(model.read_bytes()[:-1000])
    with pytest.raises(Permanent, match="cannot be used"):
        load(Fields({"model": str(broken)}))
