"""Does the written text fit what was heard? A second opinion on a Whisper model that ships a phone
head.

The decoder of a small closed-vocabulary model makes up plausible commands from other speech. Its
encoder has a second, independent output, trained with CTC: which of 41 phones is spoken in each 20
ms. Here the words that the decoder wrote are laid over that output (forced alignment), and each
word gets a score: how much less likely its own phones are than whatever the phone head hears best
in the same moments. Speech that no word covers counts too.

The head is ``phone_head.npz`` beside ``model.bin``. It holds the linear layer (``weight`` [phones,
width], ``bias``), and each word's phones (``word_lengths``, ``word_phones``); word n is token n of
the vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLANK = 0
_NEVER = -1e9
_LIKELIER = math.log(0.5)
_TRUST = 0.5  # weight of this opinion against the decoder's, chosen on synthesized speech


@dataclass(frozen=True)
class Fit:
    """How well a text fits. All scores are natural logarithms per phone: 0 is perfect, -3 and below
    is something else.

    `words` has one score for each word; `outside` is for the speech that no word covers; `score` is
    for all of it.
    """

    words: tuple[float, ...]
    outside: float
    score: float
    total: float  # `score` times the number of phones

    @property
    def worst(self) -> float:
        """The score of the word that fits worst (0 for no words)."""
        return min(self.words, default=0.0)


class PhoneHead:
    """The phone head of one model folder."""

    def __init__(self, path: Path) -> None:
        """Read ``phone_head.npz``; raises OSError, KeyError or ValueError if it is missing or
        damaged.
        """
        with np.load(path) as stored:
            self._weight = stored["weight"].astype(np.float32)
            self._bias = stored["bias"].astype(np.float32)
            lengths, flat = stored["word_lengths"].astype(int), stored["word_phones"].astype(int)
        ends = np.cumsum(lengths)
        self._words = [
            flat[end - length : end].tolist() for length, end in zip(lengths, ends, strict=True)
        ]

    def log_probabilities(self, encoded: NDArray[np.float32]) -> NDArray[np.float32]:
        """[frames, phones] from the encoder's output [frames, width]
        (``ctranslate2.models.Whisper.encode``).
        """
        logits = encoded.astype(np.float32) @ self._weight.T + self._bias
        logits -= logits.max(axis=1, keepdims=True)
        result: NDArray[np.float32] = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return result

    def fit(self, encoded: NDArray[np.float32], tokens: Sequence[int]) -> Fit:
        """How well the words `tokens` (token ids; ids of control tokens are skipped) fit the
        encoder's output.

        `encoded` is [frames, width] float32 of one utterance, padding included. No words at all fit
        perfectly where nothing is spoken. More phones than frames fit not at all.
        """
        return self._fits(self.log_probabilities(encoded), [tokens])[0]

    def choose(
        self,
        encoded: NDArray[np.float32],
        candidates: Sequence[Sequence[int]],
        scores: Sequence[float],
    ) -> tuple[int, Fit]:
        """The candidate that decoder and phone head together find best: its index, and its fit.

        `candidates` are the token ids of all hypotheses of a beam search (``sequences_ids``) and
        `scores` the logarithms of their probabilities, which CTranslate2 gives as ``scores`` with
        ``length_penalty=0`` (with any other it never ends at once). A candidate without words is
        chosen where the decoder finds it likelier than all others together. Raises ValueError if
        there are no candidates.
        """
        if not candidates:
            raise ValueError("no candidates to choose from")
        fits = self._fits(self.log_probabilities(encoded), candidates)
        both = [score + _TRUST * fit.total for score, fit in zip(scores, fits, strict=True)]
        for index, (score, fit) in enumerate(zip(scores, fits, strict=True)):
            if not fit.words:
                both[index] = math.inf if score > _LIKELIER else -math.inf
        best = max(range(len(both)), key=both.__getitem__)
        return best, fits[best]

    def _fits(self, scores: NDArray[np.float32], candidates: Sequence[Sequence[int]]) -> list[Fit]:
        spoken = [
            [self._words[token] for token in tokens if token < len(self._words)]
            for tokens in candidates
        ]
        phones = [[phone for word in words for phone in word] for words in spoken]
        paths = _align(scores, phones)
        best = scores.max(axis=1)
        return [
            _fit(scores, best, words, states) for words, states in zip(spoken, paths, strict=True)
        ]


def _fit(
    scores: NDArray[np.float32],
    best: NDArray[np.float32],
    spoken: Sequence[Sequence[int]],
    states: NDArray[Any] | None,
) -> Fit:
    """How well the phones of the words `spoken` fit along the path `states`."""
    if states is None:
        return Fit((_NEVER,) * len(spoken), _NEVER, _NEVER, _NEVER)
    phones = [phone for word in spoken for phone in word]
    owner = np.repeat(np.arange(len(spoken)), [len(word) for word in spoken])
    labels = np.where(
        states % 2 == 1, np.array([*phones, 0])[np.minimum(states // 2, len(phones))], _BLANK
    )
    loss = scores[np.arange(len(scores)), labels] - best
    places = _owners(states, owner)
    counts = [max(1, len(word)) for word in spoken]
    words = tuple(
        float(loss[places == number].sum()) / count for number, count in enumerate(counts)
    )
    total = float(loss.sum())
    outside = float(loss[places < 0].sum())
    return Fit(words, outside / max(1, len(phones)), total / max(1, len(phones)), total)


def _align(
    scores: NDArray[np.float32], texts: Sequence[Sequence[int]]
) -> list[NDArray[Any] | None]:
    """The best CTC path for the phones of each text: one state per frame, odd 2k+1 for phone k and
    even for the blanks between; None if too short.

    All texts are laid over the sound together: one pass over the frames for all costs hardly more
    than for one.
    """
    longest = 2 * max(len(phones) for phones in texts) + 1
    chain = np.full((len(texts), longest), _BLANK)
    for row, phones in enumerate(texts):
        chain[row, 1 : 2 * len(phones) + 1 : 2] = phones
    skips = np.zeros(chain.shape, bool)
    skips[:, 3::2] = chain[:, 3::2] != chain[:, 1:-2:2]
    best = np.full(chain.shape, _NEVER, np.float64)
    best[:, :2] = scores[0, chain[:, :2]]
    moves = np.zeros((len(scores), *chain.shape), np.int8)
    step, skip = np.full_like(best, _NEVER), np.full_like(best, _NEVER)
    for frame in range(1, len(scores)):
        step[:, 1:] = best[:, :-1]
        skip[:, 2:] = np.where(skips[:, 2:], best[:, :-2], _NEVER)
        further = np.maximum(step, skip)
        moves[frame] = np.where(further > best, np.where(skip > step, 2, 1), 0)
        best = np.maximum(best, further) + scores[frame, chain]
    return [
        _path(moves[:, row], best[row, : 2 * len(phones) + 1]) for row, phones in enumerate(texts)
    ]


def _path(moves: NDArray[np.int8], best: NDArray[np.float64]) -> NDArray[Any] | None:
    """Follow the moves [frames, states] back from the better of the last two states."""
    state = len(best) - 1 if len(best) == 1 or best[-1] >= best[-2] else len(best) - 2
    if best[state] < _NEVER / 2:
        return None
    path = np.zeros(len(moves), int)
    for frame in range(len(moves) - 1, -1, -1):
        path[frame] = state
        state -= int(moves[frame, state])
    return path


def _owners(states: NDArray[Any], owner: NDArray[Any]) -> NDArray[Any]:
    """The word of each frame; blanks inside a word are its own, all others belong to none (-1)."""
    places = np.full(len(states), -1)
    if not len(owner):
        return places
    after = np.minimum(
        states // 2, len(owner) - 1
    )  # phone k for state 2k+1; for blank 2k, the phone after it
    before = np.maximum((states - 1) // 2, 0)
    inside = (states % 2 == 1) | (
        (states > 0) & (states < 2 * len(owner)) & (owner[after] == owner[before])
    )
    places[inside] = owner[after][inside]
    return places
