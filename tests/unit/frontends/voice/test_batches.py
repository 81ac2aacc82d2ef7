"""A quiet room costs few messages to the listener, and a wake word is heard soon all the same."""

from __future__ import annotations

from collections.abc import Sequence

from laresd import config
from laresd.backends.clock import SystemClock
from laresd.core.turn import Machine, Rules
from laresd.frontends.voice import Parts, VoiceFrontend
from laresd.types import FRAME_SAMPLES, Heard
from tests.fakes.assistant import FakeAssistant
from tests.fakes.audio import NOISE, FakeSink, FakeSource, level, silence, wake_word
from tests.fakes.listener import FakeListener
from tests.fakes.synthesizer import FakeSynthesizer
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.virtual_time import virtual_time


class CountingListener(FakeListener):
    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []  # frames of each call

    async def hear(self, pcm: bytes) -> Sequence[Heard]:
        self.batches.append(len(pcm) // (2 * FRAME_SAMPLES))
        return await super().hear(pcm)


async def batches(pcm: bytes) -> list[int]:
    listener, settings = CountingListener(), config.Config()
    parts = Parts(
        config=settings,
        clock=SystemClock(),
        listener=lambda name: listener,
        transcriber=FakeTranscriber({}),
        assistant=FakeAssistant({}),
        synthesizer=FakeSynthesizer(),
        sink=FakeSink(),
        machine=lambda open_ear: Machine(Rules.of(settings.turn, open_ear=open_ear)),
        doubt=lambda heard, language: None,
    )
    voice = VoiceFrontend(parts, on_turn=lambda turn: None)
    await voice.play(FakeSource(pcm), name="test.wav")
    return listener.batches


@virtual_time
async def test_a_quiet_room_is_heard_eight_frames_at_once() -> None:
    assert await batches(silence(2048)) == [8] * 8


@virtual_time
async def test_noise_that_is_no_voice_is_as_quiet() -> None:
    assert set(await batches(level(NOISE, 1024))) == {8}


@virtual_time
async def test_while_somebody_speaks_a_wake_word_is_heard_within_three_frames() -> None:
    heard = await batches(silence(512) + wake_word(960) + silence(96))
    assert heard[:3] == [8, 8, 8]
    assert max(heard[3:]) <= 3
