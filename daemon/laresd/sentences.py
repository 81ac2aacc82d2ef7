"""Where a sentence ends, in any script: positions, so that nothing of the text is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(
    r"""
    [。！？；…]+["'”’」』）)]*              # Chinese and Japanese need no space after it
    | (?<=[^\W\d_])[.!?]+["'”’)\]]*(?=\s)   # a word, the mark, and a space
    | (?<=[\d%°)\]"'”’])[.!?]+(?=\s+["'“‘(]?[^\W\d_a-zäöüß])  # a figure: a capital must follow
    | \n\s*\n                               # an empty line
    | \n(?=\s*(?:[-*•]|\d{1,3}[.)])\s)      # the next point of a list
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(  # a single letter, too: "z. B.", "e.g.", "U.S."; but not "can't."
    r"(?<!\w)(?:(?<!\w['’])[^\W\d_]|Mrs?|Ms|Dr|Prof|St|Mt|Jr|No|Nr|Abs|Art|Bd|Hr|Fr|Abb|Fig|Vol|pp|"
    r"etc|vs|bzw|usw|ca|ggf|inkl|max|min|approx|Inc|Ltd|Jan|Feb|Apr|Aug|Sept?|Oct|Okt|Nov|Dec|Dez)$"
)
_ORDINAL = re.compile(r"(?<![\w.,:])\d{1,2}$")


def spans(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each sentence, without the white space around it, in order."""
    start = 0
    for found in _END.finditer(text):
        end = found.end()
        if found.group().startswith("."):
            before = text[start : found.start()]
            if is_abbreviation(before) or is_ordinal(before):
                continue
        yield from _trimmed(text, start, end)
        start = end
    yield from _trimmed(text, start, len(text))


def sentences(text: str) -> list[str]:
    """Each by itself, as a speaker breathes."""
    return [text[start:end] for start, end in spans(text)]


def is_abbreviation(before: str) -> bool:
    """Whether a full stop after this belongs to its last word, and ends no sentence: "Dr"."""
    return _ABBREVIATION.search(before) is not None


def is_ordinal(before: str) -> bool:
    """Whether a full stop after this may belong to its last number: "am 3. Oktober"."""
    return _ORDINAL.search(before) is not None


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    right = len(piece.rstrip())
    if right > left:
        yield start + left, start + right
