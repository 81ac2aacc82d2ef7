"""How loud Lares itself is to speak: "speak louder", "your volume to 40 percent". Pure.

Only sentences that are nothing else. What does not name Lares' own voice ("louder", "volume to 40
percent") means it only in a home without a media player: there it can mean nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from laresd.core.intent.lexicons import lexicon
from laresd.core.intent.pieces import cut
from laresd.core.intent.text import tokens
from laresd.language import main_language
from laresd.types import Home

STEP = 10  # percent, of "louder"
MAX_CHARACTERS = 80
_OTHERS = "media_player"
_NOTHING = Home({}, {})


@dataclass(frozen=True, slots=True)
class Wish:
    """`level` in percent, or None: by `change` percent."""

    level: int | None = None
    change: int = 0

    def of(self, percent: int) -> int:
        """What it is to be, where it is `percent` now; 0 to 100."""
        wanted = percent + self.change if self.level is None else self.level
        return min(100, max(0, wanted))


@dataclass(frozen=True, slots=True)
class _Said:
    """Patterns over words with a space between them, or none where the language writes none. They
    are compiled when they are asked first: most homes speak one language.
    """

    louder: str
    quieter: str
    level: str  # the rest is how loud


@dataclass(frozen=True, slots=True)
class _Language:
    """`own`: names the voice of Lares. `bare`: may be about whatever sounds. `polite`: left out."""

    own: _Said
    bare: _Said
    polite: str


def wish(text: str, language: str, home: Home) -> Wish | None:
    """What is wanted of Lares' own voice; None when that is not surely meant."""
    known = _LANGUAGES.get(main_language(language))
    if known is None or len(text) > MAX_CHARACTERS:
        return None
    between = "" if main_language(language) == "zh" else " "
    said = re.sub(known.polite, "", between.join(tokens(text)))
    has_others = any(entity.domain == _OTHERS for entity in home.entities.values())
    for meant in (known.own,) if has_others else (known.own, known.bare):
        if re.fullmatch(meant.louder, said):
            return Wish(change=STEP)
        if re.fullmatch(meant.quieter, said):
            return Wish(change=-STEP)
        named = re.match(meant.level, said)
        percent = _percent(said[named.end() :], language) if named else None
        if percent is not None:
            return Wish(level=percent)
    return None


def _percent(text: str, language: str) -> int | None:
    """A number of percent, or a word such as "half"; a bare number may be of another scale."""
    words = lexicon(language)
    pieces = cut(text, words, _NOTHING) if words is not None else []
    senses = [piece.sense for piece in pieces if piece.sense is not None]
    if len(senses) != len(pieces):
        return None
    levels = [sense.level for sense in senses if sense.level is not None]
    numbers = [sense.number for sense in senses if sense.number is not None]
    units = [sense.unit for sense in senses if sense.unit]
    if len(senses) == 1 and levels:
        return round(levels[0])
    if len(senses) == 2 and numbers and units == ["percent"] and 0 <= numbers[0] <= 100:
        return round(numbers[0])
    return None


_BIT = "(?:an? (?:little )?bit |a little |much |even )?"
_ETWAS = "(?:bitte )?(?:etwas |ein bisschen |ein wenig |viel |noch )?"
_TURN = "(?:turn|put|set|change)"
_DIAN = "(?:一?点儿?|一?些)?"
_LANGUAGES: Mapping[str, _Language] = {
    "en": _Language(
        own=_Said(
            f"(?:speak|talk) {_BIT}(?:louder|more loudly)|speak up|"
            f"be {_BIT}louder|{_TURN} (?:up your (?:volume|voice)|your (?:volume|voice) up|"
            "yourself up)|(?:raise|increase) your (?:volume|voice)|your volume up",
            f"(?:speak|talk) {_BIT}(?:quieter|softer|lower|(?:more )?(?:quiet|soft)ly)|"
            f"be {_BIT}quieter|{_TURN} (?:down your (?:volume|voice)|your (?:volume|voice) down|"
            "yourself down)|(?:lower|decrease|reduce) your (?:volume|voice)|your volume down",
            f"(?:(?:{_TURN} )?your (?:own )?volume|speak|talk) (?:to |at )?",
        ),
        bare=_Said(
            f"{_BIT}louder|{_TURN} (?:up the volume|the volume up)|(?:the )?volume up|"
            "(?:raise|increase) the volume",
            f"{_BIT}(?:quieter|softer)|{_TURN} (?:down the volume|the volume down)|"
            "(?:the )?volume down|(?:lower|decrease|reduce) the volume",
            f"(?:{_TURN} )?(?:the )?volume (?:to |at )?",
        ),
        polite="^(?:please|can you|could you|would you) |(?: please| lares)$",
    ),
    "de": _Language(
        own=_Said(
            f"(?:sprich|spreche|rede|red|sprech) {_ETWAS}lauter|sei {_ETWAS}lauter|"
            f"mach dich {_ETWAS}lauter|(?:mach|mache|dreh|drehe) deine (?:stimme|lautstärke) "
            f"{_ETWAS}(?:lauter|auf|hoch)|erhöhe deine lautstärke",
            f"(?:sprich|spreche|rede|red|sprech) {_ETWAS}leiser|sei {_ETWAS}leiser|"
            f"mach dich {_ETWAS}leiser|(?:mach|mache|dreh|drehe) deine (?:stimme|lautstärke) "
            f"{_ETWAS}(?:leiser|ab|runter|herunter)|verringere deine lautstärke",
            "(?:(?:stelle|stell|setze|setz|mach|mache|dreh|drehe) )?deine (?:eigene )?lautstärke "
            "(?:auf )?",
        ),
        bare=_Said(
            f"(?:mach )?{_ETWAS}lauter|erhöhe die lautstärke|lautstärke (?:hoch|erhöhen)",
            f"(?:mach )?{_ETWAS}leiser|verringere die lautstärke|lautstärke (?:runter|verringern)",
            "(?:(?:stelle|stell|setze|setz|mach|mache|dreh|drehe) )?(?:die )?lautstärke (?:auf )?",
        ),
        polite="^(?:bitte|kannst du|könntest du) |(?: bitte| lares)$",
    ),
    "zh": _Language(
        own=_Said(
            f"你?(?:说话|讲话|说|讲)(?:的?声音)?[再更]?(?:大声|响亮|响|大){_DIAN}|"
            f"把?你的(?:声音|音量)[调开]?[再更]?[大高响]{_DIAN}",
            f"你?(?:说话|讲话|说|讲)(?:的?声音)?[再更]?(?:小声|轻声|轻|小){_DIAN}|"
            f"把?你的(?:声音|音量)[调开]?[再更]?[小低轻]{_DIAN}",
            "把?你的(?:声音|音量)(?:调|设置?|开)?[到为成]?",
        ),
        bare=_Said(
            f"把?(?:声音|音量)[调开]?[再更]?[大高响]{_DIAN}|[再更]?大声{_DIAN}",
            f"把?(?:声音|音量)[调开]?[再更]?[小低轻]{_DIAN}|[再更]?小声{_DIAN}",
            "把?音量(?:调|设置?|开)?[到为成]?",
        ),
        polite="^(?:请你?|麻烦你?)|吧$",
    ),
}
