"""Make the installed synthesizers speak: text in, samples at 16 kHz and (where known) timed phones
out.
"""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile
from scipy.signal import resample_poly

from training import mbrola, neural
from training.espeak import Espeak, shared_engine, timed_phones
from training.phones import SILENCE
from training.voices import Voice

RATE = 16_000
_QUIET = {"MBROLA_DATABASES": str(mbrola.DATABASES)}


@dataclass(frozen=True)
class Clip:
    """Speech at 16 kHz in [-1, 1]; `phones` are (second at which it begins, phone) or None where
    nobody knows.
    """

    samples: NDArray[np.float32]
    phones: list[tuple[float, str]] | None


def speak(voice: Voice, texts: list[str], dice: random.Random) -> list[Clip]:
    """Speak each text with `voice` at a random speed, pitch and vocal-tract size.

    Raises RuntimeError or OSError if the synthesizer is missing or fails.
    """
    return [_another_throat(clip, dice) for clip in _ENGINES[voice.engine](voice, texts, dice)]


def _to_rate(samples: NDArray[np.float32], rate: float, target: int = RATE) -> NDArray[np.float32]:
    """Resample from `rate` Hz to `target` Hz, exact to about 0.5 %."""
    down = 160
    up = round(down * target / rate)
    return resample_poly(samples, up, down).astype(np.float32) if up != down else samples


def _another_throat(clip: Clip, dice: random.Random) -> Clip:
    """Play the clip faster or slower by up to 16 %: pitch and formants move together, as with
    another person's size.
    """
    factor = round(float(np.exp(np.clip(dice.gauss(0, 0.07), -0.15, 0.15))) * 160) / 160
    if abs(factor - 1) < 0.01:
        return clip
    samples = resample_poly(clip.samples, 160, round(160 * factor)).astype(np.float32)
    phones = (
        None if clip.phones is None else [(start / factor, phone) for start, phone in clip.phones]
    )
    return Clip(samples, phones)


def _espeak(voice: Voice, texts: list[str], dice: random.Random) -> list[Clip]:
    engine, clips = shared_engine(), []
    engine.voice(voice.name)
    for text in texts:
        spoken = engine.speak(
            text, dice.randint(125, 215), dice.randint(25, 75), dice.randint(20, 80)
        )
        clips.append(Clip(_to_rate(spoken.samples, spoken.rate), list(timed_phones(spoken))))
    return clips


def _score(engine: Espeak, text: str, dice: random.Random) -> list[tuple[str, float]]:
    """(phone, milliseconds) for a text, in some English accent and at some speed."""
    engine.voice(
        dice.choice(("en-us", "en-us", "en-us", "gmw/en", "gmw/en-GB-scotland", "gmw/en-US-nyc"))
    )
    spoken = engine.speak(text, dice.randint(120, 205))
    timed = list(timed_phones(spoken))
    ends = [start for start, _ in timed[1:]] + [len(spoken.samples) / spoken.rate]
    return [
        (phone, 1000 * (end - start) * dice.uniform(0.85, 1.15))
        for (start, phone), end in zip(timed, ends, strict=True)
    ]


def _mbrola(voice: Voice, texts: list[str], dice: random.Random) -> list[Clip]:
    base, engine = mbrola.database(voice.name), shared_engine()
    scores = [_score(engine, text, dice) for text in texts]
    pitch = voice.pitch_hz * float(np.exp(dice.gauss(0, 0.12)))
    lines = [mbrola.score_lines(base, score, pitch, dice) for score in scores]
    clips = []
    for score, line, samples in zip(scores, lines, mbrola.render(base, lines), strict=True):
        spoken = [(phone, length) for phone, length in score]
        at, phones = 0.06, [(0.0, SILENCE)]
        scale = (len(samples) / base.rate - 0.12) / max(
            0.001, sum(length for _, length in spoken) / 1000
        )
        for phone, length in spoken:
            phones.append((at, phone))
            at += scale * length / 1000
        clips.append(Clip(_to_rate(samples, base.rate), [*phones, (at, SILENCE)]))
        del line
    return clips


def _program(command: Callable[[str, str], list[str]], texts: list[str]) -> list[Clip]:
    """Run one program per text; it must write a wav file to the path that it is given."""
    clips = []
    with tempfile.TemporaryDirectory(prefix="lares-voice-") as folder:
        for text in texts:
            target = str(Path(folder) / "speech.wav")
            subprocess.run(
                command(text, target), check=True, capture_output=True, env={**os.environ, **_QUIET}
            )
            clips.append(Clip(_read(target), None))
    return clips


def _read(path: str) -> NDArray[np.float32]:
    rate, samples = wavfile.read(path)
    return _to_rate(samples.astype(np.float32) / 32768.0, rate)


def _flite(voice: Voice, texts: list[str], dice: random.Random) -> list[Clip]:
    def command(text: str, target: str) -> list[str]:
        stretch = dice.uniform(0.85, 1.25)
        return [
            "flite",
            "-voice",
            voice.name,
            "--setf",
            f"duration_stretch={stretch:.2f}",
            "-t",
            text,
            "-o",
            target,
        ]

    return _program(command, texts)


def _pico(voice: Voice, texts: list[str], dice: random.Random) -> list[Clip]:
    def command(text: str, target: str) -> list[str]:
        speed, pitch = dice.randint(80, 135), dice.randint(75, 130)
        prosody = f'<speed level="{speed}"><pitch level="{pitch}">{text}</pitch></speed>'
        return ["pico2wave", "-l", voice.name, "-w", target, prosody]

    return _program(command, texts)


def _festival(voice: Voice, texts: list[str], dice: random.Random) -> list[Clip]:
    with tempfile.TemporaryDirectory(prefix="lares-festival-") as folder:
        lines = [
            f"(voice_{voice.name})",
            f"(Parameter.set 'Duration_Stretch {dice.uniform(0.9, 1.2):.2f})",
        ]
        for number, text in enumerate(texts):
            lines += [
                f'(set! u (utt.synth (Utterance Text "{text}")))',
                f'(utt.save.wave u "{folder}/{number}.wav")',
            ]
        script = Path(folder) / "speak.scm"
        script.write_text("\n".join(lines), "ascii")
        subprocess.run(["festival", "-b", str(script)], check=True, capture_output=True)
        return [Clip(_read(f"{folder}/{number}.wav"), None) for number in range(len(texts))]


def _neural(voice: Voice, texts: list[str], dice: random.Random) -> list[Clip]:
    clips = []
    for text in texts:
        samples, rate = neural.SPEAKERS[voice.engine](text, voice.name, dice)
        clips.append(Clip(_to_rate(samples, rate), None))
    return clips


_ENGINES: dict[str, Callable[[Voice, list[str], random.Random], list[Clip]]] = {
    "espeak": _espeak,
    "mbrola": _mbrola,
    "flite": _flite,
    "pico": _pico,
    "festival": _festival,
    "hibari": _neural,
    "piper": _neural,
    "kokoro": _neural,
}
