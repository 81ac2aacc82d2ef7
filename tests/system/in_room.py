"""What test_sound_devices does inside a room (see rooms): one scenario, named by the argument.

Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from laresd.backends.audio import EchoCanceller, Loudspeaker, Microphone, PortAudio, portaudio
from laresd.engines.listen.words import WakeWords, word
from laresd.errors import LaresError
from laresd.sound import read_wav
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE, HeardKind

Wave = npt.NDArray[np.float64]
Facts = dict[str, float]


@dataclass(slots=True)
class Recorder:
    """All that a microphone hears, as it comes."""

    microphone: Microphone
    frames: list[bytes] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        async with aclosing(self.microphone.frames()) as frames:
            async for frame in frames:
                self.frames.append(frame)
                self.heard.set()

    def wave(self) -> Wave:
        return wave(b"".join(self.frames))

    async def next(self) -> None:
        """Until another frame has come."""
        self.heard.clear()
        await self.heard.wait()


@asynccontextmanager
async def recording(microphone: Microphone) -> AsyncIterator[Recorder]:
    """From the first frame on: a sound server's idle device begins up to a second late."""
    recorder = Recorder(microphone)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(recorder.run())
        await recorder.heard.wait()
        yield recorder
        task.cancel()


def wave(pcm: bytes) -> Wave:
    return np.frombuffer(pcm, "<i2").astype(np.float64) / 32768


def pcm(samples: Wave) -> bytes:
    return np.clip(samples * 32768, -32768, 32767).astype("<i2").tobytes()


def babble(seconds: float, seed: int) -> Wave:
    """Noise that is like nothing but itself, below 1 kHz: a shift by half a sample is none."""
    noise = np.random.default_rng(seed).normal(size=int(seconds * SAMPLE_RATE))
    spectrum = np.fft.rfft(noise)
    spectrum[len(spectrum) // 8 :] = 0
    sound: Wave = 0.3 * np.fft.irfft(spectrum, len(noise))
    return sound


def found_in(sound: Wave, piece: Wave) -> tuple[int, float]:
    """Where a piece is in a sound, and their correlation there."""
    size = 1 << (len(sound) + len(piece)).bit_length()
    product = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(piece, size))
    at = int(np.argmax(np.fft.irfft(product, size)[: max(1, len(sound) - len(piece))]))
    return at, float(np.corrcoef(sound[at : at + len(piece)], piece)[0, 1])


def patient_card() -> PortAudio:
    """A machine on which much else runs may be late, and that is not what is looked for."""
    card = PortAudio()
    card._delay_s = portaudio.LONGEST_DELAY_S
    return card


async def loop() -> Facts:
    """Three sounds while the microphone listens: what comes back, and is any of it missing?"""
    card = patient_card()
    loudspeaker = Loudspeaker(card)
    sounds = [babble(2.0, seed) for seed in range(3)]
    async with recording(Microphone(card)) as recorder:
        begun, before = time.monotonic(), len(recorder.frames)
        for sound in sounds:
            await loudspeaker.play(pcm(sound))
        await asyncio.sleep(0.5)
        seconds = (len(recorder.frames) - before) * FRAME_SAMPLES / SAMPLE_RATE
        elapsed = time.monotonic() - begun
    await loudspeaker.close()
    heard, half = recorder.wave(), SAMPLE_RATE // 2
    worst, shifted = 1.0, 0
    for sound in sounds:
        whole, _ = found_in(heard, sound)
        for start in range(0, len(sound), half):
            at, alike = found_in(heard, sound[start : start + half])
            worst = min(worst, alike)
            shifted = max(shifted, abs(at - start - whole))
    return {
        "missing_s": elapsed - seconds,
        "overruns": recorder.microphone.overruns,
        "correlation": worst,
        "shifted_samples": shifted,
    }


async def cut() -> Facts:
    """How long a loudspeaker sounds after its sound was cancelled; milliseconds."""
    card = PortAudio()
    loudspeaker = Loudspeaker(card)
    heard: list[tuple[bytes, float]] = []
    stream = await asyncio.to_thread(
        card.open_input, "", 1, lambda pcm, at: heard.append((pcm, at)), lambda: None
    )
    await loudspeaker.play(pcm(babble(2, 9)))  # an idle room begins late
    lasted = []
    for number in range(5):
        playing = asyncio.ensure_future(loudspeaker.play(pcm(babble(20, number))))
        await asyncio.sleep(1.5 + 0.0137 * number)
        playing.cancel()
        cancelled = time.monotonic()
        await asyncio.wait([playing])
        await asyncio.sleep(0.5)
        loud = [
            at + int(np.flatnonzero(np.abs(wave(piece)) > 0.01)[-1]) / SAMPLE_RATE
            for piece, at in heard
            if np.abs(wave(piece)).max(initial=0) > 0.01
        ]
        lasted.append((max(loud) - cancelled) * 1000)
    await asyncio.to_thread(stream.close)
    await loudspeaker.close()
    return {"worst_ms": max(lasted), "median_ms": sorted(lasted)[2]}


async def unplug() -> Facts:
    """The card goes away while it plays and listens, and comes back."""
    card = patient_card()
    loudspeaker = Loudspeaker(card)
    sound = pcm(babble(6, 1))
    async with recording(Microphone(card, retry_s=0.2)) as recorder:
        playing = asyncio.ensure_future(loudspeaker.play(sound))
        await asyncio.sleep(1)
        await pactl("unload-module", "module-null-sink")
        failed = await outcome(playing)
        gone_at = len(recorder.frames)
        await pactl("load-module", "module-null-sink", "sink_name=room", "rate=48000")
        await pactl("set-default-sink", "room")
        await pactl("set-default-source", "room.monitor")
        back = time.monotonic()
        await recorder.next()
        back_s = time.monotonic() - back
        again = babble(1, 2)
        await loudspeaker.play(pcm(again))
        await asyncio.sleep(0.5)
        _, alike = found_in(wave(b"".join(recorder.frames[gone_at:])), again)
    await loudspeaker.close()
    return {"failed": failed, "back_s": back_s, "correlation": alike}


async def outcome(playing: asyncio.Future[None]) -> float:
    """1.0 when it could not be played to its end."""
    try:
        async with asyncio.timeout(20):
            await playing
    except LaresError:
        return 1.0
    return 0.0


async def pactl(*arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "pactl", *arguments, stdout=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 0


async def echo() -> Facts:
    """Wake words that another program says while the loudspeaker speaks, with and without the
    canceller: how many are found, and by how much the echo alone is softer. The arguments are wav
    files: the reply, then the wake words.
    """
    facts: Facts = {}
    spoken, *said = [(await asyncio.to_thread(read_wav, Path(name))).pcm for name in sys.argv[2:]]
    for name, canceller in (("without", None), ("with", EchoCanceller())):
        facts[f"found_{name}"] = 0
        for wake_word in said:
            loud, found = await spoken_over(spoken, wave(wake_word), canceller)
            facts[f"found_{name}"] += found
            facts[f"echo_{name}_db"] = loud
    facts["erle_db"] = facts["echo_without_db"] - facts["echo_with_db"]
    return facts


async def spoken_over(
    spoken: bytes, wake_word: Wave, canceller: EchoCanceller | None
) -> tuple[float, bool]:
    """The level of the reply before the wake word, and whether the word was found."""
    card = patient_card()
    loudspeaker = Loudspeaker(card, on_played=canceller.played if canceller else None)
    begin, level = SAMPLE_RATE * 3, float(np.sqrt(np.mean(wave(spoken) ** 2)))
    said = wake_word / np.sqrt(np.mean(wake_word**2)) * level  # at least as loud as the reply
    async with recording(Microphone(card, canceller=canceller)) as recorder:
        await asyncio.sleep(1.5)  # in the first second the sound server's times are not true yet
        playing = asyncio.ensure_future(loudspeaker.play(spoken))
        await asyncio.sleep(begin / SAMPLE_RATE)
        before = recorder.wave()[-SAMPLE_RATE * 3 // 2 :]
        await say(pcm(said))
        await asyncio.sleep(0.5)
        playing.cancel()
        await asyncio.wait([playing])
    await loudspeaker.close()
    ears = WakeWords({(nabu := word("okay_nabu")): nabu.threshold})
    kinds = {found.kind for found in ears.hear(pcm(recorder.wave()))}
    return 10 * np.log10(np.mean(before**2) + 1e-12), HeardKind.WAKE in kinds


async def say(sound: bytes) -> None:
    """As somebody in the room would; to its end."""
    process = await asyncio.create_subprocess_exec(
        *("pacat", "--playback", "--rate=16000", "--channels=1", "--format=s16le"),
        "--latency-msec=200",
        stdin=asyncio.subprocess.PIPE,
    )
    await process.communicate(sound)


def main() -> None:
    scenarios: dict[str, Callable[[], Coroutine[None, None, Facts]]] = {
        "loop": loop,
        "cut": cut,
        "unplug": unplug,
        "echo": echo,
    }
    if len(sys.argv) > 2 and sys.argv[1] == "loop":  # RATExCHANNELS that the device can do only
        rate, channels = map(int, sys.argv[2].split("x"))
        portaudio._forms = lambda *device: [portaudio.Form(rate, channels)]
    sys.stdout.write(json.dumps(asyncio.run(scenarios[sys.argv[1]]())) + "\n")


if __name__ == "__main__":
    main()
