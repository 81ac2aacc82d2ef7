"""The box's side of satellites, against Lares' own and against one as other programs are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import numpy as np
import pytest

from laresd.backends.broker.backoff import Backoff
from laresd.backends.satellites import RemoteSatellite, SatelliteListener
from laresd.backends.satellites.satellite import GRACE_S
from laresd.config import SatelliteSettings
from laresd.errors import ConfigError, Temporary
from laresd.turns import Sign
from laresd.types import FRAME_SAMPLES, Heard, HeardKind
from tests.fakes.audio import SPEECH, FakeSink, levels, silence, speech, wake_word
from tests.fakes.listener import FakeListener
from tests.fakes.wyoming_satellite import PATIENCE, OldSatellite, SlowSink, a_satellite


class Box:
    """What listens through a satellite: `heard` of each connection, so far."""

    def __init__(self) -> None:
        self.heard: list[bytearray] = []
        self.found: list[Heard] = []
        self.news = asyncio.Event()

    async def attend(self, satellite: RemoteSatellite) -> None:
        heard = bytearray()
        self.heard.append(heard)
        self.tell()
        listener = SatelliteListener(FakeListener(wake_name="here"), satellite.take)
        async with aclosing(satellite.frames()) as frames:
            async for frame in frames:
                assert len(frame) == 2 * FRAME_SAMPLES
                heard += frame
                self.found += await listener.hear(frame)
                self.tell()
        self.tell()

    def tell(self) -> None:
        self.news.set()
        self.news.clear()

    async def connected(self, times: int = 1) -> None:
        await self.until(lambda: len(self.heard) >= times)

    async def until(self, ready: object) -> None:
        assert callable(ready)
        async with asyncio.timeout(PATIENCE):
            while not ready():
                await self.news.wait()

    def words(self) -> list[str]:
        return [heard.name for heard in self.found if heard.kind is HeardKind.WAKE]


@asynccontextmanager
async def joined(url: str) -> AsyncIterator[tuple[RemoteSatellite, Box]]:
    """A box and its satellite, which it connects to again at once."""
    settings = SatelliteSettings(url=url, area="", site="")
    satellite = RemoteSatellite("hall", settings, backoff=Backoff(0.01, 0.02))
    box = Box()
    async with asyncio.TaskGroup() as group:
        run = group.create_task(satellite.run(box.attend))
        try:
            yield satellite, box
        finally:
            run.cancel()


async def test_what_is_said_after_the_wake_word_is_heard_with_it() -> None:
    async with a_satellite() as hall, joined(f"tcp://127.0.0.1:{hall.port}") as (satellite, box):
        await hall.shown.until(Sign.IDLE)
        assert (satellite.site, satellite.area) == ("hall", "Hall")
        hall.room.say(silence(1024) + wake_word(640) + silence(128) + speech(1024))
        await box.until(lambda: SPEECH in levels(bytes(box.heard[0])))
        assert box.words() == ["okay_nabu"]
        assert box.found[0].kind is HeardKind.WAKE  # before all that follows it
        assert satellite.wakes
        assert satellite.loudness == pytest.approx(-27, abs=6)  # of the word, which is not sent
        satellite.show(Sign.LISTENING)
        satellite.show(Sign.THINKING)  # it has understood: only the wake word is heard again
        await asyncio.wait_for(_no_stream(hall.role), PATIENCE)


async def _no_stream(role: object) -> None:
    while getattr(role, "streaming"):  # noqa: ASYNC110, B009
        await asyncio.sleep(0.01)


async def test_where_the_box_listens_for_the_wake_word_it_hears_all() -> None:
    async with (
        a_satellite(wakes=False) as hall,
        joined(f"tcp://127.0.0.1:{hall.port}") as (satellite, box),
    ):
        await hall.shown.until(Sign.IDLE)
        hall.room.say(silence(512) + wake_word(640) + silence(640))
        await box.until(lambda: box.words() == ["here"])
        assert not satellite.wakes and satellite.loudness is None
        for sign in (Sign.LISTENING, Sign.THINKING, Sign.SPEAKING, Sign.IDLE):
            satellite.show(sign)
        hall.room.say(speech(640))
        await box.until(lambda: SPEECH in levels(bytes(box.heard[0])))
        assert hall.shown.signs == [
            Sign.IDLE,
            Sign.LISTENING,
            Sign.THINKING,
            Sign.THINKING,
            Sign.IDLE,
        ]


async def test_a_reply_is_played_there_to_its_end() -> None:
    async with a_satellite() as hall, joined(f"tcp://127.0.0.1:{hall.port}") as (satellite, box):
        await box.connected()
        await satellite.play(speech(640))
        assert b"".join(hall.sink.played) == speech(640)
        satellite.duck(0.25)
        await satellite.play(speech(320))
        quieter = np.frombuffer(b"".join(hall.sink.played)[len(speech(640)) :], "<i2")
        assert np.abs(quieter).max() == pytest.approx(SPEECH / 4, abs=2)


async def test_sounds_of_several_callers_follow_each_other() -> None:
    async with a_satellite() as hall, joined(f"tcp://127.0.0.1:{hall.port}") as (satellite, box):
        await box.connected()
        await asyncio.gather(*(satellite.play(speech(320, 4000 + n)) for n in range(4)))
        assert levels(b"".join(hall.sink.played)) == [4000, 4001, 4002, 4003]


async def test_a_reply_that_is_cancelled_is_silent_there_at_once() -> None:
    sink = SlowSink()
    async with (
        a_satellite(sink=sink) as hall,
        joined(f"tcp://127.0.0.1:{hall.port}") as (satellite, box),
    ):
        await box.connected()
        playing = asyncio.create_task(satellite.play(speech(10_000)))
        await asyncio.wait_for(sink.begun.wait(), PATIENCE)
        playing.cancel()
        async with asyncio.timeout(PATIENCE):
            while not sink.cut_off:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        sink.go.set()
        await satellite.play(speech(320))
        assert b"".join(sink.played) == speech(320)
        assert isinstance(hall.sink, FakeSink)


async def test_what_is_asked_back_is_heard_without_the_wake_word() -> None:
    async with a_satellite() as hall, joined(f"tcp://127.0.0.1:{hall.port}") as (satellite, box):
        await box.connected()
        satellite.show(Sign.LISTENING)
        await box.until(lambda: len(box.heard[0]) > 0)  # silence, until it listens
        hall.room.say(speech(640))
        await box.until(lambda: SPEECH in levels(bytes(box.heard[0])))
        assert not box.words()


async def test_an_old_satellite_streams_until_the_turn_is_over() -> None:
    async with OldSatellite().serving() as old, joined(old.url) as (satellite, box):
        await box.connected()
        await asyncio.wait_for(old.running.wait(), PATIENCE)
        await old.wake()
        await old.hear(silence(128) + speech(640))
        await box.until(lambda: SPEECH in levels(bytes(box.heard[0])))
        assert (box.words(), satellite.area) == (["okay_nabu"], "Attic")
        for sign in (Sign.LISTENING, Sign.THINKING, Sign.SPEAKING):
            satellite.show(sign)
        await old.until("voice-stopped")
        assert old.streaming
        satellite.show(Sign.IDLE)
        await old.until("transcript")
        await satellite.play(speech(320))
        assert bytes(old.sound) == speech(320)


async def test_a_satellite_that_says_nothing_of_its_wake_word_has_heard_one() -> None:
    async with OldSatellite().serving() as old, joined(old.url) as (satellite, box):
        await box.connected()
        await old.tell("run-pipeline", {"start_stage": "asr", "end_stage": "tts"})
        await old.hear(speech(640))
        await box.until(lambda: SPEECH in levels(bytes(box.heard[0])))
        assert box.words() == ["wake word"] and satellite.wakes


async def test_a_satellite_that_does_not_tell_when_it_has_played_is_waited_for_a_while() -> None:
    async with OldSatellite().serving() as old, joined(old.url) as (satellite, box):
        await box.connected()
        old.tells_played = False
        async with asyncio.timeout(GRACE_S + 5):
            await satellite.play(speech(64))


async def test_a_satellite_that_dies_ends_what_it_heard_and_comes_back() -> None:
    async with OldSatellite().serving() as old, joined(old.url) as (satellite, box):
        await box.connected()
        await old.wake()
        await old.hear(speech(640))
        await box.until(lambda: SPEECH in levels(bytes(box.heard[0])))
        playing = asyncio.create_task(satellite.play(speech(10_000)))
        await old.until("audio-start")
        old.hang_up()
        with pytest.raises(Temporary, match="hall"):
            await playing
        await box.connected(2)
        await asyncio.wait_for(old.running.wait(), PATIENCE)
        await satellite.play(speech(64))


async def test_events_that_make_no_sense_cost_only_themselves() -> None:
    async with OldSatellite().serving() as old, joined(old.url) as (_, box):
        await box.connected()
        await old.tell("audio-chunk", {"rate": "fast"}, b"1234")
        await old.tell("run-pipeline", {})
        await old.tell("detection", {"name": 5})
        await old.tell("error", {"text": "out of memory"})
        await old.hear(speech(640), rate=16_000)
        await box.until(lambda: SPEECH in levels(bytes(box.heard[0])))


async def test_nobody_speaks_through_a_satellite_that_is_away() -> None:
    satellite = RemoteSatellite("hall", SatelliteSettings(url="tcp://127.0.0.1:9"))
    with pytest.raises(Temporary, match="not connected"):
        await satellite.play(speech(64))
    satellite.show(Sign.LISTENING)
    assert [frame async for frame in satellite.frames()] == []
    assert satellite.take() is None and satellite.area == ""


@pytest.mark.parametrize("url", ["", "http://x:1", "tcp://x", "tcp://x:99999", "tcp://[x:1"])
def test_an_address_that_is_none_stops_the_start(url: str) -> None:
    with pytest.raises(ConfigError, match=r"satellites\.hall\.url"):
        RemoteSatellite("hall", SatelliteSettings(url=url))
