"""The words of a text as the word index counts them, in documents and in questions alike. Pure.

Scripts without spaces (Chinese, Japanese, Thai and their like) are cut into overlapping pairs of
characters, the others at white space and punctuation. Full-width and compatible forms of a
character are one (Unicode NFKC), so are upper and lower case, and letters with and without accents
beside each other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_PAIRED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_WORD = re.compile(r"[^\W_]+")
_MARKS = re.compile("[\u0300-\u036f]+")
_SPACED = {code: " " for code in range(128) if not chr(code).isalnum()}


def words(text: str) -> Iterator[str]:
    """In their order, pairs of characters among them; a single such character is itself."""
    text = unicodedata.normalize("NFKC", text).casefold()
    if text.isascii():  # the same as below, four times as fast
        yield from text.translate(_SPACED).split()
        return
    at = 0
    for found in _PAIRED.finditer(text):
        yield from _spaced(text[at : found.start()])
        run = found.group()
        if len(run) == 1:
            yield run
        for left in range(len(run) - 1):
            yield run[left : left + 2]
        at = found.end()
    yield from _spaced(text[at:])


def asked(question: str) -> list[str]:
    """The words of a question that are worth looking for, each once."""
    found = list(dict.fromkeys(words(question)))
    return [word for word in found if word not in STOP_WORDS] or found


def is_paired(text: str) -> bool:
    """Whether most letters of the text are of scripts without spaces."""
    letters = sum(character.isalnum() for character in text)
    return 2 * sum(len(run) for run in _PAIRED.findall(text)) > letters


def _spaced(text: str) -> list[str]:
    found: list[str] = _WORD.findall(text)
    if text.isascii():
        return found
    return [
        word if word.isascii() else _MARKS.sub("", unicodedata.normalize("NFD", word))
        for word in found
    ]


_STOP = """
a an and are as at be by can did do does for from had has have he her his how i in is it its me my
not of on or our she so that the their them there they this to was we were what when where which
who whom whose why will with would you your

aber als am an auch auf aus bei das dass dem den der des die du ein eine einem einen einer er es für
hat ich ihr im in ist ja mein mit nach nicht oder sich sie sind und vom von war was wann warum
welche welcher welches wem wen wer wie wird wir wo zu zum zur
"""
STOP_WORDS = frozenset(words(_STOP))
"""Too frequent to tell documents apart; asked for only where a question has no other word."""
