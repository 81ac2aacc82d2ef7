"""Port Transcriber: what every ear does, whatever it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerTranscriber
from laresd.config import SpeechToText
from laresd.errors import DeadlineExceeded
from laresd.ports import Transcriber
from laresd.types import AUTO
from tests.fakes.audio import SPEECH, silence, speech
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.whisper_model import write_whisper
from tests.fakes.workers import running, soon


@pytest.fixture(params=["fake", pytest.param("whisper", marks=pytest.mark.slow)])
async def ear(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Transcriber]:
    if request.param == "fake":
        yield FakeTranscriber({SPEECH: "turn on the light"}, seconds=0.01)
        return
    folder = write_whisper(tmp_path / "tiny")
    async with running(specs.speech_to_text(SpeechToText(), folder)) as worker:
        yield WorkerTranscriber(worker)


async def test_it_says_what_it_heard_and_how_long_the_sound_was(ear: Transcriber) -> None:
    heard = await ear.transcribe(speech(1280), language="en", deadline=soon())
    assert heard.text
    assert heard.audio_seconds == 1.28
    assert heard.compute_seconds > 0.0


async def test_no_sound_is_no_text(ear: Transcriber) -> None:
    heard = await ear.transcribe(b"", language="en", deadline=soon())
    assert (heard.text, heard.audio_seconds) == ("", 0.0)


async def test_the_same_sound_is_the_same_text(ear: Transcriber) -> None:
    sound = silence(320) + speech(960)
    first = await ear.transcribe(sound, language="en", deadline=soon())
    await ear.transcribe(silence(640), language="en", deadline=soon())
    assert (await ear.transcribe(sound, language="en", deadline=soon())).text == first.text


async def test_the_language_is_the_one_that_was_asked_for(ear: Transcriber) -> None:
    assert (await ear.transcribe(speech(640), language="en", deadline=soon())).language == "en"


async def test_the_language_can_be_found_out(ear: Transcriber) -> None:
    assert (await ear.transcribe(speech(640), language=AUTO, deadline=soon())).language == "en"


async def test_names_of_which_none_was_said_do_not_get_into_the_text(ear: Transcriber) -> None:
    names = ("zzyzx", "qwfp arst")
    heard = await ear.transcribe(speech(960), language="en", deadline=soon(), hints=names)
    assert heard.text
    assert not any(name in heard.text for name in names)


async def test_a_deadline_that_has_passed_is_an_error(ear: Transcriber) -> None:
    late = asyncio.get_running_loop().time() - 1.0
    with pytest.raises(DeadlineExceeded):
        await ear.transcribe(speech(960), language="en", deadline=late)


async def test_a_transcription_that_is_given_up_does_not_disturb_the_next(
    ear: Transcriber,
) -> None:
    expected = await ear.transcribe(speech(960), language="en", deadline=soon())
    given_up = asyncio.ensure_future(ear.transcribe(silence(960), language="en", deadline=soon()))
    await asyncio.sleep(0)
    given_up.cancel()
    heard = await ear.transcribe(speech(960), language="en", deadline=soon())
    assert heard.text == expected.text
    assert given_up.cancelled()
