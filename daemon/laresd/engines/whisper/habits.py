"""How a model wants to be used: the file `lares.json` in its folder.

padding        how much the encoder reads (see `Context`): "speech", "speech-N" or "full";
               without it a check of the model decides
languages      what it understands, if that is not what its vocabulary says
max_tokens     the length of its position table, prompt included
beam_size      at least this, whatever the configuration says
patience_s     seconds that may be spent on a second look at a doubtful text; 0: none is taken
prompts        whether names that may be said can stand before the text, as its past
min_logprob    text whose tokens are less likely than this on average is dropped
max_no_speech  text is dropped where nothing is said with more than this probability
min_fit        with `phone_head.npz`: text that fits the sound worse than this is dropped
min_word_fit   the same for the word that fits worst (see `laresd.bundled.alignment`)
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

from laresd.bundled.alignment import Fit
from laresd.errors import LaresError, Permanent
from laresd.frames import Fields

WINDOW_FRAMES = 3000  # of 10 ms: what OpenAI's models were trained on
TAIL_FRAMES = 60  # silence after the speech, in which a model trained on short windows ends


@dataclass(frozen=True, slots=True)
class Context:
    """How much the encoder reads. "full": always 30 s, which OpenAI's models learned with.
    "speech": what was said and 0.6 s of silence; "speech-N": that, and at least N frames of 10 ms.
    """

    least: int = WINDOW_FRAMES

    @classmethod
    def of(cls, text: str) -> Context:
        """Raises ValueError for any other text."""
        if text == "full":
            return cls(WINDOW_FRAMES)
        found = re.fullmatch(r"speech(?:-(\d{1,4}))?", text)
        if not found:
            raise ValueError(f"padding must be speech, speech-N or full, not {text}")
        return cls(min(int(found[1] or 0), WINDOW_FRAMES))

    def __str__(self) -> str:
        if self.least >= WINDOW_FRAMES:
            return "full"
        return f"speech-{self.least}" if self.least else "speech"

    def frames(self, spoken: int) -> int:
        """For so many frames of speech; always even."""
        return min(WINDOW_FRAMES, max(self.least, spoken + TAIL_FRAMES)) // 2 * 2


FULL, SPEECH = Context(), Context(0)


@dataclass(frozen=True, slots=True)
class Habits:
    """`context` None: the folder does not say."""

    context: Context | None = None
    languages: tuple[str, ...] = ()
    max_tokens: int = 448
    beam_size: int = 1
    patience_s: float = 0.8
    prompts: bool = True
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


def habits(folder: Path, beam_size: int = 1) -> Habits:
    """What lares.json says; without one, Whisper's own habits. `beam_size`: at least this.

    Raises Permanent for a file that is none.
    """
    path, usual = folder / "lares.json", Habits()
    try:
        fields = Fields(json.loads(path.read_bytes()) if path.is_file() else {})
        padding = fields.text("padding", "")
        return Habits(
            context=Context.of(padding) if padding else None,
            languages=fields.texts("languages"),
            max_tokens=fields.integer("max_tokens", usual.max_tokens),
            beam_size=max(1, beam_size, fields.integer("beam_size", usual.beam_size)),
            patience_s=fields.real("patience_s", usual.patience_s),
            prompts=fields.flag("prompts", usual.prompts),
            min_logprob=fields.real("min_logprob", usual.min_logprob),
            max_no_speech=fields.real("max_no_speech", usual.max_no_speech),
            min_fit=fields.real("min_fit", usual.min_fit),
            min_word_fit=fields.real("min_word_fit", usual.min_word_fit),
        )
    except (ValueError, AttributeError, LaresError) as error:
        raise unusable(folder, f"lares.json is wrong: {error}") from error


def unusable(folder: Path, why: str) -> Permanent:
    return Permanent(
        f"the speech model in {folder} cannot be used: {why}",
        remedy="fetch it again with `lares models pull`, or choose another with `lares models use`",
    )
