"""A hundred sounds of a house in which nobody says anything to Lares, the same on every machine.

Silence, noise, machines, music and voices without words are computed; babble, television and a
neighbour's talk are mixed from the recordings of ../shared/data/speech, none of which holds a
command. Nothing of it may reach a device.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from laresd.sound import read_wav
from laresd.types import SAMPLE_RATE

SPEECH = Path(__file__).resolve().parents[3] / "shared" / "data" / "speech"
COMPUTED, MIXED = 72, 28  # clips

Samples = npt.NDArray[np.float64]
Dice = np.random.Generator
Make = Callable[[Dice, int, int], Samples]
"""(dice, variant, samples) -> a sound of about full scale."""


@dataclass(frozen=True, slots=True)
class Clip:
    """`kind`: silence, noise, hum, fan, clicks, beeps, water, music, voice; babble, tv, talk."""

    name: str
    kind: str
    pcm: bytes  # 16 kHz mono s16

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / SAMPLE_RATE


def clips() -> Iterator[Clip]:
    """All of them, one at a time; only the COMPUTED ones where there are no recordings."""
    yield from computed()
    if SPEECH.is_dir():
        yield from mixed()


def computed() -> Iterator[Clip]:
    """Those that need nothing but numpy."""
    for kind, count, make in _KINDS:
        for variant in range(count):
            dice = np.random.default_rng([variant, *kind.encode()])
            sound = make(dice, variant, int(dice.integers(3, 8)) * SAMPLE_RATE)
            level = (-12.0, -24.0, -36.0)[variant % 3]
            yield Clip(f"{kind}-{variant:02d}", kind, _pcm(sound, level))


def mixed() -> Iterator[Clip]:
    """Those made of recordings of people who talk to somebody else."""
    people = [_read(file) for file in sorted(SPEECH.glob("general*/*.wav"))]
    for kind, count, mix in (("babble", 10, _babble), ("tv", 10, _tv), ("talk", 8, _talk)):
        for variant in range(count):
            dice = np.random.default_rng([variant, *kind.encode()])
            sound = mix(dice, variant, people)
            yield Clip(f"{kind}-{variant:02d}", kind, _pcm(sound, (-18.0, -28.0)[variant % 2]))


def _pcm(sound: Samples, dbfs: float) -> bytes:
    """With this loudness (RMS), as far as the peaks allow."""
    loud = float(np.sqrt(np.mean(sound**2)))
    gain = 10 ** (dbfs / 20) / loud if loud > 1e-6 else 1.0
    return np.clip(sound * gain * 32767, -32768, 32767).astype("<i2").tobytes()


def _read(file: Path) -> Samples:
    return np.frombuffer(read_wav(file).pcm, "<i2").astype(np.float64) / 32768


def _time(samples: int) -> Samples:
    return np.arange(samples) / SAMPLE_RATE


def _shaped(dice: Dice, samples: int, envelope: Callable[[Samples], Samples]) -> Samples:
    """Noise whose spectrum is `envelope` of the frequencies (hertz)."""
    spectrum = np.fft.rfft(dice.normal(0.0, 1.0, samples))
    frequencies = np.maximum(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE), 1.0)
    return _unit(np.fft.irfft(spectrum * envelope(frequencies), samples))


def _unit(sound: Samples) -> Samples:
    return sound / max(float(np.max(np.abs(sound))), 1e-9)


def _silence(dice: Dice, variant: int, samples: int) -> Samples:
    """Nothing, the noise of a converter, an offset, a step."""
    least = 1e-7
    sounds: tuple[Samples, ...] = (
        np.zeros(samples),
        least * dice.integers(-1, 2, samples).astype(np.float64),
        np.full(samples, least),
        least * (np.arange(samples) < samples // 2).astype(np.float64),
    )
    return sounds[variant % len(sounds)]


def _noise(dice: Dice, variant: int, samples: int) -> Samples:
    """White, pink, brown, and gusts of pink."""
    slope = (0.0, 0.5, 1.0, 0.5)[variant % 4]
    sound = _shaped(dice, samples, lambda hertz: hertz**-slope)
    gusts = 0.5 + 0.5 * np.sin(2 * np.pi * 0.7 * _time(samples) + variant)
    return sound * gusts if variant % 4 == 3 else sound


def _hum(dice: Dice, variant: int, samples: int) -> Samples:
    mains = (50.0, 60.0)[variant % 2]
    sound = np.zeros(samples)
    for harmonic in range(1, 12):
        phase, loud = dice.uniform(0, 6.28), dice.uniform(0.2, 1.0) / harmonic
        sound += loud * np.sin(2 * np.pi * mains * harmonic * _time(samples) + phase)
    return sound + 0.02 * dice.normal(0.0, 1.0, samples)


def _fan(dice: Dice, variant: int, samples: int) -> Samples:
    """Air, and blades that pass at a speed that wavers."""
    blades = 20.0 + 13.0 * variant
    turn = np.cumsum(blades + 2.0 * np.sin(2 * np.pi * 0.3 * _time(samples))) / SAMPLE_RATE
    air = _shaped(dice, samples, lambda hertz: hertz**-0.8)
    return air * (1.0 + 0.4 * np.sin(2 * np.pi * turn)) + 0.1 * np.sin(2 * np.pi * 6 * turn)


def _clicks(dice: Dice, variant: int, samples: int) -> Samples:
    """A keyboard, a clock, knocks at a door, dishes."""
    sound = 0.002 * dice.normal(0.0, 1.0, samples)
    every, decay, pitch = ((0.15, 400, 3000), (1.0, 300, 2200), (0.35, 40, 180), (0.5, 25, 4100))[
        variant % 4
    ]
    at = 0.1
    while at < samples / SAMPLE_RATE - 0.3:
        start, length = int(at * SAMPLE_RATE), int(0.25 * SAMPLE_RATE)
        t = _time(length)
        ring = np.sin(2 * np.pi * pitch * t) + 0.5 * dice.normal(0.0, 1.0, length)
        sound[start : start + length] += ring * np.exp(-decay * t) * dice.uniform(0.4, 1.0)
        at += every * dice.uniform(0.6, 1.4)
    return sound


def _beeps(dice: Dice, variant: int, samples: int) -> Samples:
    """An oven, a smoke alarm, a telephone, a siren, a bell, dialling."""
    t = _time(samples)
    on = (t % (1.2, 0.5, 3.0, 9.0, 2.0, 0.2)[variant % 6]) < (0.3, 0.25, 1.2, 9.0, 1.9, 0.12)[
        variant % 6
    ]
    pitch = (2000.0, 3100.0, 440.0, 700.0, 880.0, 770.0)[variant % 6]
    if variant % 6 == 3:
        phase = np.cumsum(pitch + 300 * np.sin(2 * np.pi * 0.4 * t)) / SAMPLE_RATE
        return np.sin(2 * np.pi * phase)
    tone = np.sin(2 * np.pi * pitch * t) + 0.6 * np.sin(2 * np.pi * pitch * 1.27 * t)
    fade = np.exp(-3 * (t % 2.0)) if variant % 6 == 4 else 1.0
    return tone * on * fade + 0.001 * dice.normal(0.0, 1.0, samples)


def _water(dice: Dice, variant: int, samples: int) -> Samples:
    """Rain, a tap, a kettle, frying: noise with resonances that move."""
    centre = 600.0 + 900.0 * variant

    def band(hertz: Samples) -> Samples:
        return 1 / (1 + ((hertz - centre) / (200.0 + 100 * variant)) ** 2) + 0.05

    flow = 1 + 0.5 * _shaped(dice, samples, lambda hertz: (hertz < 12).astype(np.float64))
    return _shaped(dice, samples, band) * flow


_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), (0, 3, 5, 6, 7, 10))
_TIMBRES = (  # loudness of the harmonics, decay per second, vibrato
    ((1.0, 0.5, 0.3, 0.2, 0.1), 4.0, 0.0),  # piano
    ((1.0, 0.1, 0.05), 0.5, 0.004),  # flute
    ((1.0, 0.8, 0.7, 0.5, 0.4, 0.3), 0.7, 0.006),  # strings
    ((1.0, 1.0, 0.0, 0.7, 0.0, 0.4), 0.1, 0.0),  # organ
    ((1.0, 0.7, 0.6, 0.5, 0.5, 0.4, 0.3), 7.0, 0.0),  # guitar
)


def _music(dice: Dice, variant: int, samples: int) -> Samples:
    """A melody over chords and, in every second piece, drums."""
    scale, beat = _SCALES[variant % len(_SCALES)], dice.uniform(0.22, 0.5)
    timbre, root = _TIMBRES[variant % len(_TIMBRES)], 110.0 * 2 ** (dice.integers(0, 12) / 12)
    sound, step = np.zeros(samples), 0
    for number in range(int(samples / SAMPLE_RATE / beat)):
        step = int(np.clip(step + dice.integers(-2, 3), -3, 9))
        _add(sound, number * beat, _note(_pitch(root * 2, scale, step), beat * 1.5, timbre))
        if number % 4 == 0:
            base = int(dice.integers(0, 5))
            for tone in (base, base + 2, base + 4):
                chord = 0.4 * _note(_pitch(root, scale, tone), beat * 4, timbre)
                _add(sound, number * beat, chord)
        if variant % 2:
            _add(sound, number * beat, _drum(dice, kick=number % 2 == 0))
    return _unit(sound)


def _pitch(root: float, scale: Sequence[int], step: int) -> float:
    octave, tone = divmod(step, len(scale))
    return float(root * 2 ** (octave + scale[tone] / 12))


def _note(pitch: float, seconds: float, timbre: tuple[Sequence[float], float, float]) -> Samples:
    harmonics, decay, vibrato = timbre
    t = _time(int(seconds * SAMPLE_RATE))
    phase = np.cumsum(pitch * (1 + vibrato * np.sin(2 * np.pi * 5.5 * t))) / SAMPLE_RATE
    sound = np.zeros(len(t))
    for number, loud in enumerate(harmonics, 1):
        if pitch * number < SAMPLE_RATE / 2:
            sound += loud * np.sin(2 * np.pi * number * phase)
    fade: Samples = np.minimum(1, t / 0.01) * np.minimum(1, (t[-1] - t) / 0.02)
    return sound * np.exp(-decay * t) * fade


def _drum(dice: Dice, *, kick: bool) -> Samples:
    t = _time(SAMPLE_RATE // 5)
    if kick:
        return 2 * np.sin(2 * np.pi * 55 * np.exp(-8 * t) * t * 4) * np.exp(-18 * t)
    return dice.normal(0.0, 0.6, len(t)) * np.exp(-35 * t)


def _add(sound: Samples, at: float, part: Samples) -> None:
    start = int(at * SAMPLE_RATE)
    end = min(len(sound), start + len(part))
    sound[start:end] += part[: max(0, end - start)]


_VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (300, 870, 2240),
    (530, 1840, 2480),
    (570, 840, 2410),
)


def _voice(dice: Dice, variant: int, samples: int) -> Samples:
    """Somebody hums and sings vowels, a baby cries, a dog barks: a throat, and no words."""
    sound = np.zeros(samples)
    at, high = 0.1, (1.0, 1.0, 3.2, 1.8)[variant % 4]
    while at < samples / SAMPLE_RATE - 0.5:
        seconds = dice.uniform(0.2, 0.8) if variant % 4 != 3 else 0.15
        t = _time(int(seconds * SAMPLE_RATE))
        pitch = (
            dice.uniform(90, 220) * high * (1 + 0.1 * np.sin(2 * np.pi * dice.uniform(1, 4) * t))
        )
        throat = (np.cumsum(pitch) / SAMPLE_RATE) % 1.0 - 0.5
        vowel = _VOWELS[int(dice.integers(0, len(_VOWELS)))]
        spectrum = np.fft.rfft(throat)
        hertz = np.fft.rfftfreq(len(t), 1 / SAMPLE_RATE)
        mouth = sum(1 / (1 + ((hertz - formant * high**0.3) / 90) ** 2) for formant in vowel)
        part = np.fft.irfft(spectrum * mouth, len(t))
        _add(sound, at, _unit(part) * np.sqrt(np.abs(np.sin(np.pi * t / t[-1]))))
        at += seconds * dice.uniform(0.8, 1.6)
    return sound + 0.002 * dice.normal(0.0, 1.0, samples)


def _babble(dice: Dice, variant: int, people: Sequence[Samples]) -> Samples:
    """Two to eight people at once, each beginning somewhere in what they say."""
    samples = 6 * SAMPLE_RATE
    return _unit(
        sum(
            (_part(dice, people, samples) * dice.uniform(0.4, 1.0) for _ in range(2 + variant % 7)),
            np.zeros(samples),
        )
    )


def _tv(dice: Dice, variant: int, people: Sequence[Samples]) -> Samples:
    """Speech over music through a small loudspeaker in a room."""
    speech = _unit(_part(dice, people, 7 * SAMPLE_RATE))
    music = _music(dice, variant, len(speech))
    return _in_room(dice, speech + (0.15, 0.4)[variant % 2] * music, 0.3)


def _talk(dice: Dice, variant: int, people: Sequence[Samples]) -> Samples:
    """Somebody in the next room, and a tape that runs backwards."""
    speech = _unit(_part(dice, people, 6 * SAMPLE_RATE))
    return speech[::-1] if variant % 2 else _in_room(dice, speech, 0.8)


def _part(dice: Dice, people: Sequence[Samples], samples: int) -> Samples:
    """A part of what one of them says, again from the beginning where it is too short."""
    person = people[int(dice.integers(0, len(people)))]
    start = int(dice.integers(0, max(1, len(person) - samples)))
    turned = np.concatenate(
        list(itertools.repeat(person[start:], samples // len(person[start:]) + 1))
    )
    return _unit(turned[:samples])


def _in_room(dice: Dice, sound: Samples, seconds: float) -> Samples:
    """With the echo of a room in which sound takes so long to die away."""
    tail = _time(int(seconds * SAMPLE_RATE))
    room = dice.normal(0.0, 0.2, len(tail)) * np.exp(-6.9 * tail / seconds)
    room[0] = 1.0
    size = len(sound) + len(room)
    echo = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(room, size), size)
    return _unit(echo[: len(sound)])


_KINDS: tuple[tuple[str, int, Make], ...] = (
    ("silence", 4, _silence),
    ("noise", 12, _noise),
    ("hum", 6, _hum),
    ("fan", 6, _fan),
    ("clicks", 6, _clicks),
    ("beeps", 6, _beeps),
    ("water", 6, _water),
    ("music", 20, _music),
    ("voice", 6, _voice),
)
