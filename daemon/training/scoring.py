"""Word errors and exactness, with spelling differences that do not matter taken out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from training.home_words import number_words

_SPELLINGS = {"o'clock": "o clock", "living-room": "living room", "colour": "color", "ok": "okay"}


def normalized(text: str) -> list[str]:
    """Lower-case words without punctuation; digits, percent and degree signs become words."""
    text = text.lower().replace("%", " percent ").replace("°", " degrees ").replace("’", "'")
    text = re.sub(r"\d+", lambda found: f" {number_words(min(int(found.group()), 999))} ", text)
    text = re.sub(r"[^a-z' ]+", " ", text)
    for spelling, usual in _SPELLINGS.items():
        text = re.sub(rf"\b{spelling}\b", usual, text)
    return text.split()


def word_errors(wanted: Sequence[str], got: Sequence[str]) -> int:
    """The least number of words to change, add or remove."""
    row = list(range(len(got) + 1))
    for number, word in enumerate(wanted, 1):
        previous, row[0] = row[0], number
        for column, other in enumerate(got, 1):
            previous, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, previous + (word != other)),
            )
    return row[-1]
