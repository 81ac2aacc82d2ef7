"""Endless training batches: utterances of the shards, changed at random, grouped by length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training import augment
from training.corpus import HOME, NO_LABEL, OTHER, Item, Shard, read_shard
from training.espeak import sentence_phones
from training.features import FLOOR, scaled
from training.home_sentences import WAKE_PHRASES
from training.noises import noise_mels
from training.phones import PHONE_INDEX
from training.vocabulary import END, NO_SPEECH, NO_TIMESTAMPS, START, Vocabulary
from training.voices import sampling_weight

IGNORE = -100
_UNKNOWN = "?"  # what is spoken cannot be said in phones
_POOL = 384  # utterances that are prepared together and then sorted by length
_LONGEST = 800  # frames of speech; longer utterances are cut (and so never home sentences)


@dataclass(frozen=True)
class Example:
    """One utterance, ready: scaled features, a phone per 20 ms, phones for CTC (None: unknown), and
    the decoder's ids.
    """

    feature: NDArray[np.float32]
    frame_phones: NDArray[np.int64]
    phones: list[int] | None
    inputs: list[int]
    targets: list[int]


@dataclass(frozen=True)
class Batch:
    """Padded tensors; `mel` is [batch, 80, frames]. `ctc_rows` are the rows that have phones."""

    mel: Tensor
    frame_phones: Tensor
    ctc_rows: Tensor
    phones: Tensor
    phone_counts: Tensor
    inputs: Tensor
    targets: Tensor


def decoder_ids(vocabulary: Vocabulary, text: str, wanted: bool) -> tuple[list[int], list[int]]:
    """Inputs and targets of the decoder; speech that is not `wanted` ends at once, and is no speech
    to the first token.
    """
    start, plain, end = vocabulary.id(START), vocabulary.id(NO_TIMESTAMPS), vocabulary.id(END)
    if not wanted:
        return [start, plain], [vocabulary.id(NO_SPEECH), end]
    ids = vocabulary.encode(text)
    return [start, plain, *ids], [plain, *ids, end]


class Examples:
    """Draws examples from shards; every process of a run has its own, with its own `seed`.

    Processes with the same `order` give batches of like lengths at the same step: none waits.
    """

    def __init__(self, folder: Path, vocabulary: Vocabulary, seed: int, order: int = 0) -> None:
        self._folder, self._vocabulary = folder, vocabulary
        self._dice, self._order = np.random.default_rng(seed), np.random.default_rng(order)
        self._shards: dict[str, Shard] = {}
        self._index: list[tuple[str, int]] = []
        self._sums = np.zeros(1)
        self._wakes: list[tuple[str, int]] = []
        self._noises = noise_mels(70)
        self._phones: dict[str, list[int]] = {}
        self.strength = augment.Strength()  # may be changed at any time

    def refresh(self) -> int:
        """Take in the shards that have been finished since; returns the number of utterances."""
        for path in sorted(self._folder.glob("*.json")):
            if path.name not in self._shards:
                shard = read_shard(path)
                self._shards[path.name] = shard
                self._index += [(path.name, number) for number in range(len(shard.items))]
                self._wakes += [
                    (path.name, number)
                    for number, item in enumerate(shard.items)
                    if item.text in WAKE_PHRASES
                ]
                weights = [sampling_weight(item.engine, item.voice) for item in shard.items]
                self._sums = np.concatenate([self._sums, self._sums[-1:] + np.cumsum(weights)])
        return len(self._index)

    def _clean(self) -> tuple[Item, NDArray[np.float32], NDArray[np.uint8]]:
        at = np.searchsorted(self._sums, self._dice.random() * self._sums[-1], side="right") - 1
        name, number = self._index[min(int(at), len(self._index) - 1)]
        shard = self._shards[name]
        item = shard.items[number]
        span = slice(item.start, item.start + item.frames)
        return item, shard.mel[span].astype(np.float32), shard.labels[span]

    def _noise(self) -> list[NDArray[np.float32]]:
        """A few noises to choose from, one of them other people talking."""
        talkers = [10 ** self._clean()[1] for _ in range(int(self._dice.integers(1, 4)))]
        babble = np.zeros((300, 80), np.float32)
        for talker in talkers:
            babble += augment.fit_length(talker, 300, self._dice)
        chosen = [self._noises[int(self._dice.integers(len(self._noises)))] for _ in range(2)]
        return [*chosen, babble]

    def example(self) -> Example:
        """One random example; about one in sixteen is noise, babble or speech played backwards."""
        kind = self._dice.random()
        if kind < 0.035:
            which = int(self._dice.integers(3))  # the third is other people talking
            noise = augment.fit_length(
                self._noise()[which], int(self._dice.integers(60, 350)), self._dice
            )
            return self._refused(np.log10(np.maximum(noise, FLOOR)), silent=which < 2)
        item, mel, labels = self._clean()
        if kind < 0.05:
            return self._refused(mel[::-1])
        if item.kind != HOME and (
            len(mel) > _LONGEST or (len(mel) > 120 and self._dice.random() < 0.35)
        ):
            start = int(self._dice.integers(0, len(mel) - 60))
            return self._refused(mel[start : start + int(self._dice.integers(50, 400))])
        mel, labels = mel[:_LONGEST], labels[:_LONGEST]
        if item.kind == HOME and self._wakes and self._dice.random() < 0.08:
            before = self._wake_tail()
            unknown = np.full(len(before), NO_LABEL, np.uint8)
            item = replace(item, spoken=_UNKNOWN)
            mel, labels = np.concatenate([before, mel]), np.concatenate([unknown, labels])
        return self._spoken(item, mel, labels)

    def _wake_tail(self) -> NDArray[np.float32]:
        """The end of somebody's wake phrase and a pause: what a late start of listening lets in."""
        name, number = self._wakes[int(self._dice.integers(len(self._wakes)))]
        item = self._shards[name].items[number]
        end = item.start + item.frames
        length = min(item.frames, int(self._dice.integers(6, 90)))
        tail = self._shards[name].mel[end - length : end].astype(np.float32)
        return np.pad(tail, ((0, int(self._dice.integers(0, 45))), (0, 0)), constant_values=-7.0)

    def _spoken(self, item: Item, mel: NDArray[np.float32], labels: NDArray[np.uint8]) -> Example:
        log_power, lead, factor = augment.distort(mel, self._noise(), self.strength, self._dice)
        places = np.floor((np.arange(0, len(log_power), 2) - lead) / factor).astype(np.int64)
        inside = (places >= 0) & (places < len(labels))
        frames = np.where(
            inside,
            labels[np.clip(places, 0, len(labels) - 1)],
            PHONE_INDEX["sil"] if item.labelled else NO_LABEL,
        )
        frame_phones = np.where(frames == NO_LABEL, IGNORE, frames.astype(np.int64))
        known = item.kind in (HOME, OTHER) and item.spoken != _UNKNOWN
        phones = self._phone_ids(item.spoken or item.text) if known else None
        inputs, targets = decoder_ids(self._vocabulary, item.text, item.kind == HOME)
        return Example(self._feature(log_power), frame_phones, phones, inputs, targets)

    def _refused(self, mel: NDArray[np.float32], silent: bool = False) -> Example:
        log_power, _, _ = augment.distort(
            mel, [] if silent else self._noise(), self.strength, self._dice
        )
        frame = PHONE_INDEX["sil"] if silent else IGNORE
        frame_phones = np.full((len(log_power) + 1) // 2, frame, np.int64)
        inputs, targets = decoder_ids(self._vocabulary, "", False)
        return Example(
            self._feature(log_power), frame_phones, [] if silent else None, inputs, targets
        )

    def _feature(self, log_power: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scale, hide patches, and pad as the engine does: with silence of at least 20 frames,
        sometimes with zeros.
        """
        silence = int(self._dice.integers(25, 75))
        feature = scaled(np.pad(log_power, ((0, silence), (0, 0)), constant_values=-10.0))
        if self._dice.random() < 0.2:
            feature[-silence:] = 0.0
        if self._dice.random() < self.strength.patches:
            feature[:-silence] = augment.mask_patches(feature[:-silence], self._dice)
        return feature

    def _phone_ids(self, text: str) -> list[int]:
        if text not in self._phones:
            self._phones[text] = [PHONE_INDEX[phone] for phone in sentence_phones(text)]
        return self._phones[text]

    def batches(self, size: int) -> Iterator[Batch]:
        """Batches of `size` examples of similar length, for ever; looks for new shards now and
        then.
        """
        while True:
            self.refresh()
            for _ in range(8):
                pool = sorted(
                    (self.example() for _ in range(_POOL)),
                    key=lambda example: len(example.feature),
                )
                groups = [pool[start : start + size] for start in range(0, _POOL - size + 1, size)]
                for number in self._order.permutation(len(groups)):
                    long = self._order.random() < 0.03
                    extra = int(self._order.integers(150, 700)) if long else 0
                    yield collate(groups[int(number)], extra)


def collate(examples: list[Example], extra_frames: int = 0) -> Batch:
    """Pad examples to one length (an even number of frames) by repeating each one's last, silent,
    frame.
    """
    frames = max(len(example.feature) for example in examples) + extra_frames
    frames += frames % 2
    mel = np.stack(
        [np.pad(e.feature, ((0, frames - len(e.feature)), (0, 0)), mode="edge") for e in examples]
    )
    labels = np.full((len(examples), frames // 2), IGNORE, np.int64)
    for row, example in enumerate(examples):
        labels[row, : len(example.frame_phones)] = example.frame_phones
        if example.phones is not None:
            labels[row, len(example.frame_phones) :] = PHONE_INDEX["sil"]
    known = [
        (row, example.phones) for row, example in enumerate(examples) if example.phones is not None
    ]
    length = max(len(example.inputs) for example in examples)
    inputs = np.array([[*e.inputs, *[e.inputs[0]] * (length - len(e.inputs))] for e in examples])
    targets = np.array([[*e.targets, *[IGNORE] * (length - len(e.targets))] for e in examples])
    return Batch(
        torch.from_numpy(mel).transpose(1, 2).contiguous(),
        torch.from_numpy(labels),
        torch.tensor([row for row, _ in known], dtype=torch.long),
        torch.tensor([phone for _, phones in known for phone in phones], dtype=torch.long),
        torch.tensor([len(phones) for _, phones in known], dtype=torch.long),
        torch.from_numpy(inputs),
        torch.from_numpy(targets),
    )
