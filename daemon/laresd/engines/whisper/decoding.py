"""Which of several texts is taken for what was said: a second look where the first is doubtful,
and names only where the sound bears them out.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from typing import Protocol

from laresd.engines.whisper.model import Heard, Hypothesis, Pass

DOUBTFUL_LOGPROB = -1.0  # by token; with MAX_COMPRESSION Whisper's own bounds for a second look
MAX_COMPRESSION = 2.4
NO_SPEECH = 0.6  # where nobody speaks, another look finds no better text
SECOND_LOOKS = (Pass(beams=5), Pass(beams=5, no_repeat=4))
NAME_LOGPROB = 4.0  # so much less likely a text with names may be to one who does not know them


class Writer(Protocol):
    """What is asked of a Model."""

    @property
    def takes_names(self) -> bool: ...

    @property
    def has_head(self) -> bool: ...

    def write(self, heard: Heard, way: Pass, names: Sequence[str] = ()) -> Hypothesis: ...

    def likelihood(self, heard: Heard, tokens: Sequence[int]) -> float: ...


def decode(
    model: Writer,
    heard: Heard,
    *,
    beams: int = 1,
    names: Sequence[str] = (),
    patience_s: float = 0.0,
    now: Callable[[], float] = time.perf_counter,
) -> Hypothesis:
    """The text of one window. `patience_s`: the most that second looks may take, as the first one
    foretells it.
    """
    begun = now()
    first = _named(model, heard, Pass(beams), names)
    if model.has_head or patience_s <= 0 or not is_doubtful(first):
        return first  # a head has seen all beams already
    each = now() - begun
    found = [first]
    for way in SECOND_LOOKS:
        if now() - begun + each * way.beams > patience_s:
            break
        found.append(_named(model, heard, way, names))
        if not is_doubtful(found[-1]):
            return found[-1]
    return max(found, key=_worth)


def is_doubtful(hypothesis: Hypothesis) -> bool:
    if not hypothesis.text or hypothesis.no_speech_prob > NO_SPEECH:
        return False
    return hypothesis.avg_logprob < DOUBTFUL_LOGPROB or _goes_in_circles(hypothesis.text)


def _worth(hypothesis: Hypothesis) -> tuple[bool, float]:
    return (not _goes_in_circles(hypothesis.text), hypothesis.avg_logprob)


def _goes_in_circles(text: str) -> bool:
    raw = text.encode()
    return len(raw) > 60 and len(raw) / len(zlib.compress(raw)) > MAX_COMPRESSION


def _named(model: Writer, heard: Heard, way: Pass, names: Sequence[str]) -> Hypothesis:
    """With the names, unless one would be written down that does not fit what was heard."""
    if not names or not model.takes_names:
        return model.write(heard, way)
    told = model.write(heard, way, names)
    if not has_name(told.text, names):
        return told
    plain = model.write(heard, way)
    if plain.tokens == told.tokens:
        return told
    lost = model.likelihood(heard, plain.tokens) - model.likelihood(heard, told.tokens)
    return told if plain.text and lost <= NAME_LOGPROB else plain


def has_name(text: str, names: Sequence[str]) -> bool:
    """Whether one of the names is written in it."""
    line = text.casefold()
    return any(name.casefold() in line for name in names)
