"""Speech to text as a worker process.

Op: `transcribe` {language, hints}, payload 16 kHz mono s16 -> {text, avg_logprob, no_speech_prob,
audio_seconds, compute_seconds, reason, language}. Empty text: nothing was heard, and `reason` says
why. `language` "auto" is found out. `hints`: names that may be said. What Whisper makes up on
silence is not judged here but in the core, for every engine alike.

Op: `check` {} -> {done}: one short step of finding out how much the model must
read at once (see `laresd.engines.whisper.check`). To be asked while the fact `checked` is false,
until it is `done`; what was found is used at once, and kept.

Audio beyond 30 s is cut into windows of 30 s. How a model is used: `laresd.engines.whisper.habits`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from laresd.engines import worker
from laresd.engines.whisper.check import Check, known
from laresd.engines.whisper.decoding import decode
from laresd.engines.whisper.habits import FULL, Context, Habits, habits
from laresd.engines.whisper.model import Model, Samples
from laresd.engines.whisper.records import record
from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.types import AUTO, SAMPLE_RATE, Json

log = logging.getLogger(__name__)

WINDOW_SECONDS = 30
SHORTEST = SAMPLE_RATE // 10  # samples; less holds no word


@dataclass(frozen=True, slots=True)
class Window:
    """What came of at most 30 s. Probabilities as Whisper's authors define them."""

    text: str
    avg_logprob: float
    no_speech_prob: float
    reason: str
    language: str


class Ear:
    """A model, used as it wants to be."""

    def __init__(self, model: Model, habits: Habits, context: Context) -> None:
        self._model, self._habits, self.context = model, habits, context

    def transcribe(self, call: worker.Call) -> worker.Answer:
        begun = time.perf_counter()
        samples = _samples(call.payload)
        language = self._model.code(call.body.text("language", "en"))
        names = call.body.texts("hints")
        windows: list[Window] = []
        step = WINDOW_SECONDS * SAMPLE_RATE
        for start in range(0, len(samples), step):
            if call.cancelled:
                break
            if len(piece := samples[start : start + step]) >= SHORTEST:
                windows.append(self._window(piece, language, names))
                language = windows[-1].language
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

    def _window(self, samples: Samples, language: str, names: Sequence[str]) -> Window:
        heard = self._model.hear(samples, language, self.context)
        best = decode(
            self._model,
            heard,
            beams=self._habits.beam_size,
            names=names,
            patience_s=self._habits.patience_s,
        )
        doubt = self._habits.doubt(best.text, best.avg_logprob, best.no_speech_prob, best.fit)
        return Window(
            "" if doubt else best.text,
            best.avg_logprob,
            best.no_speech_prob,
            doubt,
            heard.language,
        )


class Checking:
    """The check of a model that is in use; None: there is nothing to find out."""

    def __init__(self, ear: Ear, check: Check | None, folder: Path, kept: Path) -> None:
        self._ear, self._check, self._folder, self._kept = ear, check, folder, kept

    def step(self, call: worker.Call) -> worker.Answer:
        if self._check is None:
            return worker.Answer({"done": True})
        found = self._check.step()
        if found is None:
            return worker.Answer({"done": False})
        record(self._folder, self._kept, found)
        self._ear.context, self._check = found.context, None
        log.info("%s reads %s: %s", self._folder.name, found.padding, found.because)
        return worker.Answer({"done": True})


def load(options: Fields) -> worker.Loaded:
    """Options: `model` (a folder), `threads`, `beam_size`; `checks`: the folder that keeps what
    was found about models whose own folder does not say how much they must read, "" for none.
    """
    folder = Path(options.text("model"))
    begun = time.perf_counter()
    wanted = habits(folder, options.integer("beam_size", 1))
    model = Model(folder, options.integer("threads", 0), wanted)
    kept = options.text("checks", "")
    told = known(folder, wanted, Path(kept) if kept else None)
    ear = Ear(model, wanted, told.context if told else FULL)
    checking = Checking(ear, None if told else Check(model, wanted), folder, Path(kept))
    size = (folder / "model.bin").stat().st_size
    facts: dict[str, Json] = {
        "model": folder.name,
        "languages": [*model.languages],
        "megabytes": round(size / 1e6, 1),
        "padding": str(ear.context),
        "padding_because": told.because if told else "it is not checked yet",
        "checked": told is not None,
        "load_seconds": round(time.perf_counter() - begun, 3),
    }
    return worker.Loaded({"transcribe": ear.transcribe, "check": checking.step}, facts)


def _samples(pcm: bytes) -> Samples:
    if len(pcm) % 2:
        raise Permanent(f"{len(pcm)} bytes are no 16-bit samples")
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0
