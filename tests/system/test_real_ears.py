"""The voice path on the real listening engine: recordings in, turns out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import laresd
from laresd.backends.audio import Recording, Silence
from laresd.backends.clock import SystemClock
from laresd.backends.workers.clients import WorkerListener
from laresd.backends.workers.process import Spec, engine_command
from laresd.backends.workers.supervisor import Worker
from laresd.config import Config
from laresd.core import guard
from laresd.core.turn import Machine, Rules
from laresd.frontends.voice import Parts, VoiceFrontend
from laresd.sound import read_wav
from laresd.types import Transcript, Turn
from tests.fakes.assistant import FakeAssistant
from tests.fakes.synthesizer import FakeSynthesizer

pytestmark = pytest.mark.slow
DEMO = Path(laresd.__file__).parent / "bundled" / "demo"


class Scribe:
    """Port Transcriber that notes how long each piece of speech was."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        self.seconds.append(len(pcm) / 32_000)
        return Transcript("turn on the light", audio_seconds=len(pcm) / 32_000)


@asynccontextmanager
async def voice(scribe: Scribe) -> AsyncIterator[VoiceFrontend]:
    config = Config()
    spec = Spec("ears", engine_command("listen"), {"words": list(config.wake.words)})
    async with Worker(spec) as worker, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(worker.run())
        yield VoiceFrontend(
            Parts(
                config=config,
                clock=SystemClock(),
                listener=lambda name: WorkerListener(worker, stream=name),
                transcriber=scribe,
                assistant=FakeAssistant({}, seconds=0),
                synthesizer=FakeSynthesizer(),
                sink=Silence(),
                machine=lambda open_ear: Machine(Rules.of(config.turn, open_ear=open_ear)),
                doubt=guard.transcript,
            ),
            on_turn=lambda turn: None,
        )
        running.cancel()


async def turns(path: Path, scribe: Scribe) -> tuple[Turn, ...]:
    sound = await asyncio.to_thread(read_wav, path)
    async with voice(scribe) as frontend:
        return await frontend.play(Recording(sound.pcm), name=path.name)


@pytest.mark.parametrize("name", ["kitchen-light", "bedroom-lamp", "front-door"])
async def test_a_wake_word_and_a_command_make_one_turn(name: str) -> None:
    path, scribe = DEMO / f"{name}.wav", Scribe()
    (turn,) = await turns(path, scribe)
    assert (turn.closing, turn.wake_word) == ("done", "okay_nabu")
    sound = await asyncio.to_thread(read_wav, path)
    assert 0.5 < scribe.seconds[-1] < sound.seconds - 0.5  # the command without the wake word


async def test_the_wake_word_alone_is_answered_by_nothing(shared_data: Path) -> None:
    path, scribe = shared_data / "speech/wake/wyoming-openwakeword__okay_nabu.wav", Scribe()
    sound = await asyncio.to_thread(read_wav, path)
    async with voice(scribe) as frontend:
        (turn,) = await frontend.play(Recording(sound.pcm, trail_s=6), name="wake")
    assert (turn.closing, turn.wake_word) == ("no_speech", "okay_nabu")
    assert scribe.seconds == []


async def test_noise_and_other_speech_open_no_turn(shared_data: Path) -> None:
    folder, scribe = shared_data / "speech", Scribe()
    for name in ("noise/speechbrain__noise4.wav", "general/whisper.cpp__jfk.wav"):
        (turn,) = await turns(folder / name, scribe)
        assert turn.reason == "no wake word was heard"
    assert scribe.seconds == []
