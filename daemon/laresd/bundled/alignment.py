"""Does the written text fit what was heard? A second opinion on a Whisper model that ships a phone
head.

The decoder of a small closed-vocabulary model makes up plausible commands from other speech. Its
encoder has a second, independent output, trained with CTC: which of 41 phones is spoken in each 20
ms. Here the words that the decoder wrote are laid over that output (forced alignment), and each
word gets a score: how much less likely its own phones are than whatever the phone head hears best
in the same moments. Speech that no word covers counts too. Where a word fits badly, the nearest
words of the vocabulary are tried in its place: a beam of likely texts seldom holds a rare name.

The head is ``phone_head.npz`` beside ``model.bin``. It holds the linear layer (``weight`` [phones,
width], ``bias``), and each word's phones (``word_lengths``, ``word_phones``); word n is token n of
the vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLANK = 0
_NEVER = -1e9
_LIKELIER = math.log(0.5)
# Chosen on synthesized speech:
_TRUST = 0.5  # weight of this opinion against the decoder's
_BAD = -0.6  # a word that fits worse than this may be another
_NEAREST = 2  # so many other words are tried in its place
_MENDED = 4.0  # how much less likely, as a logarithm, the decoder is taken to find the text then


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


@dataclass(frozen=True)
class Choice:
    """A text as token ids, the logarithm of its probability to the decoder, and how well it fits.

    In a text that was mended the score is an estimate.
    """

    tokens: tuple[int, ...]
    score: float
    fit: Fit

    @property
    def worth(self) -> float:
        """What decoder and phone head together think of it, to be compared only."""
        return self.score + _TRUST * self.fit.total


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
        self._lattice = _Lattice(self._words)

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
    ) -> Choice:
        """The text that decoder and phone head together find best.

        `candidates` are the token ids of all hypotheses of a beam search (``sequences_ids``) and
        `scores` the logarithms of their probabilities, which CTranslate2 gives as ``scores`` with
        ``length_penalty=0`` (with any other it never ends at once). A candidate without words is
        chosen where the decoder finds it likelier than all others together. In the best of the
        others each word that fits badly may be replaced. Raises ValueError if there are no
        candidates.
        """
        if not candidates:
            raise ValueError("no candidates to choose from")
        heard = self.log_probabilities(encoded)
        choices = [
            Choice(tuple(tokens), score, fit)
            for tokens, score, fit in zip(
                candidates, scores, self._fits(heard, candidates), strict=True
            )
        ]
        silent = [choice for choice in choices if not choice.fit.words]
        if silent and (len(silent) == len(choices) or silent[0].score > _LIKELIER):
            return silent[0]
        best = max((choice for choice in choices if choice.fit.words), key=_worth)
        return max([best, *self._mended(heard, best)], key=_worth)

    def _mended(self, heard: NDArray[np.float32], chosen: Choice) -> list[Choice]:
        """The text with one word that fits badly replaced by one that sounds nearer."""
        tokens = [token for token in chosen.tokens if token < len(self._words)]
        texts = []
        for place, (start, end) in enumerate(self._spans(heard, tokens)):
            if chosen.fit.words[place] < _BAD:
                texts += [
                    (*tokens[:place], other, *tokens[place + 1 :])
                    for other in self._nearest(heard[start:end])
                    if other != tokens[place]
                ]
        score = chosen.score - _MENDED
        return [
            Choice(text, score, fit)
            for text, fit in zip(texts, self._fits(heard, texts), strict=True)
        ]

    def _spans(
        self, heard: NDArray[np.float32], tokens: Sequence[int]
    ) -> Iterator[tuple[int, int]]:
        """Where each word may lie: from the end of the word before to the start of the next."""
        words = [self._words[token] for token in tokens]
        (states,) = _align(heard, [[phone for word in words for phone in word]])
        if states is None:
            return
        places = _owners(states, _owner(words))
        for place in range(len(words)):
            before = np.flatnonzero((places >= 0) & (places < place))
            after = np.flatnonzero(places > place)
            yield (
                int(before[-1]) + 1 if len(before) else 0,
                int(after[0]) if len(after) else len(heard),
            )

    def _nearest(self, heard: NDArray[np.float32]) -> list[int]:
        """The words that fit these frames best, the best one first."""
        best = self._lattice.begin(heard[0])
        for scores in heard[1:]:
            best, _ = self._lattice.advance(best, scores)
        return [int(word) for word in np.argsort(-self._lattice.ends(best))[:_NEAREST]]

    def _fits(self, scores: NDArray[np.float32], candidates: Sequence[Sequence[int]]) -> list[Fit]:
        if not candidates:
            return []
        spoken = [
            [self._words[token] for token in tokens if token < len(self._words)]
            for tokens in candidates
        ]
        paths = _align(scores, [[phone for word in words for phone in word] for words in spoken])
        best = scores.max(axis=1)
        return [
            _fit(scores, best, words, states) for words, states in zip(spoken, paths, strict=True)
        ]


def _worth(choice: Choice) -> float:
    return choice.worth


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
    labels = np.where(
        states % 2 == 1, np.array([*phones, 0])[np.minimum(states // 2, len(phones))], _BLANK
    )
    loss = scores[np.arange(len(scores)), labels] - best
    places = _owners(states, _owner(spoken))
    counts = [max(1, len(word)) for word in spoken]
    words = tuple(
        float(loss[places == number].sum()) / count for number, count in enumerate(counts)
    )
    total = float(loss.sum())
    outside = float(loss[places < 0].sum())
    return Fit(words, outside / max(1, len(phones)), total / max(1, len(phones)), total)


class _Lattice:
    """The states of CTC for several texts side by side, so that one pass over the frames serves
    all: [texts, states], odd state 2k+1 for phone k and even states for the blanks between.
    """

    def __init__(self, texts: Sequence[Sequence[int]]) -> None:
        self.lengths = np.array([len(phones) for phones in texts])
        self._labels = np.full((len(texts), 2 * int(self.lengths.max()) + 1), _BLANK)
        for row, phones in enumerate(texts):
            self._labels[row, 1 : 2 * len(phones) + 1 : 2] = phones
        self._skips = np.zeros(self._labels.shape, bool)
        self._skips[:, 3::2] = self._labels[:, 3::2] != self._labels[:, 1:-2:2]

    def begin(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """The logarithm of the best path's probability to each state in the first frame."""
        best = np.full(self._labels.shape, _NEVER, np.float64)
        best[:, :2] = scores[self._labels[:, :2]]
        return best

    def advance(
        self, best: NDArray[np.float64], scores: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
        """The same one frame later, and by how many states the best path to each one moved."""
        step, skip = np.full_like(best, _NEVER), np.full_like(best, _NEVER)
        step[:, 1:] = best[:, :-1]
        skip[:, 2:] = np.where(self._skips[:, 2:], best[:, :-2], _NEVER)
        further = np.maximum(step, skip)
        moves = np.where(further > best, np.where(skip > step, 2, 1), 0).astype(np.int8)
        return np.maximum(best, further) + scores[self._labels], moves

    def ends(self, best: NDArray[np.float64]) -> NDArray[np.float64]:
        """The best of each text's last two states, in which a path may end."""
        rows = np.arange(len(best))
        last = 2 * self.lengths
        ends: NDArray[np.float64] = np.maximum(
            best[rows, last], best[rows, np.maximum(last - 1, 0)]
        )
        return ends


def _align(
    scores: NDArray[np.float32], texts: Sequence[Sequence[int]]
) -> list[NDArray[Any] | None]:
    """The best CTC path for the phones of each text: one state per frame; None if too short."""
    lattice = _Lattice(texts)
    best = lattice.begin(scores[0])
    moves = np.zeros((len(scores), *best.shape), np.int8)
    for frame in range(1, len(scores)):
        best, moves[frame] = lattice.advance(best, scores[frame])
    return [
        _path(moves[:, row], best[row, : 2 * length + 1])
        for row, length in enumerate(lattice.lengths)
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


def _owner(words: Sequence[Sequence[int]]) -> NDArray[Any]:
    """The word of each phone."""
    return np.repeat(np.arange(len(words)), [len(word) for word in words])


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
