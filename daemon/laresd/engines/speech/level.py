"""All voices at one loudness, so that a change of voice or language is none of volume."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

TARGET_DBFS = -20.0  # RMS of what sounds
PEAK = 10 ** (-1.0 / 20)  # 1 dB below full scale
MOST_DB = 20.0  # a whisper is not made a shout of its own noise
_BLOCK = 320  # 20 ms at 16 kHz
_SILENT = 1e-4  # RMS: -80 dBFS


def evened(samples: Samples) -> Samples:
    """16 kHz mono from -1 to 1 at TARGET_DBFS, pauses not counted; less where it would clip."""
    whole = samples[: len(samples) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    power = np.mean(np.square(whole, dtype=np.float64), axis=1)
    sounding = power[power > max(_SILENT**2, float(power.max(initial=0.0)) * 1e-3)]
    peak = float(np.max(np.abs(samples), initial=0.0))
    if not len(sounding) or not peak:
        return samples
    wanted = 10 ** (TARGET_DBFS / 20) / float(np.sqrt(sounding.mean()))
    return samples * np.float32(min(wanted, PEAK / peak, 10 ** (MOST_DB / 20)))


def from_s16(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768.0)


def to_s16(samples: Samples) -> bytes:
    return (np.clip(samples, -1.0, 1.0) * 32767.0).round().astype("<i2").tobytes()
