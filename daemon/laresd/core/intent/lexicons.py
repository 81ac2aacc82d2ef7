"""The lexicon of a language."""

from __future__ import annotations

from functools import cache

from laresd.core.intent.senses import Lexicon
from laresd.core.intent.words_de import german
from laresd.core.intent.words_en import english
from laresd.core.intent.words_zh import chinese
from laresd.language import main_language

_MAKERS = {"en": english, "de": german, "zh": chinese}


def lexicon(language: str) -> Lexicon | None:
    """That of the language, whatever its region; None where there is none."""
    return _made(main_language(language))


@cache
def _made(language: str) -> Lexicon | None:
    maker = _MAKERS.get(language)
    return None if maker is None else maker()
