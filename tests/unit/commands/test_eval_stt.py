"""Recordings through the ears of the daemon, with fakes for ears."""

from __future__ import annotations

import json
from pathlib import Path

from laresd.commands.eval_stt import Ears, Evaluation, evaluate
from laresd.commands.stt_files import Utterance
from laresd.commands.stt_scoring import Item
from laresd.config import Config
from laresd.errors import Permanent
from laresd.sound import wav_bytes
from tests.fakes.assistant import FakeAssistant
from tests.fakes.audio import silence, speech
from tests.fakes.listener import FakeListener
from tests.fakes.transcriber import FakeTranscriber

ON, OFF, MADE_UP = 3_000, 3_001, 3_002
SENTENCES = {ON: "turn on", OFF: "the light", MADE_UP: "thanks for watching"}


async def heard(folder: Path, pcm: bytes, transcript: str | None) -> Item:
    path = folder / "a.wav"
    path.write_bytes(wav_bytes(pcm))
    transcriber = FakeTranscriber(SENTENCES, seconds=0)
    ears = Ears(FakeListener(), transcriber, FakeAssistant({}, seconds=0))
    utterance = Utterance(path, "home-en/a.wav", transcript, "en", "home-en: human", True)
    seen: list[Item] = []
    (item,) = await evaluate([utterance], Config(), ears, show=seen.append)
    assert seen == [item]
    return item


async def test_what_is_heard_is_compared_with_what_is_said(tmp_path: Path) -> None:
    item = await heard(tmp_path, speech(640, ON), "Turn on!")
    assert (item.heard, item.exact, item.errors) == ("turn on", True, 0)
    assert round(item.seconds, 2) == 0.64


async def test_a_long_pause_makes_two_turns_that_are_put_together(tmp_path: Path) -> None:
    pcm = speech(640, ON) + silence(1200) + speech(640, OFF)
    item = await heard(tmp_path, pcm, "turn on the light")
    assert (item.heard, item.exact) == ("turn on the light", True)


async def test_made_up_text_counts_as_nothing_heard(tmp_path: Path) -> None:
    item = await heard(tmp_path, speech(640, MADE_UP), None)
    assert item.heard == ""
    assert "thanks for watching" in item.reason


async def test_silence_is_nothing(tmp_path: Path) -> None:
    item = await heard(tmp_path, silence(2000), None)
    assert (item.heard, item.reason) == ("", "no speech was heard")


async def test_a_damaged_file_fails_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"not a recording")
    ears = Ears(FakeListener(), FakeTranscriber(SENTENCES), FakeAssistant({}))
    utterance = Utterance(path, "a.wav", "turn on", "en", ".", True)
    (item,) = await evaluate([utterance], Config(), ears, show=lambda item: None)
    assert item.reason.startswith("failed: a.wav is not a wav file")


async def test_a_model_that_fails_is_told_from_nothing_heard(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(speech(640, ON)))
    transcriber = FakeTranscriber(SENTENCES, seconds=0)
    transcriber.failures = [Permanent("the speech model does not understand 'zh'")]
    ears = Ears(FakeListener(), transcriber, FakeAssistant({}))
    utterance = Utterance(path, "a.wav", "turn on", "zh", ".", True)
    (item,) = await evaluate([utterance], Config(), ears, show=lambda item: None)
    assert item.reason == "failed: the speech model does not understand 'zh'"


async def test_the_json_has_the_totals_of_all_and_of_each_kind(tmp_path: Path) -> None:
    item = await heard(tmp_path, speech(640, ON), "turn on")
    document = json.loads(json.dumps(Evaluation((item,)).as_json()))
    summary = document["summary"]
    assert (summary["total"], summary["exact"], summary["wer"]) == (1, 1, 0.0)
    assert summary["by_kind"]["home-en: human"]["exact"] == 1
    assert document["items"][0]["heard"] == "turn on"
