"""Speech to text by any Whisper model in CTranslate2's format. Runs as a worker process.

Op: `transcribe` {language, hints}, payload 16 kHz mono s16 -> {text, avg_logprob, no_speech_prob,
audio_seconds, compute_seconds, reason, language}. Empty text: nothing was heard, and `reason` says
why. What Whisper makes up on silence is not judged here but in the core, for every engine alike.

A model's folder may hold `lares.json`, which says how the model wants to be used:

    padding        "speech": it was trained on short windows, and gets the speech and 0.6 s of
                   silence; "full" (what OpenAI's models need, and the default): always 30 s
    languages      what it understands, if that is not what its vocabulary says
    max_tokens     the length of its position table, prompt included
    beam_size      at least this, whatever the configuration says
    min_logprob    text whose tokens are less likely than this on average is dropped
    max_no_speech  text is dropped where nothing is said with more than this probability
    min_fit        with `phone_head.npz`: text that fits the sound worse than this is dropped
    min_word_fit   the same for the word that fits worst (see `laresd.bundled.alignment`)

Audio beyond 30 s is cut into windows of 30 s.
"""

from __future__ import annotations

import json
import math
import time
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
from laresd.engines import worker
from laresd.errors import LaresError, Permanent
from laresd.frames import Fields
from laresd.types import AUTO, SAMPLE_RATE, Json

WINDOW_SECONDS = 30
WINDOW_FRAMES = 3000  # of 10 ms
TAIL_FRAMES = 60  # silence after the speech, in which a model trained on short windows ends
SHORTEST = SAMPLE_RATE // 10  # samples; less holds no word
TOKENS_PER_SECOND = 16  # more is a model that has lost its way

Samples = npt.NDArray[np.float32]


class _Result(Protocol):
    """What CTranslate2 returns for one window."""

    sequences_ids: Sequence[Sequence[int]]
    scores: Sequence[float]
    no_speech_prob: float


@dataclass(frozen=True, slots=True)
class Habits:
    """How a model wants to be used: its folder's lares.json."""

    padding: str = "full"
    languages: tuple[str, ...] = ()
    max_tokens: int = 448
    beam_size: int = 1
    min_logprob: float = -math.inf
    max_no_speech: float = 1.0
    min_fit: float = -math.inf
    min_word_fit: float = -math.inf

    def doubt(self, text: str, score: float, no_speech: float, fit: Fit | None) -> str:
        """Why the text of a window is dropped; "" to keep it."""
        if not text:
            return "nothing heard"
        if no_speech > self.max_no_speech:
            return "no speech"
        if score < self.min_logprob:
            return "not understood"
        if fit and (fit.score < self.min_fit or fit.worst < self.min_word_fit):
            return "the words do not fit the sound"
        return ""


@dataclass(frozen=True, slots=True)
class Window:
    """What came of at most 30 s. Probabilities as Whisper's authors define them."""

    text: str
    avg_logprob: float
    no_speech_prob: float
    reason: str = ""


class Ear:
    """One loaded model."""

    def __init__(self, model: WhisperModel, habits: Habits, head: PhoneHead | None) -> None:
        self._model = model
        self._habits = habits
        self._head = head

    @property
    def languages(self) -> tuple[str, ...]:
        return self._habits.languages or tuple(self._model.supported_languages)

    def transcribe(self, call: worker.Call) -> worker.Answer:
        begun = time.perf_counter()
        samples = _samples(call.payload)
        language = self._code(call.body.text("language", "en"))
        windows: list[Window] = []
        step = WINDOW_SECONDS * SAMPLE_RATE
        for start in range(0, len(samples), step):
            if call.cancelled:
                break
            if len(piece := samples[start : start + step]) >= SHORTEST:
                window, language = self._window(piece, language)
                windows.append(window)
            call.progress(seconds=start // SAMPLE_RATE)
        text = " ".join(window.text for window in windows if window.text)
        reason = "" if text else (windows[0].reason if windows else "too short")
        return worker.Answer(
            {
                "text": text,
                "reason": reason,
                "language": "" if language == AUTO else language,
                "avg_logprob": min((w.avg_logprob for w in windows), default=0.0),
                "no_speech_prob": max((w.no_speech_prob for w in windows), default=0.0),
                "audio_seconds": len(samples) / SAMPLE_RATE,
                "compute_seconds": time.perf_counter() - begun,
            }
        )

    def _window(self, samples: Samples, language: str) -> tuple[Window, str]:
        """What came of it, and its language, which AUTO stands for until it is found."""
        encoded = self._model.encode(self._features(samples))
        if language == AUTO:
            language = self._detected(encoded)
        tokenizer = self._tokenizer(language)
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        room = int(len(samples) / SAMPLE_RATE * TOKENS_PER_SECOND) + 16
        results = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=self._habits.beam_size,
            num_hypotheses=self._habits.beam_size if self._head else 1,
            length_penalty=0 if self._head else 1,  # the head's models may end at once
            max_length=min(self._habits.max_tokens, len(prompt) + room),
            return_scores=True,
            return_no_speech_prob=True,
        )
        result = cast(_Result, results[0])
        tokens, logprob, fit = self._best(result, np.array(encoded)[0])
        text = self._text(tokens, tokenizer.timestamp_begin)
        doubt = self._habits.doubt(text, logprob, result.no_speech_prob, fit if text else None)
        window = Window("" if doubt else text, logprob, result.no_speech_prob, doubt)
        return window, language

    def _best(self, result: _Result, encoded: Samples) -> tuple[list[int], float, Fit | None]:
        """The hypothesis to take, its log probability by token (the end counted), its fit."""
        if self._head is None:
            tokens = list(result.sequences_ids[0])
            return tokens, result.scores[0] * len(tokens) / (len(tokens) + 1), None
        choice = self._head.choose(encoded, result.sequences_ids, result.scores)
        return list(choice.tokens), choice.score / (len(choice.tokens) + 1), choice.fit

    def _text(self, tokens: Sequence[int], timestamps: int) -> str:
        """Not Tokenizer.decode, which takes every id above <|endoftext|> for a control token."""
        return str(self._model.hf_tokenizer.decode([t for t in tokens if t < timestamps])).strip()

    def _features(self, samples: Samples) -> Samples:
        """Log-mel features [mels, frames], padded as the model learned it; frames are even."""
        extract = self._model.feature_extractor
        if self._habits.padding == "speech":
            frames = min(WINDOW_FRAMES, len(samples) // 160 + TAIL_FRAMES) // 2 * 2
            padded = np.pad(samples, (0, max(0, frames * 160 - len(samples))))
            return cast(Samples, extract(padded, padding=0)[:, :frames])
        features = cast(Samples, extract(samples))[:, :WINDOW_FRAMES]
        return np.pad(features, ((0, 0), (0, WINDOW_FRAMES - features.shape[1])))

    def _detected(self, encoded: StorageView) -> str:
        """The likeliest of the model's languages, by what the encoder has made of the sound."""
        (found,) = self._model.model.detect_language(encoded)
        known = [code for token, _ in found if (code := token[2:-2]) in self.languages]
        return known[0] if known else self.languages[0]

    def _code(self, language: str) -> str:
        """As the vocabulary writes it; AUTO only where there is something to find out."""
        if language == AUTO:
            return AUTO if len(self.languages) > 1 else self.languages[0]
        code = language.replace("_", "-").partition("-")[0].lower()
        if code not in self.languages:
            raise Permanent(
                f"the speech model does not understand {language!r}",
                remedy="choose a model that does: lares models list",
            )
        return code

    def _tokenizer(self, code: str) -> Tokenizer:
        multilingual = self._model.model.is_multilingual
        return Tokenizer(self._model.hf_tokenizer, multilingual, task="transcribe", language=code)


def load(options: Fields) -> worker.Loaded:
    """Options: `model` (a folder), `threads`, `beam_size`."""
    folder = Path(options.text("model"))
    begun = time.perf_counter()
    habits = _habits(folder, options.integer("beam_size", 1))
    model = _open(folder, options.integer("threads", 0))
    ear = Ear(model, habits, _head(folder))
    size = (folder / "model.bin").stat().st_size
    facts: dict[str, Json] = {
        "model": folder.name,
        "megabytes": round(size / 1e6, 1),
        "padding": habits.padding,
        "load_seconds": round(time.perf_counter() - begun, 3),
    }
    return worker.Loaded({"transcribe": ear.transcribe}, facts)


def _open(folder: Path, threads: int) -> WhisperModel:
    """The model of a folder. Raises Permanent when it is not there or damaged."""
    for name in ("model.bin", "config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise _unusable(folder, f"there is no {name}")
    try:
        return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
    except Exception as error:  # native libraries raise what they like for a damaged file
        raise _unusable(folder, str(error)) from error


def _habits(folder: Path, beam_size: int) -> Habits:
    """What lares.json says; without one, Whisper's own habits."""
    path, usual = folder / "lares.json", Habits()
    try:
        fields = Fields(json.loads(path.read_bytes()) if path.is_file() else {})
        habits = Habits(
            padding=fields.text("padding", usual.padding),
            languages=fields.texts("languages"),
            max_tokens=fields.integer("max_tokens", usual.max_tokens),
            beam_size=max(1, beam_size, fields.integer("beam_size", usual.beam_size)),
            min_logprob=fields.real("min_logprob", usual.min_logprob),
            max_no_speech=fields.real("max_no_speech", usual.max_no_speech),
            min_fit=fields.real("min_fit", usual.min_fit),
            min_word_fit=fields.real("min_word_fit", usual.min_word_fit),
        )
    except (ValueError, AttributeError, LaresError) as error:
        raise _unusable(folder, f"lares.json is wrong: {error}") from error
    if habits.padding not in ("speech", "full"):
        raise _unusable(folder, f"lares.json: padding must be speech or full, not {habits.padding}")
    return habits


def _head(folder: Path) -> PhoneHead | None:
    """The second opinion that some models ship."""
    path = folder / "phone_head.npz"
    try:
        return PhoneHead(path) if path.is_file() else None
    except (OSError, KeyError, ValueError) as error:
        raise _unusable(folder, f"{path.name} is damaged: {error}") from error


def _unusable(folder: Path, why: str) -> Permanent:
    return Permanent(
        f"the speech model in {folder} cannot be used: {why}",
        remedy="fetch it again with `lares models pull`, or choose another with `lares models use`",
    )


def _samples(pcm: bytes) -> Samples:
    if len(pcm) % 2:
        raise Permanent(f"{len(pcm)} bytes are no 16-bit samples")
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0


if __name__ == "__main__":
    worker.main(load)
