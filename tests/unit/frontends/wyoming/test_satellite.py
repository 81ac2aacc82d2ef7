"""This machine as a satellite: who hears what is said, when, and what is played of the answer."""

from __future__ import annotations

from contextlib import suppress

import pytest
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.ping import Ping
from wyoming.pipeline import PipelineStage, RunPipeline
from wyoming.satellite import PauseSatellite, RunSatellite
from wyoming.timer import TimerFinished

from laresd.errors import Temporary
from laresd.frontends.wyoming.satellite import LONGEST_S, QUIET_S, SILENCE
from laresd.turns import Sign
from laresd.types import SAMPLE_RATE
from tests.fakes.audio import SPEECH, levels, silence, speech, wake_word
from tests.fakes.clock import FakeClock
from tests.fakes.wyoming_package import AudioChunk, AudioStart, AudioStop, Describe, Info
from tests.fakes.wyoming_satellite import SlowSink, a_satellite
from tests.unit.frontends.wyoming.served import next_event, until


async def ready(server: AsyncTcpClient) -> None:
    """It has taken all that was sent so far."""
    await server.write_event(Ping("ready").event())
    await until(server, "pong")


async def taken(server: AsyncTcpClient) -> None:
    await server.write_event(RunSatellite().event())
    await ready(server)


def heard(events: list[Event]) -> bytes:
    return b"".join(event.payload or b"" for event in events if event.type == "audio-chunk")


async def test_it_says_what_it_is() -> None:
    async with a_satellite() as hall, hall.server() as server:
        await server.write_event(Describe().event())
        info = Info.from_event(await next_event(server))
        assert info.satellite is not None
        assert (info.satellite.name, info.satellite.area) == ("hall", "Hall")
        assert info.satellite.active_wake_words == ["okay_nabu"]
        assert info.satellite.supports_trigger and not info.satellite.has_vad
        assert info.wake[0].models[0].phrase == "okay nabu"
        assert info.mic[0].mic_format.rate == info.snd[0].snd_format.rate == SAMPLE_RATE


async def test_what_is_said_after_the_wake_word_goes_to_the_server_until_it_has_understood() -> (
    None
):
    async with a_satellite() as hall, hall.server() as server:
        hall.room.say(silence(3000))  # nobody is there yet, and nobody hears it
        await taken(server)
        hall.room.say(silence(512) + wake_word(640) + silence(128) + speech(800))
        events = await until(server, "streaming-started")
        assert [event.type for event in events] == [
            "detection",
            "run-pipeline",
            "streaming-started",
        ]
        assert events[0].data["name"] == "okay_nabu"
        run = RunPipeline.from_event(events[1])
        assert (run.start_stage, run.end_stage) == (PipelineStage.ASR, PipelineStage.TTS)
        assert (run.wake_word_name, run.restart_on_end) == ("okay_nabu", False)
        pcm = b""
        while SPEECH not in levels(pcm):
            pcm += heard([await next_event(server)])
        assert levels(pcm)[0] != 2000  # what follows the wake word, not the word
        await server.write_event(Event("transcript", {"text": "turn on the light"}))
        await until(server, "streaming-stopped")
        hall.room.say(speech(2000))
        await ready(server)
        assert not hall.role.streaming
        assert hall.shown.signs == [Sign.IDLE, Sign.LISTENING, Sign.THINKING]


async def test_after_an_error_the_wake_word_is_waited_for_again() -> None:
    async with a_satellite() as hall, hall.server() as server:
        await taken(server)
        for _ in range(2):
            hall.room.say(wake_word(640) + silence(384))
            await until(server, "streaming-started")
            await server.write_event(Error("no such pipeline").event())
            await until(server, "streaming-stopped")
        assert hall.shown.signs[-1] is Sign.ERROR


async def test_where_the_server_listens_for_the_wake_word_it_is_sent_all() -> None:
    async with a_satellite(wakes=False) as hall, hall.server() as server:
        await server.write_event(RunSatellite().event())
        run = RunPipeline.from_event((await until(server, "streaming-started"))[-2])
        assert (run.start_stage, run.restart_on_end) == (PipelineStage.WAKE, True)
        hall.room.say(silence(640) + speech(640))
        events = [await next_event(server) for _ in range(20)]
        assert levels(heard(events)) == [0, SPEECH]
        await server.write_event(Event("detection", {"name": "okay_nabu"}))
        await server.write_event(Event("transcript", {"text": "x"}))
        await ready(server)
        hall.room.say(speech(640))
        assert (await next_event(server)).type == "audio-chunk"
        assert hall.shown.signs == [Sign.IDLE, Sign.LISTENING, Sign.THINKING]


async def test_a_pause_ends_the_stream_until_it_is_run_again() -> None:
    async with a_satellite(wakes=False) as hall, hall.server() as server:
        await server.write_event(RunSatellite().event())
        await until(server, "streaming-started")
        await server.write_event(PauseSatellite().event())
        await until(server, "streaming-stopped")
        hall.room.say(speech(1000))
        await ready(server)
        await server.write_event(RunSatellite().event())
        await until(server, "streaming-started")


async def test_the_server_may_ask_to_hear_without_the_wake_word() -> None:
    async with a_satellite() as hall, hall.server() as server:
        await taken(server)
        await server.write_event(RunPipeline(PipelineStage.ASR, PipelineStage.TTS).event())
        await until(server, "streaming-started")
        hall.room.say(speech(640))
        assert levels(heard([await next_event(server)])) == [SPEECH]


async def test_a_server_that_ends_nothing_is_not_sent_for_ever() -> None:
    clock = FakeClock()
    async with a_satellite(clock=clock) as hall, hall.server() as server:
        await taken(server)
        hall.room.say(wake_word(640) + silence(384))
        await until(server, "streaming-started")
        await clock.advance(LONGEST_S + 1)
        hall.room.say(speech(128))
        assert [event.type for event in (await until(server, "streaming-stopped"))[-2:]] == [
            "audio-stop",
            "streaming-stopped",
        ]


async def say(server: AsyncTcpClient, pcm: bytes, rate: int = SAMPLE_RATE) -> None:
    await server.write_event(AudioStart(rate, 2, 1).event())
    for start in range(0, len(pcm), 2048):
        await server.write_event(AudioChunk(rate, 2, 1, pcm[start : start + 2048]).event())
    await server.write_event(AudioStop().event())


async def test_what_the_server_says_is_played_whole_and_its_end_is_told() -> None:
    async with a_satellite() as hall, hall.server() as server:
        await taken(server)
        await say(server, speech(3000))
        assert [event.type for event in await until(server, "played")] == ["played"]
        assert b"".join(hall.sink.played) == speech(3000)
        assert hall.shown.signs == [Sign.IDLE, Sign.SPEAKING, Sign.IDLE]
        await say(server, speech(2000), rate=22_050)
        await until(server, "played")
        lasted = len(b"".join(hall.sink.played)) - len(speech(3000))
        assert lasted == pytest.approx(len(speech(2000)) * 16_000 / 22_050, rel=0.01)


async def test_while_it_plays_the_server_is_answered() -> None:
    sink = SlowSink()
    async with a_satellite(sink=sink) as hall, hall.server() as server:
        await taken(server)
        await say(server, speech(20_000))
        await ready(server)
        assert not sink.played
        sink.go.set()
        await until(server, "played")
        assert b"".join(sink.played) == speech(20_000)
        assert hall.shown.signs[-1] is Sign.IDLE


async def test_the_wake_word_silences_what_plays() -> None:
    sink = SlowSink()
    async with a_satellite(sink=sink) as hall, hall.server() as server:
        await taken(server)
        await say(server, speech(20_000))
        await sink.begun.wait()
        hall.room.say(wake_word(640) + silence(384))
        events = await until(server, "played")
        assert "detection" in [event.type for event in events]
        assert sink.cut_off and not sink.played
        sink.go.set()
        await say(server, speech(500))  # and the next answer is played
        await until(server, "played")
        assert b"".join(sink.played) == speech(500)


async def test_a_server_that_falls_silent_in_the_middle_is_silent() -> None:
    sink = SlowSink()
    async with a_satellite(sink=sink) as hall, hall.server() as server:
        await taken(server)
        await server.write_event(AudioStart(SAMPLE_RATE, 2, 1).event())
        await server.write_event(AudioChunk(SAMPLE_RATE, 2, 1, speech(5000)).event())
        await sink.begun.wait()
        await server.write_event(Event("user-event", {"name": SILENCE}))
        await server.write_event(AudioChunk(SAMPLE_RATE, 2, 1, speech(5000)).event())
        await server.write_event(AudioStop().event())
        await until(server, "played")
        assert sink.cut_off and not sink.played and hall.role


async def test_a_loudspeaker_that_fails_does_not_hold_the_server_up() -> None:
    async with a_satellite() as hall, hall.server() as server:
        await taken(server)
        hall.sink.failures.append(Temporary("the loudspeaker is gone"))
        await say(server, speech(200))
        await until(server, "played")


async def test_a_timer_that_has_ended_rings() -> None:
    async with a_satellite() as hall, hall.server() as server:
        await taken(server)
        await server.write_event(TimerFinished("tea").event())
        await until(server, "played")
        assert len(b"".join(hall.sink.played)) >= 2 * SAMPLE_RATE


async def test_a_server_that_goes_is_forgotten_and_comes_back() -> None:
    async with a_satellite() as hall:
        for _ in range(2):
            async with hall.server() as server:
                await taken(server)
                hall.room.say(wake_word(640) + silence(384))
                await until(server, "streaming-started")
        assert hall.shown.signs[-1] in (Sign.LISTENING, Sign.IDLE)


async def test_two_servers_do_not_share_it_but_one_that_is_gone_is_replaced() -> None:
    clock = FakeClock()
    async with a_satellite(clock=clock) as hall, hall.server() as one, hall.server() as other:
        await taken(one)
        object.__setattr__(hall.role._server, "peer", "192.0.2.1")  # as if it were elsewhere
        await other.write_event(RunSatellite().event())
        assert "another server" in (await until(other, "error"))[-1].data["text"]
        await clock.advance(QUIET_S + 1)
        await taken(other)
        with suppress(ConnectionError):
            assert await one.read_event() is None


async def test_what_is_no_sound_is_told_and_it_goes_on() -> None:
    async with a_satellite() as hall, hall.server() as server:
        await taken(server)
        await server.write_event(Event("audio-start", {"rate": 1}))
        assert (await until(server, "error"))[-1].data["text"]
        await say(server, speech(100))
        await until(server, "played")
        assert hall.sink.played
