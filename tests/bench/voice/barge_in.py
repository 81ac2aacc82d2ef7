"""From the end of a wake word in the microphone to a silent loudspeaker.

In a room of a real sound server (tests.system.rooms), where the microphone hears the loudspeaker:
the box speaks, somebody says the wake word over it, and the room is recorded beside. A soft noise
under the reply shows when the loudspeaker is silent, also where the voice makes a pause. Everything
is the daemon's own but the transcription and the answer, which are fixed.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import laresd
from laresd.app.sound import OwnSound, sound_of
from laresd.backends.audio import PortAudio
from laresd.backends.clock import SystemClock
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerListener, WorkerSynthesizer
from laresd.backends.workers.supervisor import Worker
from laresd.config import Config, Turn
from laresd.core.turn import Machine, Rules
from laresd.frontends.voice import MICROPHONE, Ear, Parts, VoiceFrontend
from laresd.sound import read_wav
from laresd.turns import Sign
from laresd.types import SAMPLE_RATE, Transcript
from tests.bench.results import Row
from tests.bench.shared import percentile
from tests.fakes.assistant import FakeAssistant
from tests.system.in_room import Wave, found_in, say, wave
from tests.system.rooms import NEEDS, ROOT, can_be, open_room

COMMAND = "make bench-voice ONLY=barge_in"
TIMES = 20
TRIES = 3
GOAL_MS = 250
QUESTION = "tell me about the weather"
REPLY = "Tomorrow it will rain in the morning, and the sun comes out in the afternoon. " * 6
DEMO = Path(laresd.__file__).parent / "bundled" / "demo" / "kitchen-light.wav"
SPOKEN = ROOT.parent / "shared/data/speech/wake/pymicro__okay_nabu_2.wav"
NOISE = 0.02  # of full scale, under the reply
LOUD = 0.01  # a room below is silent
WITHIN_S = 2.0  # after the wake word the room is recorded for so long
MISSED_MS = 1500  # a reply that goes on for longer was not interrupted


@dataclass(slots=True)
class Tape:
    """What a device hears, with the time of each sample."""

    pieces: list[tuple[bytes, float]] = field(default_factory=list)

    def hear(self, pcm: bytes, at: float) -> None:
        self.pieces.append((pcm, at))
        del self.pieces[:-400]

    def after(self, begin: float) -> Wave:
        """The sound from then on."""
        return wave(b"".join(pcm for pcm, at in self.pieces if at >= begin))


class Scribe:
    """Port Transcriber that always hears the question."""

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: object = ()
    ) -> Transcript:
        return Transcript(QUESTION, audio_seconds=len(pcm) / 2 / SAMPLE_RATE)


class Noisy(WorkerSynthesizer):
    """The box's voice over a soft noise."""

    async def synthesize(self, text: str, *, language: str, deadline: float) -> bytes:
        pcm = await super().synthesize(text, language=language, deadline=deadline)
        return _with_noise(pcm)

    async def stream(
        self, text: str, *, language: str, timeout_s: float
    ) -> AsyncGenerator[bytes, None]:
        async with aclosing(super().stream(text, language=language, timeout_s=timeout_s)) as pieces:
            async for pcm in pieces:
                yield _with_noise(pcm)


class Watch:
    """Port Signs that tells when the box speaks and when it waits."""

    def __init__(self) -> None:
        self._seen = {sign: asyncio.Event() for sign in Sign}

    def show(self, sign: Sign, site: str) -> None:
        for other, seen in self._seen.items():
            if other is sign:
                seen.set()
            else:
                seen.clear()

    async def wait(self, sign: Sign, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            await self._seen[sign].wait()


def measure(times: int = TIMES) -> dict[str, list[float]]:
    """`ms` of each wake word that was found, and `missed`, one item for each that was not; so is
    one before whose end the loudspeaker was silent for whatever reason.

    Raises RuntimeError where the machine lacks what it needs.
    """
    if not can_be():
        raise RuntimeError(NEEDS)
    with tempfile.TemporaryDirectory() as folder, open_room(Path(folder)) as room:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.voice.barge_in", str(times)],
            env=room.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    told: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return told


def rows() -> list[Row]:
    told = measure()
    found, missed = told["ms"], len(told["missed"])
    note = f"{len(found)} of {len(found) + missed} found over the reply; load "
    note += f"{os.getloadavg()[0]:.1f}"
    return [
        Row(
            "voice/barge_in_p50_ms",
            round(percentile(found, 0.5)) if found else "none found",
            f"<={GOAL_MS}",
            COMMAND,
            note=note,
        ),
        Row("voice/barge_in_worst_ms", round(max(found)) if found else "none found", "", COMMAND),
    ]


@asynccontextmanager
async def speaking_box(watch: Watch, card: PortAudio) -> AsyncIterator[VoiceFrontend]:
    """The box's ear and mouth, attended."""
    config = replace(Config(), turn=replace(Turn(), start_timeout_ms=800))
    sound = sound_of(config, card)
    assert sound.source is not None
    async with AsyncExitStack() as stack:
        ears = await stack.enter_async_context(Worker(specs.listening(config.wake)))
        voice = await stack.enter_async_context(Worker(specs.speech(config.speech)))
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        frontend = VoiceFrontend(
            Parts(
                config=config,
                clock=SystemClock(),
                listener=lambda name: WorkerListener(ears, stream=name),
                transcriber=Scribe(),
                assistant=FakeAssistant({QUESTION: REPLY}, seconds=0),
                synthesizer=Noisy(voice),
                sink=sound.sink,
                machine=lambda open_ear: Machine(Rules.of(config.turn, open_ear=open_ear)),
                doubt=lambda heard, language: None,
                signs=watch,
            ),
            on_turn=lambda turn: None,
        )
        ear = Ear(MICROPHONE, sound.source, sound.sink)
        running = [ears.run(), voice.run(), frontend.attend(ear)]
        started = [tasks.create_task(run) for run in running]
        yield frontend
        for task in started:
            task.cancel()
    if isinstance(sound.own, OwnSound):
        await sound.own.loudspeaker.close()


async def trials(times: int) -> dict[str, list[float]]:
    """Inside the room."""
    command = (await asyncio.to_thread(read_wav, DEMO)).pcm
    wake_word = wave((await asyncio.to_thread(read_wav, SPOKEN)).pcm) * 2
    wake_word = wake_word[: _end_of(wake_word)]
    watch, card, room = Watch(), PortAudio(), Tape()
    told: dict[str, list[float]] = {"ms": [], "missed": []}
    stream = await asyncio.to_thread(card.open_input, "", 1, room.hear, lambda: None)
    async with speaking_box(watch, card) as frontend:
        await asyncio.sleep(3)
        for number in range(times):
            await _until_it_speaks(frontend, watch, command)
            await asyncio.sleep(1.5 + 0.037 * number)
            begun = time.monotonic()
            await say((wake_word * 32767).astype("<i2").tobytes())
            await asyncio.sleep(WITHIN_S)
            ms = _silent_after(wake_word, room.after(begun - 0.5))
            told["ms" if 0 < ms < MISSED_MS else "missed"].append(ms)
            frontend.cancel()
            await watch.wait(Sign.IDLE, 10)
            await asyncio.sleep(0.5)
    await asyncio.to_thread(stream.close)
    return told


async def _until_it_speaks(frontend: VoiceFrontend, watch: Watch, command: bytes) -> None:
    """Begin a turn; a machine on which much else runs may lose some of the sound of one."""
    for _ in range(TRIES):
        await frontend.open_ear(5)
        await say(command)
        try:
            return await watch.wait(Sign.SPEAKING, 10)
        except TimeoutError:
            frontend.cancel()
    raise RuntimeError("the box does not answer")


def _end_of(sound: Wave) -> int:
    """After its last sample that is not soft."""
    return int(np.flatnonzero(np.abs(sound) > 0.1 * np.abs(sound).max())[-1]) + 1


def _silent_after(wake_word: Wave, room: Wave) -> float:
    """Milliseconds from the wake word's last sound to the room's."""
    where, _ = found_in(room, wake_word)
    sounding = np.flatnonzero(np.abs(room) > LOUD)
    return (int(sounding[-1]) - where - len(wake_word)) * 1000 / SAMPLE_RATE


def _with_noise(pcm: bytes) -> bytes:
    spoken = np.frombuffer(pcm, "<i2").astype(np.float64)
    noise = np.random.default_rng(len(pcm)).uniform(-NOISE, NOISE, len(spoken)) * 32768
    return np.clip(spoken + noise, -32768, 32767).astype("<i2").tobytes()


def main() -> None:
    """The part that runs in the room, and prints what it measured."""
    sys.stdout.write(json.dumps(asyncio.run(trials(int(sys.argv[1])))) + "\n")


if __name__ == "__main__":
    main()
