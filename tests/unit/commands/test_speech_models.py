"""A person is told how much a speech model reads at once, and why."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pytest

from laresd.backends.modelstore.store import ModelStore
from laresd.backends.workers.specs import speech_checks
from laresd.commands import models
from laresd.commands.speech_models import reading, told
from laresd.config import Box, Config, SpeechToText
from laresd.engines.whisper.records import Verdict, record
from tests.fakes.whisper_model import write_whisper


def test_the_bundled_model_says_so_itself(tmp_path: Path) -> None:
    assert reading(ModelStore(tmp_path), tmp_path, "bundled") == Verdict(
        "speech", "its folder says so"
    )


def test_another_one_was_checked_or_will_be(tmp_path: Path) -> None:
    folder = write_whisper(tmp_path / "models" / "mine")
    (folder / "lares.json").write_text(json.dumps({"max_tokens": 64}))
    store, name = ModelStore(tmp_path), str(folder)
    assert reading(store, tmp_path, name) is None
    record(folder, speech_checks(tmp_path), Verdict("speech-500", "4 sentences come out as well"))
    assert reading(store, tmp_path, name) == Verdict("speech-500", "4 sentences come out as well")


def test_a_model_that_is_not_here_is_not_known(tmp_path: Path) -> None:
    assert reading(ModelStore(tmp_path), tmp_path, str(tmp_path / "nothing")) is None


def test_the_list_of_models_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_whisper(tmp_path / "models" / "mine", padding="speech-500")
    config = Config(box=Box(state_dir=tmp_path), speech_to_text=SpeechToText(model=str(folder)))
    models.main(Namespace(action="list", json=False), config)
    assert f"{folder}: it reads what is said, and at least 5 s" in capsys.readouterr().out
    assert not speech_checks(tmp_path).exists()


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (None, "is found out at its first start"),
        (Verdict("full", "so"), "it reads 30 s at once: so"),
        (Verdict("speech", "so"), "it reads only what is said: so"),
        (Verdict("speech-500", "so"), "what is said, and at least 5 s: so"),
    ],
)
def test_it_is_told_in_words(verdict: Verdict | None, said: str) -> None:
    assert said in told(verdict)
