"""The few sentences that the voice frontend says by itself, and how text is cut for speaking."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

_APOLOGIES = {
    "en": "Sorry, I cannot understand speech right now.",
    "de": "Entschuldigung, ich kann gerade keine Sprache verstehen.",
    "zh": "抱歉，我现在听不懂语音。",
}
_FAILURES = {
    "en": "Sorry, something went wrong.",
    "de": "Entschuldigung, da ist etwas schiefgegangen.",
    "zh": "抱歉，出了点问题。",
}
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s|$)|[。！？]|$)\s*", re.DOTALL)
_WORD = re.compile(r"\w+")
PHRASE_LIKENESS = 0.75  # of a wake phrase as a speech model may write it


def cannot_hear(language: str) -> str:
    """Said when the speech model or the listener is down."""
    return _in(language, _APOLOGIES)


def failed(language: str) -> str:
    """Said when the assistant did not come back."""
    return _in(language, _FAILURES)


def _in(language: str, sentences: dict[str, str]) -> str:
    return sentences.get(language.partition("-")[0].lower(), sentences["en"])


def sentences(text: str) -> list[str]:
    """The text cut where a speaker breathes, so that the first part can be spoken early."""
    pieces = (piece.strip() for piece in _SENTENCE.findall(text))
    return [piece for piece in pieces if piece]


def after_phrase(text: str, phrase: str) -> str | None:
    """What follows the wake phrase at the beginning of a text; None when it is not there.

    Bounded fuzzy: "hey lares" is found in "Hey Larris, turn on the light".
    """
    words = list(_WORD.finditer(text))
    wanted = "".join(_WORD.findall(phrase)).lower()
    best, rest = PHRASE_LIKENESS, None
    if not wanted:
        return text
    for count in range(1, min(len(words), len(_WORD.findall(phrase)) + 1) + 1):
        heard = "".join(word.group() for word in words[:count]).lower()
        likeness = SequenceMatcher(None, heard, wanted, autojunk=False).ratio()
        if likeness >= best:
            best = likeness + 1e-9
            rest = text[words[count - 1].end() :].lstrip(" ,.!?:;-，。！？")
    return rest
