"""Whisper's log-mel features, split so that augmentation can work on mel power before the logarithm
is scaled.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
FFT = 400
HOP = 160  # 10 ms
MELS = 80
FLOOR = 1e-10


@lru_cache(maxsize=1)
def mel_filters() -> NDArray[np.float32]:
    """[80, 201] triangular filters on Slaney's mel scale, as Whisper uses them."""
    frequencies = np.fft.rfftfreq(FFT, 1 / RATE)
    minimum_log_hz, minimum_log_mel, step = 1000.0, 15.0, np.log(6.4) / 27.0
    top = minimum_log_mel + np.log(RATE / 2 / minimum_log_hz) / step
    mels = np.linspace(0.0, top, MELS + 2)
    hertz = np.where(
        mels >= minimum_log_mel,
        minimum_log_hz * np.exp(step * (mels - minimum_log_mel)),
        mels * 200.0 / 3,
    )
    width = np.diff(hertz)
    ramps = hertz[:, None] - frequencies[None, :]
    rising, falling = -ramps[:-2] / width[:-1, None], ramps[2:] / width[1:, None]
    filters = np.maximum(0, np.minimum(rising, falling)) * (2.0 / (hertz[2:] - hertz[:-2]))[:, None]
    return np.asarray(filters, np.float32)


def log_mel_power(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """log10 of mel power, [frames, 80], one frame per 10 ms, never below -10."""
    window = np.hanning(FFT + 1)[:-1].astype(np.float32)
    padded = np.pad(
        samples.astype(np.float32),
        FFT // 2,
        mode="reflect" if len(samples) > FFT // 2 else "constant",
    )
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP][
        : max(1, len(samples) // HOP)
    ]
    spectrum = np.fft.rfft(frames * window, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    return np.asarray(np.log10(np.maximum(power @ mel_filters().T, FLOOR)), np.float32)


def scaled(log_power: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the encoder reads: 80 dB below the loudest value at most, about -1 to 1."""
    result: NDArray[np.float32] = (np.maximum(log_power, log_power.max() - 8.0) + 4.0) / 4.0
    return result
