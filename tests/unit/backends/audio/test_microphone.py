"""The microphone goes on through unplugging, and says once what is wrong."""

from __future__ import annotations

import logging
from contextlib import aclosing

import pytest

from laresd.backends.audio.echo import EchoCanceller
from laresd.backends.audio.microphone import Microphone
from laresd.errors import Permanent, Temporary
from laresd.sound import level_dbfs
from tests.fakes.audio import FRAME_BYTES, SPEECH, FakeCard, levels, silence, speech

GONE = Temporary("there is no microphone 'usb'; there is: none")


async def heard(microphone: Microphone, frames: int) -> bytes:
    found = []
    async with aclosing(microphone.frames()) as source:
        async for frame in source:
            found.append(frame)
            if len(found) == frames:
                break
    return b"".join(found)


async def test_frames_of_the_same_sound_come_out_and_the_device_is_closed() -> None:
    card = FakeCard(speech(640) + silence(320))
    assert await heard(Microphone(card), 30) == speech(640) + silence(320)
    assert (card.opened, card.closed) == (1, 1)


async def test_an_unplugged_microphone_is_opened_again_until_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    card = FakeCard(speech(320))
    card.failures = [GONE, GONE, GONE]
    assert await heard(Microphone(card, "usb", retry_s=0), 10) == speech(320)
    assert [record.getMessage() for record in caplog.records] == [
        "no microphone: there is no microphone 'usb'; there is: none; trying again every 0 s",
        "the microphone is back",
    ]


async def test_a_card_that_falls_silent_without_a_word_is_opened_again() -> None:
    card = FakeCard(speech(320), silence(320))
    microphone = Microphone(card, stall_s=0.01, retry_s=0)
    assert await heard(microphone, 20) == speech(320) + silence(320)
    assert card.opened == card.closed >= 2


async def test_an_unplugged_card_is_noticed_at_once_and_taken_back() -> None:
    card = FakeCard(speech(320), silence(320))
    microphone = Microphone(card, stall_s=600, retry_s=0)
    async with aclosing(microphone.frames()) as frames:
        for _ in range(10):
            await anext(frames)
        card.unplug()
        assert await anext(frames) == silence(32)
    assert (card.opened, card.closed) == (2, 2)


async def test_its_channel_gain_and_level() -> None:
    card = FakeCard(speech(1100))
    microphone = Microphone(card, channel=3, gain_db=20.0)
    assert set(levels(await heard(microphone, 30))) == {10 * SPEECH}
    assert card.channels == [3]
    assert microphone.levels.peak == pytest.approx(-0.77, abs=0.01)


async def test_gain_beyond_full_scale_is_clipped_and_not_wrapped() -> None:
    assert levels(await heard(Microphone(FakeCard(speech(320)), gain_db=60.0), 10)) == [32_767]


async def test_what_the_loudspeaker_plays_is_taken_out() -> None:
    canceller = EchoCanceller()
    canceller.played(speech(3200), 0.0)
    sound = await heard(Microphone(FakeCard(speech(3200)), canceller=canceller), 90)
    assert level_dbfs(sound[-FRAME_BYTES * 10 :]) < level_dbfs(speech(320)) - 20


async def test_a_machine_without_a_sound_system_says_what_to_install() -> None:
    card = FakeCard()
    card.failures = [Permanent("PortAudio is missing", remedy="sudo apt install libportaudio2")]
    with pytest.raises(Permanent, match="apt install libportaudio2"):
        await heard(Microphone(card), 1)


async def test_frames_that_nobody_read_are_counted() -> None:
    microphone = Microphone(FakeCard(silence(6000)))
    assert len(await heard(microphone, 1)) == FRAME_BYTES
    assert microphone.overruns > 50
