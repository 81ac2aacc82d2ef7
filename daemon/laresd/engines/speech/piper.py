"""A Piper voice on onnxruntime: phonemes by espeak-ng, sound by the model.

The model's inputs (Piper's export): `input` (1, n) phoneme ids, `input_lengths` (1), `scales` (3):
noise, length, noise of the durations; `sid` (1) where it has several speakers. Its output are
samples from -1 to 1 at the rate of its configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnxruntime import InferenceSession, SessionOptions  # type: ignore[attr-defined]

from laresd import sound
from laresd.engines.speech import voice_file
from laresd.engines.speech.espeak import Espeak
from laresd.engines.speech.level import to_s16
from laresd.engines.speech.voice_file import VoiceFile
from laresd.errors import Permanent
from laresd.types import SAMPLE_RATE

NORMAL_SPEED = 165  # words per minute: that of the configuration's default
MOST_UNKNOWN = 0.3  # of the phonemes; above, the voice was made for other ones
_INPUTS = {"input", "input_lengths", "scales"}
_CLAUSE = re.compile(r"[,;:.!?…](?=\s|$)|[。！？，；：、]")
_MARKS = str.maketrans("。！？，；：、…", ".!?,;:,.")


@dataclass(frozen=True, slots=True)
class PiperVoice:
    """Loaded; `length`: how slow, as the model takes it."""

    file: VoiceFile
    session: InferenceSession
    espeak: Espeak
    speaker: int
    length: float

    def speak(self, text: str) -> bytes:
        """One piece of plain text as 16 kHz mono s16, not evened.

        Raises Permanent when the model cannot say it, and what `Espeak.phonemes` raises.
        """
        spoken = self._phonemes(text) if self.file.phonemes else text
        if not spoken.strip():
            return b""
        ids, unknown = self.file.sequence(spoken)
        if unknown > MOST_UNKNOWN * len(spoken):
            raise Permanent(f"the voice does not know {unknown} of {len(spoken)} phonemes")
        samples = self._infer(ids)
        peak = float(np.max(np.abs(samples), initial=0.0))
        if not np.isfinite(peak):
            raise Permanent("the voice's model gave no sound")
        even = samples / max(peak, 1e-3)
        return sound.resample(to_s16(even * np.float32(0.9)), self.file.rate, SAMPLE_RATE)

    def _phonemes(self, text: str) -> str:
        cut = list(_clauses(text))
        said = self.espeak.phonemes([clause for clause, _ in cut], self.file.espeak_voice)
        whole = (f"{sounds}{mark}" for sounds, (_, mark) in zip(said, cut, strict=True) if sounds)
        return " ".join(whole)

    def _infer(self, ids: list[int]) -> npt.NDArray[np.float32]:
        inputs = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([self.file.noise, self.length, self.file.noise_w], np.float32),
        }
        if self.file.speaker_count > 1:
            inputs["sid"] = np.array([self.speaker], np.int64)
        try:
            outputs = self.session.run(None, inputs)
        except Exception as error:  # onnxruntime's errors have no common class
            raise Permanent(f"the voice's model failed: {error}") from error
        return np.asarray(outputs[0], np.float32).reshape(-1)


def load(
    model: Path, espeak: Espeak, *, speaker: str = "", words_per_minute: int, threads: int
) -> PiperVoice:
    """Ready to speak, its first computation done. Raises Permanent for a model or a configuration
    that is damaged, or foreign.
    """
    file = voice_file.read(model)
    session = _session(model, threads)
    given = {one.name for one in session.get_inputs()}
    wanted = _INPUTS | ({"sid"} if file.speaker_count > 1 else set())
    if given != wanted:
        raise Permanent(
            f"{model} is no Piper voice: its model takes {', '.join(sorted(given))}",
            remedy=voice_file.PULL,
        )
    length = file.length * NORMAL_SPEED / words_per_minute
    voice = PiperVoice(file, session, espeak, file.speaker(speaker), length)
    known = next(key for key in file.ids if key not in "^$_")
    voice._infer(file.sequence(known)[0])
    return voice


def _session(model: Path, threads: int) -> InferenceSession:
    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return InferenceSession(
            str(model), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's errors have no common class
        raise Permanent(
            f"cannot load the voice {model}: {error}", remedy=voice_file.PULL
        ) from error


def _clauses(text: str) -> Iterator[tuple[str, str]]:
    """Each with the mark that ends it, as the model knows marks; those without a word left out."""
    at = 0
    for end in _CLAUSE.finditer(text):
        yield from _clause(text[at : end.start()], end.group().translate(_MARKS))
        at = end.end()
    yield from _clause(text[at:], "")


def _clause(text: str, mark: str) -> Iterator[tuple[str, str]]:
    if any(letter.isalnum() for letter in text):
        yield " ".join(text.split()), mark
