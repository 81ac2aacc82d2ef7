"""What is played to the ear: the words themselves, and hours of speech and noise without them.

Recordings are those of ../shared/data/speech; what they lack in length comes from synthesizers that
read XQuAD's paragraphs. Everything is made the same way every time (seeded).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from laresd.sound import RAW_SUFFIXES, read_wav
from laresd.types import SAMPLE_RATE
from tests.bench.wake.voices import Voice, english, foreign

DATA = Path(__file__).parents[4] / "shared" / "data"
PHRASES = {
    "okay_nabu": "okay nabu",
    "hey_jarvis": "hey jarvis",
    "hey_mycroft": "hey mycroft",
    "alexa": "alexa",
}
ALIKE = (
    "okay now", "okay, maybe", "hey you", "hey Travis", "hey, harvest time", "hey Marcus",
    "hey, my craft", "a lexicon", "Alexander", "Alaska", "a Lexus", "okay, a boo", "all excited",
    "hey carpet", "hey Microsoft", "all right now", "no, okay", "elect her", "hey jealous",
)  # fmt: skip
GAP_S = 0.6  # of quiet between two pieces
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Clip:
    """One saying of a wake word. `recorded`: by a person, not a synthesizer."""

    word: str
    name: str
    pcm: bytes
    recorded: bool


def recordings() -> list[tuple[str, str, bytes]]:
    """(file, transcript, pcm) of all in the manifest; [] where the data is absent."""
    manifest = DATA / "speech" / "manifest.json"
    if not manifest.exists():
        return []
    rows = json.loads(manifest.read_text(encoding="utf-8"))
    found = []
    for row in rows:
        path = DATA / "speech" / row["file"]
        if path.suffix == ".wav" or path.suffix in RAW_SUFFIXES:
            found.append((row["file"], row["transcript"] or "", read_wav(path).pcm))
    return found


def recorded_words() -> list[Clip]:
    by_phrase = {phrase: word for word, phrase in PHRASES.items()}
    return [
        Clip(by_phrase[said], file, pcm, recorded=True)
        for file, said, pcm in recordings()
        if said in by_phrase
    ]


def spoken_words() -> list[Clip]:
    """Each word by each English voice of the synthesizers."""
    wanted = [(word, voice) for word in PHRASES for voice in english()]

    def say(item: tuple[str, Voice]) -> Clip:
        word, voice = item
        return Clip(word, voice.name, voice.say(PHRASES[word] + "."), recorded=False)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(say, wanted))


def no_words(seconds: float) -> Iterator[tuple[str, bytes]]:
    """(kind, pcm): recordings of other speech as they are and changed, then paragraphs read
    aloud until `seconds` are full, with rooms and noise; a tenth of the time is noise alone.
    """
    dice = np.random.default_rng(7)
    noises = [_samples(pcm) for file, _, pcm in recordings() if file.startswith("noise/")]
    yield from _noise(noises, seconds * 0.1, dice)
    left = seconds * 0.9
    others = [pcm for file, said, pcm in recordings() if _is_other(file, said)]
    for change in range(3):
        for pcm in others:
            sound = _samples(pcm) if not change else _changed(_samples(pcm), dice)
            piece = _in_a_room(sound, noises, dice, loud=bool(change))
            left -= len(piece) / SAMPLE_RATE
            yield "recorded", _pcm(piece)
    for kind, pcm in _read_aloud():
        if left <= 0:
            return
        piece = _in_a_room(_samples(pcm), noises, dice, loud=True)
        left -= len(piece) / SAMPLE_RATE
        yield kind, _pcm(piece)


def alike() -> Iterator[tuple[str, bytes]]:
    """Words that sound nearly like the wake words, by every voice: the hardest there is."""
    wanted = [(text, voice) for text in ALIKE for voice in english()]
    with ThreadPoolExecutor(2) as pool:
        for pcm in pool.map(lambda item: item[1].say(item[0] + "."), wanted):
            yield "alike", pcm + bytes(int(GAP_S * SAMPLE_RATE) * 2)


def _is_other(file: str, said: str) -> bool:
    return not file.startswith("noise/") and not any(p in said.lower() for p in PHRASES.values())


def _read_aloud() -> Iterator[tuple[str, bytes]]:
    """Paragraphs, by each voice in turn; every fourth is not English."""
    voices, strangers = english(), foreign()
    texts = _paragraphs("xquad_en.json")
    jobs: list[tuple[str, Voice, str]] = []
    for turn, text in enumerate(texts):
        voice = voices[turn % len(voices)]
        jobs.append(("english", voice, text))
        if turn % 3 == 2 and strangers:
            jobs.append(("foreign", strangers[turn // 3 % len(strangers)], text))
    with ThreadPoolExecutor(2) as pool:
        while jobs:
            now, jobs = jobs[:8], jobs[8:]
            yield from zip(
                [kind for kind, _, _ in now], pool.map(lambda j: j[1].say(j[2]), now), strict=True
            )


def _paragraphs(name: str) -> list[str]:
    """Cut into sentences' worth of breath, since some synthesizers take no long text."""
    rows = json.loads((DATA / "retrieval" / name).read_text(encoding="utf-8"))["contexts"]
    plain = [row["text"].encode("ascii", "ignore").decode() for row in rows]
    return ["".join(c if c.isalnum() or c in " .,'-" else " " for c in text) for text in plain]


def _noise(
    noises: Sequence[Samples], seconds: float, dice: np.random.Generator
) -> Iterator[tuple[str, bytes]]:
    made = 0.0
    while made < seconds:
        level = 10 ** (dice.uniform(-45, -15) / 20)
        sound = (
            noises[int(dice.integers(len(noises)))]
            if noises and dice.random() < 0.5
            else _pink(int(10 * SAMPLE_RATE), dice)
        )
        made += len(sound) / SAMPLE_RATE
        yield "noise", _pcm(sound / (np.sqrt(np.mean(sound**2)) + 1e-9) * level)


def _pink(count: int, dice: np.random.Generator) -> Samples:
    spectrum = np.fft.rfft(dice.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(1, np.arange(len(spectrum))))
    return np.fft.irfft(spectrum, count).astype(np.float32)


def _changed(sound: Samples, dice: np.random.Generator) -> Samples:
    """By up to 12 % faster and higher, or slower and lower: another throat."""
    rate = int(SAMPLE_RATE * dice.uniform(0.88, 1.12))
    return np.asarray(soxr.resample(sound, SAMPLE_RATE, rate), np.float32)


def _in_a_room(
    sound: Samples, noises: Sequence[Samples], dice: np.random.Generator, *, loud: bool
) -> Samples:
    """At some distance, over some noise if `loud`, with quiet after it."""
    sound = np.concatenate([sound, np.zeros(int(GAP_S * SAMPLE_RATE), np.float32)])
    if not loud:
        return sound
    sound = sound * 10 ** (dice.uniform(-20, 0) / 20)
    noise = _pink(len(sound), dice) if not noises or dice.random() < 0.5 else None
    if noise is None:
        noise = np.resize(noises[int(dice.integers(len(noises)))], len(sound))
    power = float(np.sqrt(np.mean(sound**2))) + 1e-9
    share = 10 ** (-dice.uniform(5, 30) / 20)
    mixed = sound + noise / (np.sqrt(np.mean(noise**2)) + 1e-9) * power * share
    return np.asarray(mixed, np.float32)


def _samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0


def _pcm(samples: Samples) -> bytes:
    return bytes(np.clip(samples * 32767.0, -32768, 32767).astype("<i2"))
