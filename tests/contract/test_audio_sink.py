"""Port AudioSink: what every way to make a sound does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from laresd.backends.audio import Loudspeaker, Silence
from laresd.ports import AudioSink
from tests.fakes.audio import FakeCard, FakeSink, speech

SINKS: dict[str, Callable[[], AudioSink]] = {
    "fake": FakeSink,
    "silence": Silence,
    "loudspeaker": lambda: Loudspeaker(FakeCard()),
}


@pytest.fixture(params=SINKS)
def sink(request: pytest.FixtureRequest) -> AudioSink:
    return SINKS[request.param]()


@pytest.mark.parametrize("pcm", [b"", speech(32), speech(3200)], ids=["nothing", "frame", "long"])
async def test_it_plays_one_sound_after_the_other(sink: AudioSink, pcm: bytes) -> None:
    await sink.play(pcm)
    await sink.play(pcm)


async def test_cancelling_ends_it_and_it_can_play_again(sink: AudioSink) -> None:
    playing = asyncio.ensure_future(sink.play(speech(3200)))
    playing.cancel()
    await asyncio.wait([playing])
    await sink.play(speech(32))
