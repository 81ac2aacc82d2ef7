"""A wake phrase at the beginning of what was heard, in any script. Pure."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher

LIKENESS = 0.75  # of a phrase as a speech model may write it
SHORT = 4  # letters; a phrase that is no longer must be written as it is: "hey" is nearly "he"
SHORT_HAN = 2  # the same in Chinese characters
_HAN = r"\u3400-\u9fff"
_TOKEN = re.compile(rf"[{_HAN}]|(?:(?![{_HAN}])\w)+")  # a word, or one Chinese character
_BETWEEN = " ,.!?:;-，。！？：；、"


def after_phrase(text: str, phrase: str) -> str | None:
    """What follows the wake phrase at the beginning of a text; None when it is not there.

    Bounded fuzzy: "hey lares" is found in "Hey Larris, turn on the light", 你好小智 in
    你好小志打开灯. Case and accents do not count.
    """
    tokens = list(_TOKEN.finditer(text))
    parts = _TOKEN.findall(phrase)
    wanted = _folded("".join(parts))
    if not wanted:
        return text
    best, rest = _least(wanted), None
    for count in range(1, min(len(tokens), len(parts) + 1) + 1):
        heard = _folded("".join(token.group() for token in tokens[:count]))
        likeness = SequenceMatcher(None, heard, wanted, autojunk=False).ratio()
        if likeness >= best or (likeness >= LIKENESS and _same_length(heard, wanted)):
            best = likeness + 1e-9
            rest = text[tokens[count - 1].end() :].lstrip(_BETWEEN)
    return rest


def _least(wanted: str) -> float:
    short = SHORT_HAN if _is_han(wanted) else SHORT
    return 1.0 if len(wanted) <= short else LIKENESS


def _same_length(heard: str, wanted: str) -> bool:
    """One character in place of another is likelier than one that is missing."""
    return len(wanted) > SHORT_HAN and len(heard) == len(wanted) and _is_han(wanted)


def _is_han(text: str) -> bool:
    return re.fullmatch(f"[{_HAN}]+", text) is not None


def _folded(text: str) -> str:
    """Without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))
