"""Make the demo recordings: ``python -m training.demo DIR`` writes three sentences, each after the
wake words.

The voices are flite's ``slt`` and ``rms`` (CMU ARCTIC speakers, free for any use). Each wake phrase
is spoken until the ``okay_nabu`` model of pymicro-wakeword hears it at two loudnesses, so that the
demo never fails at its first step.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model
from scipy.io import wavfile

from training.synthesizers import RATE, speak
from training.voices import Voice

SENTENCES = {
    "kitchen-light": ("slt", "turn on the kitchen light"),
    "bedroom-lamp": ("rms", "set the bedroom lamp to fifty percent"),
    "front-door": ("slt", "is the front door locked"),
}
_WAKE_SPELLING = "okay naboo"  # as flite must read it
_GAP_S, _BEFORE_S, _AFTER_S, _PEAK = 0.4, 0.5, 1.0, 0.6


def wake_times(samples: NDArray[np.float32]) -> list[float]:
    """Seconds at which pymicro-wakeword's ``okay_nabu`` fires in 16 kHz samples."""
    detector, features = MicroWakeWord.from_builtin(Model.OKAY_NABU), MicroWakeWordFeatures()
    data = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    times = []
    for start in range(0, len(data), 320):
        for feature in features.process_streaming(data[start : start + 320]):
            if detector.process_streaming(feature):
                times.append(start / 2 / RATE)
    return times


def _trimmed(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Without the silence at both ends, at the demo's loudness."""
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    part = samples[max(0, loud[0] - 160) : loud[-1] + 800]
    return part * np.float32(_PEAK / np.abs(part).max())


def _quiet(seconds: float, dice: np.random.Generator) -> NDArray[np.float32]:
    """A room's faint hiss."""
    return dice.normal(0, 2e-4, round(seconds * RATE)).astype(np.float32)


def recording(speaker: str, command: str) -> NDArray[np.float32]:
    """Wake words, a gap of 0.4 s, and a command; raises RuntimeError if no wake phrase fires in 40
    tries.
    """
    voice, hiss = Voice("flite", speaker), np.random.default_rng(0)
    for attempt in range(40):
        dice = random.Random(attempt)
        wake = _trimmed(speak(voice, [_WAKE_SPELLING], dice)[0].samples)
        parts = [_quiet(_BEFORE_S, hiss), wake, _quiet(_GAP_S, hiss)]
        spoken = _trimmed(speak(voice, [command], dice)[0].samples)
        whole = np.concatenate([*parts, spoken, _quiet(_AFTER_S, hiss)])
        latest = (sum(len(part) for part in parts)) / RATE
        heard = [wake_times(np.float32(gain) * whole) for gain in (1.0, 0.3)]
        if all(len(times) >= 1 and times[0] < latest for times in heard):
            return whole
    raise RuntimeError(f"the wake word never fired for flite {speaker}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, (speaker, command) in SENTENCES.items():
        samples = recording(speaker, command)
        wavfile.write(folder / f"{name}.wav", RATE, (samples * 32767).astype(np.int16))
        print(f"{name}.wav: {len(samples) / RATE:.1f} s, wake word at {wake_times(samples)}")


if __name__ == "__main__":
    main()
