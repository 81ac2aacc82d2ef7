"""How much of a window must this model's encoder read? Found out by sentences that the box speaks.

OpenAI's models learned with 30 s of sound, padded with silence. An encoder that reads only what was
said is many times faster, and some models bear that. A model is used so only if it then writes down
the same sentences at least as well, and makes up nothing where there is no speech.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from laresd.engines.speech import espeak
from laresd.engines.whisper.decoding import decode
from laresd.engines.whisper.habits import FULL, SPEECH, Context, Habits
from laresd.engines.whisper.model import Model, Samples
from laresd.engines.whisper.records import Verdict, record, recorded
from laresd.errors import LaresError

log = logging.getLogger(__name__)

BUDGET_S = 90.0  # of a start; a check that takes longer is given up
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


def checked(folder: Path, model: Model, habits: Habits, kept: Path | None) -> tuple[Context, str]:
    """How much the model is to read, and why: what its folder says, what an earlier check found,
    or what a check finds now. `kept`: where checks are kept; None: nothing is checked.
    """
    if habits.context is not None:
        return habits.context, "its folder says so"
    if kept is None:
        return FULL, "it was not checked"
    known = recorded(folder, kept)
    if known is None:
        try:
            known = look(model, habits)
        except LaresError as error:
            return FULL, f"it could not be checked: {error.message}"
        record(folder, kept, known)
        log.info("the speech model %s reads %s: %s", folder.name, known.padding, known.because)
    return known.context, known.because


def look(model: Model, habits: Habits, budget_s: float = BUDGET_S) -> Verdict:
    """Check a model. Raises Permanent or Temporary where the box cannot speak."""
    sounds = clips(model.languages)

    def write(clip: Clip, context: Context) -> str:
        heard = model.hear(clip.samples, clip.language, context)
        best = decode(model, heard, beams=habits.beam_size)
        doubt = habits.doubt(best.text, best.avg_logprob, best.no_speech_prob, best.fit)
        return "" if doubt else best.text

    return verdict(write, sounds, time.perf_counter, budget_s)


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


def verdict(
    write: Write, sounds: Sequence[Clip], now: Callable[[], float], budget_s: float
) -> Verdict:
    """The fastest way in which nothing is written worse than with the full window."""
    if not any(clip.text for clip in sounds):
        return Verdict(str(FULL), "it knows no language that it could be checked in")
    until = now() + budget_s
    usual = errors(write, sounds, FULL, now, until)
    if usual is None:
        return Verdict(str(FULL), f"a check would take more than {budget_s:.0f} s")
    letters = sum(len(_bare(clip.text)) for clip in sounds)
    if sum(usual) * 2 > letters:
        return Verdict(str(FULL), "it does not understand the sentences of the check")
    for context in CANDIDATES:
        found = errors(write, sounds, context, now, until)
        if found is None:
            return Verdict(str(FULL), f"a check would take more than {budget_s:.0f} s")
        if all(new <= old for new, old in zip(found, usual, strict=True)):
            spoken = sum(bool(clip.text) for clip in sounds)
            return Verdict(str(context), f"{spoken} sentences come out as well as with 30 s")
    return Verdict(str(FULL), "sentences come out worse with less")


def errors(
    write: Write, sounds: Sequence[Clip], context: Context, now: Callable[[], float], until: float
) -> list[int] | None:
    """The wrong letters of each clip; None when there is no time left."""
    found: list[int] = []
    for clip in sounds:
        if now() > until:
            return None
        found.append(_distance(_bare(clip.text), _bare(write(clip, context))))
    return found


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
