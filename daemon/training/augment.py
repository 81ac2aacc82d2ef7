"""Change one utterance's mel power as rooms, microphones, throats and noises would: cheap, because
no waveform is touched.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from training.features import FLOOR, MELS

Mel = NDArray[np.float32]


@dataclass(frozen=True)
class Strength:
    """How much to change."""

    warp: float = 0.10  # standard deviation of the logarithm of the vocal-tract factor
    stretch: float = 0.08  # the same for the speed
    reverb: float = 0.5  # probability
    noise: float = 0.6  # probability of an added noise or other talker
    lowest_snr: float = 4.0  # dB
    patches: float = 1.0  # probability of hiding bands and moments

    @staticmethod
    def growing(share: float) -> Strength:
        """Mild at the start of the training (`share` 0), full from three quarters of it on."""
        level = min(1.0, 0.4 + 0.8 * share)
        return Strength(0.1 * level, 0.08, 0.5 * level, 0.6 * level, 14 - 10 * level, level)


def warp_frequencies(log_power: Mel, factor: float) -> Mel:
    """Stretch the mel axis by `factor` (above 1: a smaller throat)."""
    source = np.clip(np.arange(MELS) / factor, 0, MELS - 1.001)
    low = source.astype(np.int64)
    share = (source - low).astype(np.float32)
    result: Mel = log_power[:, low] * (1 - share) + log_power[:, low + 1] * share
    return result


def stretch_time(log_power: Mel, factor: float) -> Mel:
    """Make the utterance `factor` times as long."""
    count = max(2, round(len(log_power) * factor))
    source = np.linspace(0, len(log_power) - 1.001, count)
    low = source.astype(np.int64)
    share = (source - low).astype(np.float32)[:, None]
    result: Mel = (
        log_power[low] * (1 - share) + log_power[np.minimum(low + 1, len(log_power) - 1)] * share
    )
    return result


def equalizer(dice: np.random.Generator) -> Mel:
    """A smooth random curve over the mel bands in log10 power: tilt, a few waves, sometimes a
    narrow band.
    """
    band = np.arange(MELS, dtype=np.float32) / MELS
    curve = dice.normal(0, 0.6) * (band - 0.5)
    for wave in (1, 2, 3):
        curve = curve + dice.normal(0, 0.22) * np.cos(
            np.pi * wave * band + dice.uniform(0, 2 * np.pi)
        )
    if dice.random() < 0.25:  # a telephone, a cheap microphone, a narrow codec
        curve = curve - dice.uniform(1, 5) * np.clip((band - dice.uniform(0.72, 0.98)) * 12, 0, 1)
    if dice.random() < 0.25:
        curve = curve - dice.uniform(0.5, 3) * np.clip((dice.uniform(0.02, 0.14) - band) * 15, 0, 1)
    return curve.astype(np.float32)


def reverberate(power: Mel, dice: np.random.Generator) -> Mel:
    """Smear power over time with an exponential tail: a room of 0.1 to 0.9 s reverberation time."""
    decay = 10 ** (-6 * 0.01 / dice.uniform(0.1, 0.9))
    tail = lfilter([1 - decay], [1, -decay], power, axis=0)
    direct = dice.uniform(0.2, 0.9)
    result: Mel = (direct * power + (1 - direct) * tail).astype(np.float32)
    return result


def hiss(frames: int, dice: np.random.Generator) -> Mel:
    """Steady noise power of mean about 1 with a random spectrum and the grain of short spectra."""
    spectrum = 10 ** (equalizer(dice) * 2 + dice.normal(0, 0.8) * (np.arange(MELS) / MELS - 0.5))
    grain = dice.gamma(2.5, 1 / 2.5, size=(frames, MELS))
    return np.asarray(grain * (spectrum / spectrum.mean()), np.float32)


def add_noise(power: Mel, noise: Mel, decibels: float) -> Mel:
    """Add `noise` so that the loud part of `power` lies `decibels` above the noise's mean."""
    loudness = np.percentile(power.sum(1), 85)
    scale = loudness / max(1e-12, float(noise.sum(1).mean())) * 10 ** (-decibels / 10)
    result: Mel = power + np.float32(scale) * noise
    return result


def fit_length(noise: Mel, frames: int, dice: np.random.Generator) -> Mel:
    """A piece of `noise` that is exactly `frames` long; too short a noise is repeated."""
    if len(noise) < frames:
        noise = np.tile(noise, (frames // len(noise) + 1, 1))
    start = int(dice.integers(0, len(noise) - frames + 1))
    return noise[start : start + frames]


def distort(
    log_power: Mel, noises: list[Mel], strength: Strength, dice: np.random.Generator
) -> tuple[Mel, int, float]:
    """Turn clean log10 mel power into a recording's.

    `noises` are mel powers to choose from. Returns log10 mel power, the frames put before the
    speech, and the time factor by which the speech was stretched.
    """
    factor = (
        float(np.exp(np.clip(dice.normal(0, strength.stretch), -0.2, 0.2)))
        if strength.stretch
        else 1.0
    )
    log_power = stretch_time(log_power, factor) if abs(factor - 1) > 0.02 else log_power
    if strength.warp:
        log_power = warp_frequencies(
            log_power, float(np.exp(np.clip(dice.normal(0, strength.warp), -0.2, 0.2)))
        )
    lead, trail = int(dice.integers(0, 30)), int(dice.integers(0, 20))
    power = np.pad(10 ** (log_power + equalizer(dice)), ((lead, trail), (0, 0)))
    if dice.random() < strength.reverb:
        power = reverberate(power, dice)
    power = add_noise(power, hiss(len(power), dice), dice.uniform(strength.lowest_snr + 8, 50))
    if noises and dice.random() < strength.noise:
        noise = noises[int(dice.integers(len(noises)))]
        power = add_noise(
            power, fit_length(noise, len(power), dice), dice.uniform(strength.lowest_snr, 32)
        )
    gain = dice.uniform(-2.8, 1.0)
    return np.log10(np.maximum(power * 10**gain, FLOOR)).astype(np.float32), lead, factor


def mask_patches(feature: Mel, dice: np.random.Generator) -> Mel:
    """SpecAugment on scaled features [frames, 80]: a few bands and moments are set to the mean."""
    feature, mean = feature.copy(), feature.mean()
    for _ in range(int(dice.integers(0, 3))):
        width = int(dice.integers(1, 12))
        start = int(dice.integers(0, MELS - width))
        feature[:, start : start + width] = mean
    for _ in range(int(dice.integers(0, 3))):
        width = int(dice.integers(1, 11))
        start = int(dice.integers(0, max(1, len(feature) - width)))
        feature[start : start + width] = mean
    return feature
