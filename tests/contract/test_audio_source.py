"""Port AudioSource: what every source of sound does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

import pytest

from laresd.backends.audio import Microphone, Recording
from laresd.ports import AudioSource
from tests.fakes.audio import FRAME_BYTES, FakeCard, FakeSource, silence, speech

SPOKEN = silence(320) + speech(640) + silence(320)
SOURCES: dict[str, Callable[[], AudioSource]] = {
    "fake": lambda: FakeSource(SPOKEN),
    "recording": lambda: Recording(SPOKEN, lead_s=0, trail_s=0),
    "microphone": lambda: Microphone(FakeCard(SPOKEN)),
}


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest) -> AudioSource:
    return SOURCES[request.param]()


async def test_the_sound_comes_in_whole_frames_in_order(source: AudioSource) -> None:
    heard = []
    async with aclosing(source.frames()) as frames:
        async for frame in frames:
            heard.append(frame)
            if len(heard) == len(SPOKEN) // FRAME_BYTES:
                break
    assert all(len(frame) == FRAME_BYTES for frame in heard)
    assert b"".join(heard) == SPOKEN


async def test_it_can_be_left_at_any_time(source: AudioSource) -> None:
    async with aclosing(source.frames()) as frames:
        assert len(await anext(frames)) == FRAME_BYTES
