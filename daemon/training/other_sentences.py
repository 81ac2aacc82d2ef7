"""Random speech that is not for the home: for each of these the model must learn to write nothing
at all.
"""

# ruff: noqa: SIM905 (a text of words reads better than a column of strings)

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from training import home_words, other_words
from training.home_sentences import WAKE_PHRASES, home_sentence
from training.templates import Rule, expand, template

_LEXICON = Path(
    "/usr/share/festival/dicts/cmu/cmudict-0.4.out"
)  # package festlex-cmu, used for its list of words

_TEMPLATES = Path(__file__).with_name("other_sentences.txt")
_DRILLS = Path(__file__).with_name("other_drills.txt")


@lru_cache(maxsize=1)
def lexicon_words() -> tuple[str, ...]:
    """Plain words of 2 to 11 letters from the CMU lexicon, or our own lists where it is not
    installed.
    """
    if not _LEXICON.exists():
        listed = " ".join(
            other_words.SUBJECTS + other_words.VERBS + other_words.THINGS + other_words.ADJECTIVES
        ).split()
        return tuple(sorted(set(listed)))
    found = set()
    for line in _LEXICON.read_text("latin-1").splitlines():
        if line.startswith('("'):
            word = line[2 : line.index('"', 2)]
            if word.isascii() and word.isalpha() and word.islower() and 2 <= len(word) <= 11:
                found.add(word)
    return tuple(sorted(found))


def _salad(dice: random.Random) -> str:
    return dice.choice(lexicon_words())


RULES: Mapping[str, Rule] = {
    "subject": other_words.SUBJECTS,
    "verb": other_words.VERBS,
    "thing": other_words.THINGS,
    "place": other_words.PLACES,
    "adjective": other_words.ADJECTIVES,
    "filler": other_words.FILLERS,
    "room": home_words.ROOMS,
    "person": home_words.PEOPLE,
    "colour": home_words.COLOURS,
    "salad": _salad,
    "wake": WAKE_PHRASES,
    "number": lambda dice: home_words.number_words(dice.randint(0, 120)),
    "digit": [home_words.number_words(value) for value in range(10)],
    "name": home_words.NAMES,
    "card": [
        "ace",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "jack",
        "queen",
        "king",
    ],
    "suit": ["spades", "hearts", "clubs", "diamonds"],
    "letter": list("abcdefghijklmnopqrstuvwxyz"),
    "day": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    "month": [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ],
}
_GLUE = """
the of and to a in that it is was for on with as at by from
""".split()


def other_sentence(dice: random.Random) -> str:
    """English that is no home command, lower case: stories, talk, near-commands, word salad,
    digits, wake words.
    """
    kind = dice.random()
    if kind < 0.74:
        return expand(template(_TEMPLATES, dice), RULES, dice)
    if kind < 0.94:
        return " ".join(
            dice.choice(_GLUE) if dice.random() < 0.3 else _salad(dice)
            for _ in range(dice.randint(2, 9))
        )
    return _shuffled_command(dice)


def other_drill(dice: random.Random) -> str:
    """Short English that is no home command: digits, letters, single words, halves of commands."""
    return expand(template(_DRILLS, dice), RULES, dice)


def _shuffled_command(dice: random.Random) -> str:
    words = home_sentence(dice).split() + home_sentence(dice).split()
    dice.shuffle(words)
    return " ".join(words[: dice.randint(2, 8)])


def foreign_sentence(language: str, dice: random.Random) -> str:
    """Random words of `language`, one of the keys of `other_words.FOREIGN`."""
    words: Sequence[str] = other_words.FOREIGN[language].split()
    return " ".join(dice.choices(words, k=dice.randint(2, 9)))
