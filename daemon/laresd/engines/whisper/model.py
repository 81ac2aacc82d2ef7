"""One Whisper model: sound to encoder output, encoder output to words. Nothing is judged here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt
from ctranslate2._ext import StorageView
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from laresd.bundled.alignment import Fit, PhoneHead
from laresd.engines.whisper.habits import FULL, WINDOW_FRAMES, Context, Habits, unusable
from laresd.errors import Permanent
from laresd.language import main_language
from laresd.types import AUTO

TOKENS_PER_SECOND = 16  # more is a model that has lost its way
HOP = 160  # samples of a frame

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pass:
    """One way of writing down what was heard. No temperature: CTranslate2's dice cannot be seeded
    for a call, and the same sound must be the same text. `no_repeat`: this many tokens never come
    twice in the same order; 0: they may.
    """

    beams: int = 1
    no_repeat: int = 0


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """`avg_logprob`: by token, the end counted. `fit`: with a phone head."""

    text: str
    tokens: tuple[int, ...]
    avg_logprob: float
    no_speech_prob: float
    fit: Fit | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What the encoder has made of at most 30 s of sound."""

    encoded: StorageView
    seconds: float
    language: str  # as the vocabulary writes it


class _Result(Protocol):
    """What CTranslate2 returns for one window."""

    sequences_ids: Sequence[Sequence[int]]
    scores: Sequence[float]
    no_speech_prob: float


class Model:
    """One loaded model folder."""

    def __init__(self, folder: Path, threads: int, habits: Habits) -> None:
        """Raises Permanent when it is not there or damaged."""
        self._model = _open(folder, threads)
        self._head = _head(folder)
        self._habits = habits
        self._past = self._model.hf_tokenizer.token_to_id("<|startofprev|>")

    @property
    def languages(self) -> tuple[str, ...]:
        return self._habits.languages or tuple(self._model.supported_languages)

    @property
    def takes_names(self) -> bool:
        """Whether names can stand before what is said, as its past."""
        return self._habits.prompts and self._head is None and self._past is not None

    @property
    def has_head(self) -> bool:
        return self._head is not None

    def code(self, language: str) -> str:
        """As the vocabulary writes it; AUTO only where there is something to find out.

        Raises Permanent for a language that it does not know.
        """
        if language == AUTO:
            several = self._model.model.is_multilingual and len(self.languages) > 1
            return AUTO if several else self.languages[0]
        code = main_language(language)
        if code not in self.languages:
            raise Permanent(
                f"the speech model does not understand {language!r}",
                remedy="choose a model that does: lares models list",
            )
        return code

    def hear(self, samples: Samples, language: str, context: Context = FULL) -> Heard:
        """`language`: a `code`. With AUTO it is found in the same output that is written down."""
        encoded = self._model.encode(self._features(samples, context))
        seconds = len(samples) / 16_000
        return Heard(encoded, seconds, self._detected(encoded) if language == AUTO else language)

    def write(self, heard: Heard, way: Pass, names: Sequence[str] = ()) -> Hypothesis:
        """The likeliest text. `names`: those that may be said, where the model `takes_names`.

        CTranslate2 writes at most half of `max_length`, whatever the prompt's length.
        """
        tokenizer = self._tokenizer(heard.language)
        prompt = [*self._names(names), *tokenizer.sot_sequence, tokenizer.no_timestamps]
        room = int(heard.seconds * TOKENS_PER_SECOND) + 16
        (found,) = self._model.model.generate(
            heard.encoded,
            [prompt],
            beam_size=way.beams,
            num_hypotheses=way.beams if self._head else 1,
            no_repeat_ngram_size=way.no_repeat,
            length_penalty=0 if self._head else 1,  # the head's models may end at once
            max_length=min(self._habits.max_tokens, max(2 * room, len(prompt) + room)),
            return_scores=True,
            return_no_speech_prob=True,
        )
        result = cast(_Result, found)
        tokens, logprob, fit = self._best(result, heard)
        text = self._text(tokens, tokenizer.timestamp_begin)
        return Hypothesis(
            text, tuple(tokens), logprob, result.no_speech_prob, fit if text else None
        )

    def likelihood(self, heard: Heard, tokens: Sequence[int]) -> float:
        """The logarithm of the probability of this text, with nothing said about names."""
        tokenizer = self._tokenizer(heard.language)
        frames = heard.encoded.shape[1] * 2
        start = list(tokenizer.sot_sequence)
        (found,) = self._model.model.align(heard.encoded, start, [list(tokens)], frames)
        return sum(math.log(max(share, 1e-9)) for share in found.text_token_probs)

    def _names(self, names: Sequence[str]) -> list[int]:
        """As what was said before; at most half of what the decoder reads."""
        if self._past is None or not names or not self.takes_names:
            return []
        ids = self._model.hf_tokenizer.encode(f" {', '.join(names)}.", add_special_tokens=False).ids
        return [self._past, *ids[: self._habits.max_tokens // 2 - 1]]

    def _best(self, result: _Result, heard: Heard) -> tuple[list[int], float, Fit | None]:
        """The hypothesis to take, its log probability by token (the end counted), its fit."""
        if self._head is None:
            tokens = list(result.sequences_ids[0])
            return tokens, result.scores[0] * len(tokens) / (len(tokens) + 1), None
        encoded = np.array(heard.encoded)[0]
        choice = self._head.choose(encoded, result.sequences_ids, result.scores)
        return list(choice.tokens), choice.score / (len(choice.tokens) + 1), choice.fit

    def _text(self, tokens: Sequence[int], timestamps: int) -> str:
        """Not Tokenizer.decode, which takes every id above <|endoftext|> for a control token."""
        return str(self._model.hf_tokenizer.decode([t for t in tokens if t < timestamps])).strip()

    def _features(self, samples: Samples, context: Context) -> Samples:
        """Log-mel features [mels, frames], padded as the model learned it."""
        extract = self._model.feature_extractor
        if context == FULL:
            features = cast(Samples, extract(samples))[:, :WINDOW_FRAMES]
            return np.pad(features, ((0, 0), (0, WINDOW_FRAMES - features.shape[1])))
        frames = context.frames(len(samples) // HOP)
        padded = np.pad(samples, (0, max(0, frames * HOP - len(samples))))
        return cast(Samples, extract(padded, padding=0)[:, :frames])

    def _detected(self, encoded: StorageView) -> str:
        """The likeliest of the model's languages."""
        (found,) = self._model.model.detect_language(encoded)
        known = [code for token, _ in found if (code := token[2:-2]) in self.languages]
        return known[0] if known else self.languages[0]

    def _tokenizer(self, code: str) -> Tokenizer:
        multilingual = self._model.model.is_multilingual
        return Tokenizer(self._model.hf_tokenizer, multilingual, task="transcribe", language=code)


def _open(folder: Path, threads: int) -> WhisperModel:
    for name in ("model.bin", "config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise unusable(folder, f"there is no {name}")
    try:
        return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
    except Exception as error:  # native libraries raise what they like for a damaged file
        raise unusable(folder, str(error)) from error


def _head(folder: Path) -> PhoneHead | None:
    """The second opinion that some models ship."""
    path = folder / "phone_head.npz"
    try:
        return PhoneHead(path) if path.is_file() else None
    except (OSError, KeyError, ValueError) as error:
        raise unusable(folder, f"{path.name} is damaged: {error}") from error
