"""A recording plays the microphone: whole frames, with room to begin and to end."""

from __future__ import annotations

import asyncio

from laresd.backends.audio.recording import Recording
from tests.fakes.audio import FRAME_BYTES, silence, speech
from tests.fakes.virtual_time import virtual_time


async def played(recording: Recording) -> bytes:
    return b"".join([frame async for frame in recording.frames()])


@virtual_time
async def test_silence_before_and_after() -> None:
    sound = await played(Recording(speech(320), lead_s=0.32, trail_s=0.64))
    assert sound == silence(320) + speech(320) + silence(640)


@virtual_time
async def test_an_odd_length_ends_in_a_whole_frame() -> None:
    sound = await played(Recording(speech(320) + b"\1\1", lead_s=0, trail_s=0))
    assert len(sound) == 11 * FRAME_BYTES
    assert sound.startswith(speech(320) + b"\1\1\0")


@virtual_time
async def test_ten_minutes_pass_through_a_ring_of_four_seconds() -> None:
    minutes = silence(600_000)
    assert len(await played(Recording(minutes, lead_s=0, trail_s=0))) == len(minutes)


@virtual_time
async def test_in_real_time_it_takes_as_long_as_the_sound() -> None:
    loop = asyncio.get_running_loop()
    await played(Recording(speech(3200), lead_s=0, trail_s=0, real_time=True))
    assert round(loop.time(), 3) == 3.2
    await played(Recording(speech(3200), lead_s=0, trail_s=0))
    assert round(loop.time(), 3) == 3.2
