"""The wake word at the head of what was heard, as a speech model writes it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from laresd.config import Wake
from laresd.core import wake
from laresd.core.intent.text import tokens

ALIKE = 0.75  # of "okay nabu" and how it is written: "OK, Naboo"
MOST_WORDS = 2  # that it may be written in beyond its own
_WORD = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\W_\u3400-\u4dbf\u4e00-\u9fff]+")
_WRITTEN = {"ok": "okay"}


def names(settings: Wake) -> tuple[str, ...]:
    """What is said to wake the box: of models by their file's name, and the phrase."""
    models = (name.replace("_", " ") for name in wake.names(settings))
    return tuple(name for name in (*models, settings.phrase) if name.strip())


def without_wake_word(text: str, called: Sequence[str]) -> str:
    """The text after the wake word that it begins with, as it is where it begins with none; "" for
    the wake word alone.
    """
    best, end = ALIKE, 0
    for name in called:
        wanted = _folded(tokens(name))
        for written, after in _heads(text, len(tokens(name)) + MOST_WORDS):
            alike = SequenceMatcher(None, wanted, written, autojunk=False).ratio()
            if alike > best or (alike == best and not end):
                best, end = alike, after
    return text[end:].lstrip(" ,.!?;:-—…，。！？、") if end else text


def _heads(text: str, most: int) -> Iterator[tuple[str, int]]:
    """The first word, the first two, and so on, each with where it ends in the text."""
    said: list[str] = []
    for word in _WORD.finditer(text):
        if len(said) == most:
            return
        said.append(word[0].casefold())
        yield _folded(said), word.end()


def _folded(words: Sequence[str]) -> str:
    return "".join(_WRITTEN.get(word, word) for word in words)
