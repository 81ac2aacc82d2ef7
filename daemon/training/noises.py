"""Sounds that are not speech, made from nothing: machines, rain, hum, clicks, music-like tones. For
mixing and for refusing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

from training.features import RATE, log_mel_power

Wave = NDArray[np.float32]


def _coloured(count: int, dice: np.random.Generator) -> Wave:
    spectrum = np.fft.rfft(dice.normal(size=count))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** (dice.uniform(0, 2.2) / 2)
    return np.fft.irfft(spectrum, count).astype(np.float32)


def _machine(count: int, dice: np.random.Generator) -> Wave:
    time = np.arange(count) / RATE
    base = dice.uniform(30, 250)
    hum = sum(
        dice.exponential(1 / k) * np.sin(2 * np.pi * base * k * time + dice.uniform(0, 7))
        for k in range(1, 14)
    )
    wobble = 1 + dice.uniform(0, 0.6) * np.sin(2 * np.pi * dice.uniform(0.3, 12) * time)
    hiss = dice.uniform(0.1, 2) * _unit(_coloured(count, dice))
    return np.asarray((hum * wobble) / np.std(hum) + hiss, np.float32)


def _clicks(count: int, dice: np.random.Generator) -> Wave:
    hits = (dice.random(count) < dice.uniform(1, 15) / RATE) * dice.exponential(1, count)
    edges = np.sort(dice.uniform(120, 7500, 2))
    ringing = lfilter(
        [1.0], [1.0, -float(np.exp(-1 / (RATE * dice.uniform(0.002, 0.05))))], hits
    ) * dice.normal(size=count)
    return _band(ringing, edges[0], edges[1] + 300)


def _bursts(count: int, dice: np.random.Generator) -> Wave:
    gate = np.repeat(dice.random(count // 1600 + 1) ** dice.uniform(1, 6), 1600)[:count]
    return np.asarray(_coloured(count, dice) * lfilter([0.01], [1, -0.99], gate), np.float32)


def _music(count: int, dice: np.random.Generator) -> Wave:
    sound, at = np.zeros(count), 0
    scale = 110 * 2 ** (dice.integers(0, 12) / 12)
    while at < count:
        length = int(RATE * dice.choice((0.12, 0.2, 0.25, 0.4, 0.5, 0.9)))
        time = np.arange(min(length, count - at)) / RATE
        for step in dice.choice(
            (0, 2, 4, 5, 7, 9, 11, 12, 16, 19), size=dice.integers(1, 4), replace=False
        ):
            pitch = scale * 2 ** (step / 12) * dice.choice((1, 2, 2, 4))
            note = sum(
                np.sin(2 * np.pi * pitch * k * time) / k ** dice.uniform(0.8, 2.5)
                for k in range(1, 8)
            )
            sound[at : at + len(time)] += note * np.exp(-time * dice.uniform(0, 8))
        at += length
    beat = _unit(_clicks(count, dice)) * dice.uniform(0, 0.8)
    return np.asarray(sound / (np.std(sound) + 1e-6) + beat, np.float32)


def _sweeps(count: int, dice: np.random.Generator) -> Wave:
    """Sliding tones with formant-like colour: sirens, birds, voices without words."""
    knots = np.arange(0, count + 4000, 4000)
    pitch = np.interp(
        np.arange(count), knots, np.exp(dice.uniform(4.4, 7.5) + dice.normal(0, 0.3, len(knots)))
    )
    tone = (
        np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / RATE))
        * np.repeat(dice.random(count // 4000 + 1) ** 2, 4000)[:count]
    )
    edges = np.sort(dice.uniform(200, 5000, 2))
    return _band(np.asarray(tone, np.float32), edges[0], edges[1] + 400)


def _band(sound: Wave, low_hz: float, high_hz: float) -> Wave:
    sections = butter(2, [low_hz, high_hz], "band", fs=RATE, output="sos")
    return np.asarray(sosfilt(sections, sound), np.float32)


def _unit(sound: Wave) -> Wave:
    return np.asarray(sound / (np.sqrt(np.mean(sound**2)) + 1e-9), np.float32)


_MAKERS = (_coloured, _machine, _clicks, _bursts, _music, _music, _sweeps)


def noise_wave(seed: int, seconds: float = 8.0) -> Wave:
    """One made-up noise at 16 kHz, loudness 1; the same seed gives the same noise."""
    dice = np.random.default_rng(seed)
    count = int(seconds * RATE)
    sound = _unit(_MAKERS[seed % len(_MAKERS)](count, dice))
    if dice.random() < 0.3:
        sound = _unit(sound + _unit(_MAKERS[int(dice.integers(len(_MAKERS)))](count, dice)))
    return sound


def noise_mels(count: int, first_seed: int = 0) -> list[NDArray[np.float32]]:
    """Mel power of `count` noises."""
    return [
        10 ** log_mel_power(noise_wave(first_seed + number) * np.float32(0.08))
        for number in range(count)
    ]
