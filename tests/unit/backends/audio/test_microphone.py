"""The microphone goes on through unplugging, and says once what is wrong."""

from __future__ import annotations

import logging
from contextlib import aclosing

import pytest

from laresd.backends.audio.microphone import Microphone
from laresd.errors import Permanent, Temporary
from tests.fakes.audio import FRAME_BYTES, FakeCard, silence, speech

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


async def test_a_machine_without_a_sound_system_says_what_to_install() -> None:
    card = FakeCard()
    card.failures = [Permanent("PortAudio is missing", remedy="sudo apt install libportaudio2")]
    with pytest.raises(Permanent, match="apt install libportaudio2"):
        await heard(Microphone(card), 1)


async def test_frames_that_nobody_read_are_counted() -> None:
    microphone = Microphone(FakeCard(silence(6000)))
    assert len(await heard(microphone, 1)) == FRAME_BYTES
    assert microphone.overruns > 50
