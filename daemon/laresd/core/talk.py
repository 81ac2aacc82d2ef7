"""What of a language model's answer in words is said, sentence by sentence as it is decoded.

A sentence is told when nothing that follows can change it: what is told does not depend on how the
text was cut into pieces. Told is plain text, as it can be spoken; the answer ends before a sentence
that is unfit, and before it gets too long.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from laresd.language import main_language
from laresd.sentences import is_abbreviation, is_ordinal

MAX_SAID = 600  # characters; nobody listens longer to an answer to a question
_WIDE_ENDS = "。！？"

# A mark that ends a sentence, and what closes after it; then another sentence must have begun,
# which one in lower case has not. Chinese marks need nothing after them, but may be closed.
_END = re.compile(
    r"(?P<mark>[.!?…]+)[)\"'”’»\]*_]*(?=\s+[^\s])"
    r"|[。！？]+[”’」』）*]*(?=[^。！？”’」』）*])"
    r"|\n"
)

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_FENCE = re.compile(r"^\s*(```|~~~).*$")
_LINE_MARK = re.compile(r"^\s*(?:#{1,6}\s+|>\s*|[-*+•]\s+|\d{1,2}[.)]\s+)+")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_MARKS = re.compile(r"\*+|`+|(?<!\w)_+|_+(?!\w)|\|")
_UNSPOKEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "So"})
_KEPT = frozenset("°")


class Talk:
    """Feed it with `hear`, then `end` it. `fits`: whether a sentence may be said at all.

    `said` is what was told, joined; `over`: no more of the answer is wanted.
    """

    def __init__(self, language: str, fits: Callable[[str], bool]) -> None:
        self._ordinals = main_language(language) == "de"
        self._language = language
        self._fits = fits
        self._pending = ""
        self.said = ""
        self.over = False

    def hear(self, text: str, tell: Callable[[str], None] | None = None) -> None:
        """What follows of the answer; `tell` gets each sentence that it completes."""
        self._pending += text
        for sentence in self._complete():
            self._say(sentence, tell)

    def end(self, tell: Callable[[str], None] | None = None) -> None:
        """The answer has ended. A last sentence without an end was cut: it is said only where it is
        all that there is.
        """
        rest, self._pending = self._pending, ""
        if not self.said or _is_ended(rest):
            self._say(rest, tell)
        self.over = True

    def add(self, sentence: str, tell: Callable[[str], None] | None = None) -> None:
        """Say this, too, whatever the model would have said."""
        self.said = joined(self.said, sentence)
        self.over = True
        if tell is not None:
            tell(sentence)

    def _complete(self) -> Iterator[str]:
        at = 0
        for end in _END.finditer(self._pending):
            if self._ends(self._pending, at, end):
                yield self._pending[at : end.end()]
                at = end.end()
        self._pending = self._pending[at:]

    def _ends(self, text: str, start: int, end: re.Match[str]) -> bool:
        mark = end["mark"]
        if mark is None:
            return True
        following = text[end.end() :].lstrip()[0]
        if following.islower():
            return False
        if mark != ".":
            return True
        before = text[start : end.start()]
        if is_abbreviation(before):
            return False
        is_point = before.strip().isdecimal()  # "1. Apples" of a list
        return not (is_ordinal(before) and (self._ordinals or is_point))

    def _say(self, sentence: str, tell: Callable[[str], None] | None) -> None:
        text = plain(sentence)
        if self.over or not any(letter.isalnum() for letter in text):
            return
        longer = joined(self.said, text)
        if (self.said and len(longer) > MAX_SAID) or not self._may_say(text):
            self.over = True
            return
        self.said = longer
        if tell is not None:
            tell(text)

    def _may_say(self, text: str) -> bool:
        return is_written_in(text, self._language) and self._fits(text)


def joined(said: str, sentence: str) -> str:
    """With a space between sentences, where the first one's script writes spaces."""
    if not said or not sentence:
        return said or sentence
    return f"{said}{'' if said[-1] in _WIDE_ENDS else ' '}{sentence}"


def plain(text: str) -> str:
    """One line without markup: no emphasis, headings, bullets, code fences, links, tags, emoji."""
    lines = (_LINE_MARK.sub("", line) for line in text.splitlines() if not _FENCE.match(line))
    bare = _MARKS.sub("", _TAG.sub("", _LINK.sub(r"\1", " ".join(lines))))
    spoken = (c if c in _KEPT or unicodedata.category(c) not in _UNSPOKEN else " " for c in bare)
    return " ".join("".join(spoken).split())


def is_written_in(text: str, language: str) -> bool:
    """Whether most letters are of the script that the language is written in, where that is known:
    a voice cannot read another one.
    """
    scripts = {"zh": "CJK", "en": "LATIN", "de": "LATIN"}
    script = scripts.get(main_language(language))
    letters = [unicodedata.name(letter, "") for letter in text if letter.isalpha()]
    if script is None or not letters:
        return True
    return 2 * sum(name.startswith(script) for name in letters) >= len(letters)


def _is_ended(text: str) -> bool:
    return text.rstrip().rstrip("\"'”’»」』）)*_").endswith((".", "!", "?", "…", *_WIDE_ENDS))
