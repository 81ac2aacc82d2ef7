"""Hear with a finished model folder as the daemon does: padded to the speech and 0.6 s, end at once
means nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
import numpy as np
from numpy.typing import NDArray

from laresd.bundled.alignment import Fit, PhoneHead
from training.features import scaled
from training.vocabulary import NO_TIMESTAMPS, START, Vocabulary

PADDING = 60  # frames of silence after the speech
BEAM = 32  # hypotheses, from which decoder and phone head choose together
_LONGEST = 2940


@dataclass(frozen=True)
class Heard:
    """What one utterance gave, before any refusal.

    `logprob` is per token, the end included; `silence` is the no-speech probability.
    """

    text: str
    logprob: float
    silence: float
    fit: Fit


class Recognizer:
    """One model folder on one thread."""

    def __init__(self, folder: Path, beam: int = BEAM, compute_type: str = "int8") -> None:
        self._vocabulary = Vocabulary(
            tuple(json.loads((folder / "vocabulary.json").read_text("utf-8")))
        )
        self._model = ctranslate2.models.Whisper(  # type: ignore[attr-defined]
            str(folder), device="cpu", compute_type=compute_type, intra_threads=1
        )
        self._head, self._beam = PhoneHead(folder / "phone_head.npz"), beam

    def hear(self, log_power: NDArray[np.float32], padding: int = PADDING) -> Heard:
        """Recognize log10 mel power [frames, 80]."""
        power = np.pad(log_power[:_LONGEST], ((0, padding), (0, 0)), constant_values=-10.0)
        feature = scaled(power[: len(power) // 2 * 2]).T[None]
        encoded = self._model.encode(
            ctranslate2.StorageView.from_array(  # type: ignore[attr-defined]
                np.ascontiguousarray(feature)
            ),
            to_cpu=True,
        )
        prompt = [self._vocabulary.id(START), self._vocabulary.id(NO_TIMESTAMPS)]
        result = self._model.generate(
            encoded,
            [prompt],
            beam_size=self._beam,
            num_hypotheses=self._beam,
            max_length=40,
            length_penalty=0,  # else an empty text is never chosen
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        choice = self._head.choose(np.array(encoded)[0], result.sequences_ids, result.scores)
        words = [self._vocabulary.tokens[token] for token in choice.tokens]
        text = " ".join(word for word in words if not word.startswith("<|"))
        score = choice.score / (len(choice.tokens) + 1)
        return Heard(text, score, result.no_speech_prob, choice.fit)
