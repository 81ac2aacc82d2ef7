"""How easily an ear wakes, and whether a transcript has the wake word in it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from laresd.config import Wake

NORMAL = 0.5  # sensitivity at which each model's own threshold holds
ALIKE = 0.7  # share of letters in which a word that was heard may be the wake word
SOUNDS_ALIKE = 0.85  # the same of its sounds: 2 to 4 % of five words of a text are so by chance
LONGEST = 200  # characters of a transcript that are looked at
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+")
_SOUNDS = str.maketrans(
    {
        **dict.fromkeys("aeiouy", "a"),
        **dict.fromkeys("bfpvw", "b"),
        **dict.fromkeys("cgjkqsxz", "k"),
        **dict.fromkeys("dt", "d"),
        **dict.fromkeys("lr", "l"),
        **dict.fromkeys("mn", "m"),
        "h": "",
    }
)


def names(settings: Wake) -> list[str]:
    """The wake words as their models are called: a .tflite file without folder and ending."""
    return [Path(word).stem if word.endswith(".tflite") else word for word in settings.words]


def sensitivities(settings: Wake, ear: str) -> dict[str, float]:
    """How easily each wake word wakes this ear. The table's most particular line decides:
    "ear/word", then "ear", then "word".
    """
    table = settings.sensitivity
    return {word: _first(table, (f"{ear}/{word}", ear, word)) for word in names(settings)}


def _first(table: Mapping[str, float], keys: Sequence[str]) -> float:
    return next((table[key] for key in keys if key in table), NORMAL)


def sounds_like(text: str, phrase: str) -> bool:
    """Whether the phrase, or words that sound nearly like it, are anywhere in a transcript.

    It is asked about a word that a model was sure of, so it is generous: by letters or by sounds,
    a word less, or two more. Chinese is compared by characters.
    """
    heard, wanted = _tokens(text[:LONGEST]), _tokens(phrase)
    if not wanted:
        return True
    whole = "".join(wanted)
    counts = range(max(1, len(wanted) - 1), len(wanted) + 3)
    spans = (
        "".join(heard[start : start + count])
        for count in counts
        for start in range(max(0, len(heard) - count + 1))
    )
    return any(_alike(span, whole) for span in spans)


def _tokens(text: str) -> list[str]:
    """Words without case and accents; each Chinese character by itself."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _TOKEN.findall("".join(c for c in plain if not unicodedata.combining(c)))


def _alike(heard: str, wanted: str) -> bool:
    if _ratio(heard, wanted) >= ALIKE:
        return True
    a, b = _sounds(heard), _sounds(wanted)
    return len(b) > 2 and _ratio(a, b) >= SOUNDS_ALIKE


def _sounds(word: str) -> str:
    """One letter for each class of sounds, neighbours of one class once."""
    return re.sub(r"(.)\1+", r"\1", word.translate(_SOUNDS))


def _ratio(a: str, b: str) -> float:
    return SequenceMatcher(None, a, b, autojunk=False).ratio()
