"""Shards of synthesized speech: log-mel power, text, purpose and frame labels, made once and kept
on disk.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training import other_words
from training.features import HOP, RATE, log_mel_power
from training.home_sentences import WAKE_PHRASES, home_drill, home_sentence
from training.other_sentences import foreign_sentence, other_drill, other_sentence
from training.phones import PHONE_INDEX
from training.synthesizers import Clip, speak
from training.voices import ENGINE_SHARES, Voice, voices_of

HOME, OTHER, FOREIGN = "home", "other", "foreign"
NO_LABEL = 255
BATCH = 10  # sentences per voice and call of a synthesizer
_DRILLS = 0.25  # share of the training sentences that practise what is weak
_LOUDNESS = 0.08  # root mean square of every clip, so that augmentation knows what gain means


@dataclass(frozen=True)
class Item:
    """One utterance of a shard; `start` and `frames` (10 ms each) point into the shard's mel array.

    `text` is what the model must write for a home sentence; `spoken` is what is heard, a wake
    phrase included.
    """

    text: str
    kind: str
    engine: str
    voice: str
    start: int
    frames: int
    labelled: bool
    spoken: str = ""


@dataclass(frozen=True)
class Shard:
    """`mel` is [frames, 80] float16 log10 power; `labels` is one phone index (or 255) per frame."""

    items: list[Item]
    mel: NDArray[np.float16]
    labels: NDArray[np.uint8]


def held_out_sentence(text: str) -> bool:
    """Whether a sentence is kept for evaluation: one in 25 of those with five words or more."""
    return len(text.split()) >= 5 and zlib.crc32(text.encode()) % 25 == 0


def training_sentence(kind: str, dice: random.Random) -> str:
    """A sentence of `kind` that is not held out, every fourth one a drill; a few home sentences
    break off, to be written down as far as they go.
    """
    usual, drill = (home_sentence, home_drill) if kind == HOME else (other_sentence, other_drill)
    make = drill if dice.random() < _DRILLS else usual
    while True:
        text = make(dice)
        if not held_out_sentence(text):
            words = text.split()
            breaks_off = kind == HOME and len(words) > 3 and dice.random() < 0.03
            return " ".join(words[: dice.randint(2, len(words) - 1)]) if breaks_off else text


def evaluation_sentence(kind: str, dice: random.Random) -> str:
    """A held-out sentence of `kind`."""
    make = home_sentence if kind == HOME else other_sentence
    while True:
        text = make(dice)
        if held_out_sentence(text):
            return text


def frame_labels(clip: Clip, frames: int) -> NDArray[np.uint8]:
    """The phone of each 10 ms frame, or 255 everywhere when the synthesizer does not tell."""
    labels = np.full(frames, NO_LABEL, np.uint8)
    if clip.phones is None:
        return labels
    labels[:] = PHONE_INDEX["sil"]
    ends = [start for start, _ in clip.phones[1:]] + [frames * HOP / RATE]
    for (start, phone), end in zip(clip.phones, ends, strict=True):
        labels[round(start * RATE / HOP) : round(end * RATE / HOP)] = PHONE_INDEX[phone]
    return labels


class ShardWriter:
    """Collects clips and writes them as one shard, complete once its ``.json`` exists."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._mels: list[NDArray[np.float16]] = []
        self._labels: list[NDArray[np.uint8]] = []
        self._frames = 0

    def add(self, clip: Clip, text: str, kind: str, voice: Voice, spoken: str = "") -> None:
        """Keep one clip, brought to one loudness; clips that are nearly empty or over 12 s long are
        dropped.
        """
        loudness = float(np.sqrt(np.mean(clip.samples**2))) if len(clip.samples) else 0.0
        if loudness < 1e-4 or not 0.25 <= len(clip.samples) / RATE <= 12.0:
            return
        mel = log_mel_power(clip.samples * np.float32(_LOUDNESS / loudness)).astype(np.float16)
        labelled = clip.phones is not None
        self._items.append(
            Item(
                text,
                kind,
                voice.engine,
                voice.name,
                self._frames,
                len(mel),
                labelled,
                spoken or text,
            )
        )
        self._mels.append(mel)
        self._labels.append(frame_labels(clip, len(mel)))
        self._frames += len(mel)

    def write(self, path: Path) -> None:
        """Write ``path.mel.npy``, ``path.labels.npy`` and ``path.json``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(f"{path}.mel.npy", np.concatenate(self._mels))
        np.save(f"{path}.labels.npy", np.concatenate(self._labels))
        index = Path(f"{path}.json.part")
        index.write_text(json.dumps([asdict(item) for item in self._items]), "utf-8")
        index.rename(f"{path}.json")


def read_shard(path: Path) -> Shard:
    """Read a shard by its ``.json`` path; the arrays are mapped, not loaded."""
    stem = str(path).removesuffix(".json")
    items = [Item(**entry) for entry in json.loads(path.read_text("utf-8"))]
    return Shard(items, np.load(f"{stem}.mel.npy", mmap_mode="r"), np.load(f"{stem}.labels.npy"))


def _with_wake_phrase(text: str, dice: random.Random) -> str:
    """What is spoken for a command: sometimes a wake phrase comes first, which is never written
    down.
    """
    return f"{dice.choice(WAKE_PHRASES)}, {text}" if dice.random() < 0.05 else text


def _batch(writer: ShardWriter, voice: Voice, other_share: float, dice: random.Random) -> None:
    kinds = [OTHER if dice.random() < other_share else HOME for _ in range(BATCH)]
    texts = [training_sentence(kind, dice) for kind in kinds]
    spoken = [
        _with_wake_phrase(text, dice) if kind == HOME else text
        for kind, text in zip(kinds, texts, strict=True)
    ]
    for clip, text, kind, heard in zip(
        speak(voice, spoken, dice), texts, kinds, spoken, strict=True
    ):
        writer.add(clip, text, kind, voice, heard)


def _foreign(writer: ShardWriter, count: int, dice: random.Random) -> None:
    for _ in range(count):
        language = dice.choice(sorted(other_words.FOREIGN))
        voice = Voice(
            "espeak",
            dice.choice(
                (language, f"{language}+f{dice.randint(1, 5)}", f"{language}+m{dice.randint(1, 8)}")
            ),
        )
        text = foreign_sentence(language, dice)
        writer.add(speak(voice, [text], dice)[0], text, FOREIGN, voice)


def make_training_shard(
    path: Path, seed: int, utterances: int = 1000, other_share: float = 0.27
) -> None:
    """Synthesize one shard with every engine but Kokoro; `other_share` of it is not for the home, 4
    % is not English.
    """
    dice, writer = random.Random(seed), ShardWriter()
    engines, shares = list(ENGINE_SHARES), list(ENGINE_SHARES.values())
    for _ in range(utterances // BATCH):
        engine = dice.choices(engines, shares)[0]
        voices = voices_of(engine)
        voice = dice.choices(voices, [voice.weight for voice in voices])[0]
        _batch(writer, voice, other_share, dice)
    _foreign(writer, utterances // 25, dice)
    writer.write(path)


def make_kokoro_shard(path: Path, seed: int, utterances: int = 100) -> None:
    """Synthesize one shard with Kokoro, each sentence by a voice of its own."""
    dice, writer = random.Random(seed), ShardWriter()
    for _ in range(utterances):
        voice = dice.choice(voices_of("kokoro"))
        kind = OTHER if dice.random() < 0.25 else HOME
        text = training_sentence(kind, dice)
        spoken = _with_wake_phrase(text, dice) if kind == HOME else text
        writer.add(speak(voice, [spoken], dice)[0], text, kind, voice, spoken)
    writer.write(path)


def make_evaluation_shard(
    path: Path, seed: int, *, voices: list[Voice], count: int, kind: str, held_out: bool
) -> None:
    """Synthesize `count` utterances by `voices` in turn, of sentences that are (or are not) held
    out.
    """
    dice, writer = random.Random(seed), ShardWriter()
    sentence: Callable[[str, random.Random], str] = (
        evaluation_sentence if held_out else training_sentence
    )
    for number in range(count):
        voice = voices[number % len(voices)]
        text = sentence(kind, dice)
        writer.add(speak(voice, [text], dice)[0], text, kind, voice)
    writer.write(path)
