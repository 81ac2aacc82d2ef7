"""What of an answer the passages bear out: the rest is not said. Pure.

A sentence stands when its passage holds its figures, its names and most of its words, denies what
it denies, and when it does not speak of its writer, unless it is a quotation. That finds what is
made up; what a sentence twists with a passage's own words it cannot find, so an answer keeps close
to the words, and quotes where it can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from laresd import sentences
from laresd.core.knowledge import questions, words
from laresd.core.knowledge.evidence import stem
from laresd.documents import Claim, Found

BORNE = 0.7  # of a sentence's words, in the passage that it names
UNNAMED = 0.85  # likewise, in a passage that it does not name
LEAST_WORDS = 2
MOST_SENTENCES = 4
_MARK = re.compile(r"\s*[\[【(]\s*(\d{1,2}(?:\s*[,，、]\s*\d{1,2})*)\s*[\]】)]")
_MARKS = re.compile(  # before a sentence: those of the one before it, the last not yet whole
    r"(?:\s*[\[【]\s*\d{1,2}(?:\s*[,，、]\s*\d{1,2})*\s*[\]】])+(?:\s*[\[【][\d\s,，、]*\Z)?\s*[.。]?"
    r"|[\[【][\d\s,，、]*\Z"
)
_QUOTED = re.compile(r"[\"“”„«»「『]([^\"“”„«»「」『』]{12,})[\"“”«»」』]")
_DIGITS = re.compile(r"\d+(?:[.,:]\d+)*")
_NOT = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|nicht|kein\w*|nie|niemals|ohne|weder)\b"
    r"|n['’]t\b|[不没無无未非勿别]",
    re.IGNORECASE,
)


# Who tells of documents does not tell of itself: what says "I" was made up, or ordered by somebody.
_SELF = re.compile(r"\b(?:I|we|ich|wir)\b|\bI['’]|^(?:ich|wir)\b|我", re.IGNORECASE)


_TWO_NAMES = re.compile(r"([A-ZÄÖÜ][^\W\d_]+) [A-ZÄÖÜ][^\W\d_]+")


class Sentences:
    """A text that is still being written, in whole sentences with the marks that follow them."""

    def __init__(self) -> None:
        self._pending = ""

    def hear(self, text: str) -> list[str]:
        """Those that will not change any more."""
        self._pending += text
        whole = self._parts()
        if len(whole) < 2:
            return []
        start, _ = whole[-1]
        done = [self._pending[left:right] for left, right in whole[:-1]]
        self._pending = self._pending[start:]
        return done

    def end(self) -> list[str]:
        rest = [self._pending[left:right] for left, right in self._parts()]
        self._pending = ""
        return rest

    def _parts(self) -> list[tuple[int, int]]:
        parts: list[tuple[int, int]] = []
        for start, end in sentences.spans(self._pending):
            marks = _MARKS.match(self._pending, start, end)
            if parts and marks:
                parts[-1] = (parts[-1][0], marks.end())
                start = marks.end()  # noqa: PLW2901
            if self._pending[start:end].strip():
                parts.append((start, end))
        return parts


def borne_out(sentence: str, found: Sequence[Found]) -> Claim | None:
    """The sentence without its marks, and the passages that bear it out; None where none does."""
    named = [int(n) - 1 for marks in _MARK.findall(sentence) for n in re.findall(r"\d+", marks)]
    text = " ".join(_MARK.sub("", sentence).split())
    if len(list(words.words(text))) < LEAST_WORDS:
        return None
    cited = [n for n in dict.fromkeys(named) if 0 <= n < len(found) and bears(text, found[n])]
    if not cited and not named:
        cited = [n for n, each in enumerate(found) if bears(text, each, UNNAMED)][:1]
    if not cited:
        return None
    return Claim(text, tuple(cited), quoted=any(is_quoted(text, found[n]) for n in cited))


def bears(text: str, found: Found, least: float = BORNE) -> bool:
    """Whether this passage says it."""
    held = _held(found)
    there = frozenset(words.words(held))
    stems = {stem(word) for word in there}
    counted = [word for word in words.words(text) if word not in words.STOP_WORDS]
    if not counted or sum(word in there or stem(word) in stems for word in counted) < least * len(
        counted
    ):
        return False
    if any(_normal(quote) not in _normal(held) for quote in _QUOTED.findall(text)):
        return False
    figures = set(_DIGITS.findall(held))
    if any(figure not in figures for figure in _DIGITS.findall(text)):
        return False
    if not questions.names_in(text) | _first_name(text) <= there:
        return False
    if is_quoted(text, found):
        return True
    return _SELF.search(text) is None and _denies(text) == _denies(_nearest(text, found))


def _first_name(text: str) -> frozenset[str]:
    """The first word where it is a name, as another one that follows it shows."""
    found = _TWO_NAMES.match(text)
    return frozenset(words.words(found[1])) - words.STOP_WORDS if found else frozenset()


def is_quoted(text: str, found: Found) -> bool:
    """Whether it stands there word for word."""
    return _normal(text).rstrip(".。") in _normal(found.passage.text)


def _nearest(text: str, found: Found) -> str:
    """The passage's sentence that has most of its words."""
    asked = frozenset(words.words(text))
    return max(_sentences(found), key=lambda one: len(asked & frozenset(words.words(one))))


def _sentences(found: Found) -> Iterator[str]:
    text = found.passage.text
    spans = list(sentences.spans(text)) or [(0, len(text))]
    return (text[start:end] for start, end in spans)


def _denies(text: str) -> bool:
    return _NOT.search(text) is not None


def _held(found: Found) -> str:
    return "\n".join((found.document.title, *found.passage.place.headings, found.passage.text))


def _normal(text: str) -> str:
    return " ".join(words.words(text))
