"""The synthesizers of this machine, each with the voices that it has, speaking at 16 kHz."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from laresd.sound import read_wav

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Voice:
    """`command(text file, wav file)` has it speak."""

    name: str
    command: Callable[[str, str], Sequence[str]]

    def say(self, text: str) -> bytes:
        """16 kHz mono s16. Raises CalledProcessError when the synthesizer fails."""
        with tempfile.TemporaryDirectory() as folder:
            words, wav = Path(folder) / "text", Path(folder) / "speech.wav"
            words.write_text(text + "\n", encoding="utf-8")
            command = list(self.command(str(words), str(wav)))
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)
            return read_wav(wav).pcm


def _espeak(voice: str, speed: int, pitch: int) -> Voice:
    prosody = ("-s", str(speed), "-p", str(pitch))

    def command(text: str, wav: str) -> Sequence[str]:
        return ("espeak-ng", "-v", voice, *prosody, "-f", text, "-w", wav)

    return Voice(f"espeak {voice} {speed} {pitch}", command)


def _flite(voice: str, stretch: float) -> Voice:
    def command(text: str, wav: str) -> Sequence[str]:
        pace = f"duration_stretch={stretch}"
        return ("flite", "-voice", voice, "--setf", pace, "-f", text, "-o", wav)

    return Voice(f"flite {voice} {stretch}", command)


def _festival(voice: str, stretch: float) -> Voice:
    def command(text: str, wav: str) -> Sequence[str]:
        chosen = f"(begin (voice_{voice}) (Parameter.set 'Duration_Stretch {stretch}))"
        return ("text2wave", "-eval", chosen, "-o", wav, text)

    return Voice(f"festival {voice} {stretch}", command)


def _pico(language: str, speed: int) -> Voice:
    def command(text: str, wav: str) -> Sequence[str]:
        said = Path(text).read_text(encoding="utf-8").strip()
        return ("pico2wave", "-l", language, "-w", wav, f'<speed level="{speed}">{said}</speed>')

    return Voice(f"pico {language} {speed}", command)


def english() -> list[Voice]:
    """Those whose program is installed, in an order that never changes."""
    found: list[Voice] = []
    if shutil.which("espeak-ng"):
        accents = ("en-us", "gmw/en", "gmw/en-GB-scotland", "gmw/en-GB-x-rp", "gmw/en-029")
        people = ("", "+f2", "+f4", "+m3", "+m7", "+linda")
        found += [
            _espeak(accent + person, 140 + 15 * ((i + j) % 4), 35 + 10 * (j % 4))
            for i, accent in enumerate(accents)
            for j, person in enumerate(people)
        ]
    if shutil.which("flite"):
        found += [_flite(v, s) for v in ("slt", "rms", "awb", "kal16") for s in (0.9, 1.15)]
    if shutil.which("text2wave"):
        speakers = ("cmu_us_slt_arctic_hts", "ked_diphone", "don_diphone", "rab_diphone")
        found += [_festival(v, s) for v in speakers for s in (1.0, 1.15)]
    if shutil.which("pico2wave"):
        found += [_pico(v, s) for v in ("en-US", "en-GB") for s in (85, 100, 120)]
    return found


def foreign() -> list[Voice]:
    """Of other languages: a household that does not speak English to its television."""
    found: list[Voice] = []
    if shutil.which("espeak-ng"):
        found += [_espeak(v, 160, 50) for v in ("de", "de+f3", "fr", "es", "it", "cmn", "cmn+f2")]
    if shutil.which("pico2wave"):
        found += [_pico(v, 100) for v in ("de-DE", "fr-FR", "es-ES", "it-IT")]
    return found
