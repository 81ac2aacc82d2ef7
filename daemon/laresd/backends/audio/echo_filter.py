"""The echo of a loudspeaker in a microphone, learned and subtracted.

A Kalman filter in the frequency domain, its impulse response cut into blocks (G. Enzner, P. Vary:
Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free telephones, Signal
Processing 86, 2006; blocks as in J.-S. Soo, K. K. Pang: Multidelay block frequency domain adaptive
filter, 1990). It knows how sure it is of each part of the room, so what a person says meanwhile
hardly disturbs it, and it only subtracts: the person's voice stays as it is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from laresd.types import SAMPLE_RATE

FRAME = SAMPLE_RATE // 100  # samples that are processed at a time
PARTS = 16  # frames of echo that can be learned: 160 ms
FORGETTING = 0.9995  # of what is known of the room, each frame
SMOOTHING = 0.9  # of the power of what is not echo, each frame
ROUNDS = 2  # of learning from each frame: it must know the room within the first words
DECAY_DB = 80.0  # by which an echo fades in a second, before anything is known
QUIET = 1e-10  # power below any sound's

Wave = npt.NDArray[np.float64]
Spectra = npt.NDArray[np.complex128]


class EchoFilter:
    """Give it frames of both sounds in step; what was played may come up to 150 ms ahead."""

    def __init__(self) -> None:
        bins = FRAME + 1
        self._path: Spectra = np.zeros((PARTS, bins), np.complex128)
        self._played: Spectra = np.zeros((PARTS, bins), np.complex128)  # the newest frame first
        self._before: Wave = np.zeros(FRAME)
        self._other: Wave = np.full(bins, 1e-3)  # power of what is not echo
        fading = 10 ** (-DECAY_DB / 10 * np.arange(PARTS) * FRAME / SAMPLE_RATE)
        self._doubt: Wave = np.repeat(fading[:, None], bins, axis=1)  # how far off the path may be

    def clean(self, heard: Wave, played: Wave) -> Wave:
        """One frame of the microphone without what was played; samples from -1 to 1."""
        self._played = np.roll(self._played, 1, axis=0)
        self._played[0] = np.fft.rfft(np.concatenate([self._before, played]))
        self._before = played
        power = np.abs(self._played) ** 2
        kept = FORGETTING**2
        self._doubt = kept * self._doubt + (1 - kept) * np.abs(self._path) ** 2
        for number in range(ROUNDS):
            rest = self._rest(heard)
            spectrum = np.fft.rfft(np.concatenate([np.zeros(FRAME), rest]))
            if number == 0:
                now = np.abs(spectrum) ** 2
                self._other = SMOOTHING * self._other + (1 - SMOOTHING) * now
            self._learn(spectrum, power)
        return self._rest(heard)

    def _rest(self, heard: Wave) -> Wave:
        echo: Wave = np.fft.irfft((self._played * self._path).sum(axis=0))[FRAME:]
        return heard - echo

    def _learn(self, rest: Spectra, power: Wave) -> None:
        total = 0.5 * (power * self._doubt).sum(axis=0) + self._other + QUIET
        gain = self._doubt / total
        change = np.fft.irfft(gain * np.conj(self._played) * rest, axis=1)
        change[:, FRAME:] = 0.0  # a response, not a circle
        self._path = self._path + np.fft.rfft(change, axis=1)
        self._doubt = (1 - 0.5 * gain * power) * self._doubt
