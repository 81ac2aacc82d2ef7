"""The bundled model and the guard make nothing of sounds in which nobody says a command."""

from __future__ import annotations

import io

import pytest

from laresd.backends.workers.specs import BUNDLED_SPEECH
from laresd.core import guard
from laresd.engines.whisper.service import load
from laresd.engines.worker import Call, Channel
from laresd.frames import Fields, Frame
from laresd.types import Transcript
from tests.fakes.sounds import Clip, clips

NAMES = ("Kitchen", "Kitchen light", "Desk lamp", "Front door", "Radio")  # tempt it


@pytest.mark.slow
def test_nothing_that_a_house_sounds_like_becomes_text() -> None:
    loaded = load(Fields({"model": str(BUNDLED_SPEECH), "threads": 2}))

    def text(clip: Clip) -> str:
        asked = Frame("transcribe", 1, {"language": "en", "hints": list(NAMES)}, clip.pcm)
        answer = loaded.handlers["transcribe"](Call(asked, Channel(io.BytesIO(), io.BytesIO())))
        assert answer is not None
        told = Fields(answer.body)
        heard = Transcript(
            told.text("text"),
            told.real("avg_logprob"),
            told.real("no_speech_prob"),
            told.real("audio_seconds"),
        )
        return "" if guard.transcript(heard, "en") else heard.text

    found = list(clips())[::3]  # of every kind; `make bench-voice ONLY=made_up` has all of them
    assert {clip.name: said for clip in found if (said := text(clip))} == {}
