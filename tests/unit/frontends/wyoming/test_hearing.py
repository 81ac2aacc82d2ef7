"""What clients let the box hear: transcripts, wake words, and when a voice begins and ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from wyoming.asr import Transcribe
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.ping import Ping

from laresd.errors import Temporary
from laresd.frontends.wyoming import Limits
from laresd.frontends.wyoming.hearing import AHEAD_S, DICTATE_S
from laresd.frontends.wyoming.voice import BEGIN_FRAMES, Edge, VoiceEdges
from laresd.types import FRAME_SAMPLES, PartialTranscript
from tests.fakes.audio import SPEECH, silence, speech, wake_word
from tests.fakes.clock import FakeClock
from tests.fakes.wyoming_package import AudioChunk, AudioStart, AudioStop, Detect
from tests.unit.frontends.wyoming.served import (
    TURN_ON,
    Server,
    a_server,
    next_event,
    send_sound,
    serving,
    transcript,
    until,
)

SAID = silence(200) + speech(700) + silence(900)


async def test_an_utterance_is_transcribed_once_it_has_ended() -> None:
    async with a_server() as server, server.client() as client:
        await client.write_event(
            Transcribe(language="en", transcript_names=["Kitchen light"]).event()
        )
        await send_sound(client, SAID)
        events = await until(client, "transcript-stop")
        told = [event for event in events if event.type.startswith("transcript")]
        assert [event.type for event in told] == [
            "transcript-start",
            "transcript-chunk",
            "transcript",
            "transcript-stop",
        ]
        assert [event.data.get("text") for event in told] == [None, TURN_ON, TURN_ON, None]
        assert told[2].data["language"] == "en"
        assert server.transcriber.started == 1
        assert server.transcriber.hints == ("Kitchen light",)


async def test_one_connection_takes_one_utterance_after_another() -> None:
    async with a_server() as server, server.client() as client:
        for _ in range(3):
            assert await transcript(client, SAID) == TURN_ON
        await until(client, "transcript-stop")


async def test_sound_that_no_request_came_before_is_transcribed() -> None:
    async with a_server() as server, server.client() as client:
        await send_sound(client, SAID)
        assert (await until(client, "transcript"))[-1].data["text"] == TURN_ON


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize(("rate", "channels"), [(16_000, 2), (48_000, 1), (8_000, 2)])
async def test_sound_of_any_layout_is_heard_alike(width: int, rate: int, channels: int) -> None:
    samples = np.frombuffer(SAID, "<i2")[:: 16_000 // rate or 1].astype(np.int64)
    samples = np.repeat(samples, max(1, rate // 16_000))
    frames = np.repeat(samples, channels)
    if width == 1:
        data = ((frames >> 8) + 128).astype(np.uint8).tobytes()
    else:
        wide = (frames << 8 * (width - 2)).astype("<i8").view(np.uint8).reshape(-1, 8)
        data = wide[:, :width].tobytes()
    async with a_server() as server, server.client() as client:
        heard = asyncio.Event()

        async def listen(pcm: bytes, **more: object) -> object:
            level = np.abs(np.frombuffer(pcm, "<i2")).max()
            assert level == pytest.approx(SPEECH, rel=0.15)
            assert len(pcm) == pytest.approx(len(SAID), rel=0.02)
            heard.set()
            raise Temporary("that is enough")

        server.transcriber.transcribe = listen  # type: ignore[assignment,method-assign]
        await send_sound(client, data, rate=rate, width=width, channels=channels)
        assert (await until(client, "error"))[-1].data["text"] == "that is enough"
        assert heard.is_set()


async def test_what_nobody_said_is_no_transcript() -> None:
    async with a_server() as server, server.client() as client:
        assert await transcript(client, speech(500, 4000)) == ""
        assert await transcript(client, b"") == ""
        assert await transcript(client, silence(500)) == ""


async def test_a_failure_is_told_and_the_next_utterance_works() -> None:
    async with a_server() as server, server.client() as client:
        server.transcriber.failures.append(Temporary("the speech model died", remedy="wait"))
        await send_sound(client, SAID)
        error = (await until(client, "error"))[-1]
        assert error.data == {"text": "the speech model died (wait)", "code": "temporary"}
        assert await transcript(client, SAID) == TURN_ON


async def test_a_recording_is_bounded_by_its_length() -> None:
    async with a_server(Limits(audio_s=1.0)) as server, server.client() as client:
        await send_sound(client, speech(1500), stop=False)
        assert "more than 1 s" in (await until(client, "error"))[-1].data["text"]


async def test_who_speaks_live_is_told_when_the_voice_begins_and_ends() -> None:
    async with a_server() as server, server.client() as client:
        await send_sound(client, silence(96) + speech(400) + silence(480), begin_ms=5000)
        events = await until(client, "transcript")
        edges = {e.type: e.data["timestamp"] for e in events if e.type.startswith("voice")}
        assert edges == {"voice-started": 5000 + 96}


async def test_a_listener_that_fails_costs_no_transcript() -> None:
    async with a_server() as server, server.client() as client:
        server.listener("wyoming 1").fails_at_call = 1
        assert await transcript(client, SAID) == TURN_ON


async def test_a_wake_word_is_detected_at_its_time_and_listening_goes_on() -> None:
    said = silence(320) + wake_word(640) + silence(320)
    async with a_server() as server, server.client() as client:
        await client.write_event(Detect(["okay_nabu"]).event())
        await send_sound(client, said + said, begin_ms=1000, stop=False)
        first, second = (await until(client, "detection"))[-1], (await until(client, "detection"))
        assert first.data["name"] == "okay_nabu"
        assert first.data["timestamp"] == pytest.approx(1000 + 320 + 640, abs=32)
        assert second[-1].data["timestamp"] == pytest.approx(1000 + 3 * 640 + 320, abs=32)


async def test_sound_without_the_wake_word_is_told_at_its_end() -> None:
    async with a_server() as server, server.client() as client:
        await client.write_event(Detect().event())
        await send_sound(client, SAID)
        assert (await until(client, "not-detected"))[-1].type == "not-detected"
        assert not server.transcriber.started


async def test_only_the_words_that_are_asked_for_are_told() -> None:
    async with a_server() as server, server.client() as client:
        await client.write_event(Detect(["hey_jarvis"]).event())
        await send_sound(client, wake_word() + silence(320))
        assert [e.type for e in await until(client, "not-detected")][-1] == "not-detected"
        await client.write_event(Detect(["computer"]).event())
        assert "there is no wake word 'computer'" in (await next_event(client)).data["text"]


async def test_each_client_has_a_stream_of_its_own_which_is_freed_with_it() -> None:
    async with a_server() as server, server.client() as one, server.client() as other:
        for client in (one, other):
            await client.write_event(Detect().event())
            await send_sound(client, wake_word() + silence(320), stop=False)
        for client in (one, other):
            await until(client, "detection")
        assert set(server.listeners) == {"wyoming 1", "wyoming 2"}
    assert all(each.closed for each in server.listeners.values())


class Dictated:
    """A Dictation that is certain of a word a second."""

    def __init__(self) -> None:
        self.bytes = 0
        self.failure: Temporary | None = None

    async def stream(
        self, frames: AsyncIterator[bytes], *, language: str, hints: Sequence[str] = ()
    ) -> AsyncGenerator[PartialTranscript, None]:
        words = 0
        async for pcm in frames:
            self.bytes += len(pcm)
            if self.failure is not None:
                raise self.failure
            while words < self.bytes // 32_000:
                words += 1
                yield PartialTranscript(f" word{words}" if words > 1 else "word1", language="en")


async def talk(client: AsyncClient, clock: FakeClock, seconds: int) -> list[Event]:
    """A second of speech each second, and what comes back meanwhile."""
    await client.write_event(AudioStart(16_000, 2, 1).event())
    events = []
    for _ in range(seconds):
        await client.write_event(AudioChunk(16_000, 2, 1, speech(1024)[:32_000]).event())
        await client.write_event(Ping().event())
        events += (await until(client, "pong"))[:-1]
        await clock.advance(1.0)
    return events


async def test_who_talks_for_long_is_transcribed_while_they_talk() -> None:
    server, clock, dictation = Server(), FakeClock(), Dictated()
    services = replace(server.services, clock=clock, dictation=dictation)
    async with serving(services) as doors:
        server.port = doors.port
        async with server.client() as client:
            await client.write_event(Transcribe(language="en").event())
            events = await talk(client, clock, int(DICTATE_S) + 4)
            events += await until(client, "transcript-chunk")  # and nobody has stopped yet
            await client.write_event(AudioStop().event())
            events += await until(client, "transcript-stop")
    told = [event for event in events if event.type.startswith("transcript")]
    parts = [str(event.data["text"]) for event in told if event.type == "transcript-chunk"]
    whole = str(told[-2].data["text"])
    assert (told[0].type, told[-2].type) == ("transcript-start", "transcript")
    assert "".join(parts) == whole
    assert whole.rsplit(maxsplit=1)[-1] == f"word{int(DICTATE_S) + 4}"
    assert dictation.bytes == 32_000 * (int(DICTATE_S) + 4)  # all of it, from the beginning
    assert not server.transcriber.started


async def test_a_recording_that_comes_faster_than_speech_is_transcribed_whole() -> None:
    server, dictation = Server(), Dictated()
    async with serving(replace(server.services, dictation=dictation)) as doors:
        server.port = doors.port
        async with server.client() as client:
            assert await transcript(client, speech(1000 * (DICTATE_S + AHEAD_S) + 4000)) == TURN_ON
    assert not dictation.bytes


async def test_a_dictation_that_fails_is_told() -> None:
    server, clock, dictation = Server(), FakeClock(), Dictated()
    dictation.failure = Temporary("the speech model died")
    services = replace(server.services, clock=clock, dictation=dictation)
    async with serving(services) as doors:
        server.port = doors.port
        async with server.client() as client:
            await talk(client, clock, int(DICTATE_S) + 2)
            await client.write_event(AudioStop().event())
            assert (await until(client, "error"))[-1].data["text"] == "the speech model died"


def test_a_voice_begins_with_speech_that_is_no_click_and_ends_with_a_pause() -> None:
    edges = VoiceEdges(0.5, silence_ms=96)
    frames = [0.9] + [0.1] + [0.9] * 5 + [0.1] * 2 + [0.9] + [0.1] * 4
    found = [
        (number, *edge)
        for number, score in enumerate(frames, 1)
        if (edge := edges.frame(score, number * FRAME_SAMPLES))
    ]
    assert found == [
        (2 + BEGIN_FRAMES, Edge.STARTED, 2 * FRAME_SAMPLES),
        (13, Edge.STOPPED, 10 * FRAME_SAMPLES),
    ]
