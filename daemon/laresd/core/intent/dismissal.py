"""Somebody who asked for something wants nothing any more. Pure."""

from __future__ import annotations

from laresd.core.intent.meaning import Meaning
from laresd.core.intent.text import tokens
from laresd.language import main_language

INTENT = "HassNevermind"  # Home Assistant's name for it; its Chinese sentences have none
_SAID = {
    "en": "never mind|nevermind|never mind then|forget it|forget about it|forget that|cancel|"
    "cancel that|leave it|nothing|its nothing|abort",
    "de": "vergiss es|vergiss das|schon gut|egal|ist egal|nichts|abbrechen|abbruch|lass es|"
    "lass gut sein|lass mal|doch nicht",
    "zh": "算了|算了吧|没事|没事了|取消|不用了|当我没说",
}


def dismissed(text: str, language: str) -> Meaning | None:
    """Of these words and no others."""
    words = tokens(text)
    known = map(tokens, _SAID.get(main_language(language), _SAID["en"]).split("|"))
    return Meaning(INTENT, talk="nevermind") if words in known else None
