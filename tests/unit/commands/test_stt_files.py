"""Recordings and their transcripts: by a manifest, or by their names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from laresd.commands.eval_stt import chosen
from laresd.commands.stt_files import utterances
from laresd.errors import Permanent

ROWS: list[dict[str, str | None]] = [
    {"file": "home-en/a.wav", "transcript": "lights on", "lang": "en", "kind": "human"},
    {"file": "home-de/b.wav", "transcript": "Licht an", "lang": "de", "kind": "neural"},
    {"file": "noise/c.wav", "transcript": None, "lang": "", "kind": "noise"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for row in ROWS:
        file = tmp_path / str(row["file"])
        file.parent.mkdir()
        file.write_bytes(b"")
    (tmp_path / "manifest.json").write_text(json.dumps(ROWS))
    return tmp_path


def test_a_manifest_tells_what_is_said_and_of_what_kind_it_is(folder: Path) -> None:
    found = {one.name: one for one in utterances(folder, language="en")}
    assert found["home-en/a.wav"].transcript == "lights on"
    assert found["home-en/a.wav"].group == "home-en: human"
    assert found["home-en/a.wav"].is_command
    assert found["home-de/b.wav"].language == "de"
    assert found["noise/c.wav"].transcript is None
    assert not found["noise/c.wav"].is_command


@pytest.mark.parametrize("path", ["home-en", "home-en/a.wav"])
def test_the_manifest_may_lie_above_a_folder_or_a_file(folder: Path, path: str) -> None:
    (one,) = utterances(folder / path, language="de")
    assert (one.transcript, one.language) == ("lights on", "en")


def test_files_of_which_no_manifest_tells_are_named_by_their_transcript(tmp_path: Path) -> None:
    (tmp_path / "speaker-1__turn_on_the_light.WAV").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not a recording")
    (one,) = utterances(tmp_path, language="en")
    assert (one.transcript, one.language) == ("turn on the light", "en")


def test_only_some_languages_and_kinds(folder: Path) -> None:
    found = utterances(folder, language="en")
    names = [one.name for one in chosen(found, language="en-GB", kind="")]
    assert names == ["home-en/a.wav", "noise/c.wav"]
    assert len(chosen(found, language="all", kind="")) == 3
    assert [one.name for one in chosen(found, language="all", kind="neural")] == ["home-de/b.wav"]


def test_a_folder_without_recordings(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="no wav files"):
        utterances(tmp_path, language="en")


@pytest.mark.parametrize("text", ["not json", "{}", '[{"transcript": "x"}]'])
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(Permanent, match=r"manifest\.json"):
        utterances(tmp_path, language="en")
