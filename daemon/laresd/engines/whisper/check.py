"""How much of a window must this model's encoder read? Found out by sentences that the box speaks.

OpenAI's models learned with 30 s of sound, padded with silence. An encoder that reads only what was
said is many times faster, and some models bear that. A model is used so only if it then writes down
the same sentences at least as well, and makes up nothing where there is no speech.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from laresd.engines.speech import espeak
from laresd.engines.whisper.decoding import decode
from laresd.engines.whisper.habits import FULL, SPEECH, Context, Habits
from laresd.engines.whisper.model import Model, Samples
from laresd.engines.whisper.records import Verdict, recorded

CANDIDATES = (SPEECH, Context(500), Context(1000), Context(1500))  # the fastest first
SENTENCES = {
    "en": (
        "Turn on the light in the kitchen.",
        "What will the weather be like tomorrow afternoon?",
        "Set the temperature in the bedroom to twenty one degrees.",
        "Stop.",
    ),
    "de": (
        "Mach bitte das Licht in der Küche an.",
        "Stell die Heizung im Schlafzimmer auf einundzwanzig Grad.",
    ),
    "zh": ("打开厨房的灯。", "把卧室的温度调到二十一度。"),
}
_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Clip:
    """A sound and what is said in it; "": nothing."""

    samples: Samples
    language: str
    text: str


Write = Callable[[Clip, Context], str]


def known(folder: Path, habits: Habits, kept: Path | None) -> Verdict | None:
    """How much the model is to read: what its folder says, or what an earlier check found; None
    where it is to be checked. `kept`: where checks are kept; None: nothing is checked.
    """
    if habits.context is not None:
        return Verdict(str(habits.context), "its folder says so")
    if kept is None:
        return Verdict(str(FULL), "it is not checked")
    return recorded(folder, kept)


class Check:
    """A check in short steps, so that whoever speaks meanwhile need not wait for its end."""

    def __init__(self, model: Model, habits: Habits) -> None:
        self._model, self._habits = model, habits
        self._steps: Generator[None, None, Verdict] | None = None

    def step(self) -> Verdict | None:
        """One clip; None: there are more. Raises Permanent or Temporary where the box cannot speak
        the sentences.
        """
        if self._steps is None:
            self._steps = steps(self._write, clips(self._model.languages))
        try:
            next(self._steps)
        except StopIteration as end:
            found: Verdict = end.value
            return found
        return None

    def _write(self, clip: Clip, context: Context) -> str:
        heard = self._model.hear(clip.samples, clip.language, context)
        best = decode(self._model, heard, beams=self._habits.beam_size)
        doubt = self._habits.doubt(best.text, best.avg_logprob, best.no_speech_prob, best.fit)
        return "" if doubt else best.text


def clips(languages: Sequence[str]) -> list[Clip]:
    """Sentences in those of the languages that are known here, noise, and silence.

    Raises Permanent or Temporary where there is no espeak-ng to speak them.
    """
    voice = espeak.found()
    found: list[Clip] = []
    for language, sentences in SENTENCES.items():
        for text in sentences if language in languages else ():
            spoken = voice.speak(text, language)
            samples = (np.frombuffer(spoken, "<i2") / 32768).astype(np.float32)
            found.append(Clip(samples, language, text))
    first = languages[0]
    hiss: Samples = np.random.default_rng(1).normal(0.0, 0.01, 40_000).astype(np.float32)
    return [*found, Clip(hiss, first, ""), Clip(np.zeros(32_000, np.float32), first, "")]


def steps(write: Write, sounds: Sequence[Clip]) -> Generator[None, None, Verdict]:
    """The fastest way in which nothing is written worse than with the full window; one clip at a
    time. What is worse is not looked at any further.
    """
    if not any(clip.text for clip in sounds):
        return Verdict(str(FULL), "it knows no language that it could be checked in")
    usual: list[int] = []
    for clip in sounds:
        usual.append(_errors(write(clip, FULL), clip))
        yield
    if sum(usual) * 2 > sum(len(_bare(clip.text)) for clip in sounds):
        return Verdict(str(FULL), "it does not understand the sentences of the check")
    for context in CANDIDATES:
        for clip, most in zip(sounds, usual, strict=True):
            if _errors(write(clip, context), clip) > most:
                break
            yield
        else:
            spoken = sum(bool(clip.text) for clip in sounds)
            return Verdict(str(context), f"{spoken} sentences come out as well as with 30 s")
    return Verdict(str(FULL), "sentences come out worse with less")


def _errors(written: str, clip: Clip) -> int:
    return _distance(_bare(clip.text), _bare(written))


def _bare(text: str) -> str:
    return _SIGNS.sub("", text).casefold()


def _distance(wanted: str, got: str) -> int:
    """Fewest letters to insert, delete or change."""
    row = list(range(len(got) + 1))
    for i, want in enumerate(wanted, 1):
        before, row[0] = row[0], i
        for j, letter in enumerate(got, 1):
            cost = min(row[j] + 1, row[j - 1] + 1, before + (want != letter))
            before, row[j] = row[j], cost
    return row[-1]
