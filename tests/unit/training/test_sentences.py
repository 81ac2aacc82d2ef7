"""The sentence generators: words only, home and other speech kept apart, the same for the same
seed.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

import laresd.bundled.alignment
from training.home_sentences import home_drill, home_sentence
from training.home_words import number_words
from training.other_sentences import foreign_sentence, other_drill, other_sentence
from training.other_words import FOREIGN
from training.templates import Rule, expand


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "zero"),
        (7, "seven"),
        (20, "twenty"),
        (75, "seventy five"),
        (100, "one hundred"),
        (213, "two hundred thirteen"),
    ],
)
def test_numbers_are_spoken_as_words(value: int, words: str) -> None:
    assert number_words(value) == words


def test_a_template_takes_options_lists_and_rules() -> None:
    rules: dict[str, Rule] = {"room": ["kitchen"], "thing": lambda dice: "lamp"}
    seen = {
        expand("turn (on|off) [the] <room> <thing>", rules, random.Random(n)) for n in range(60)
    }
    assert seen == {
        f"turn {way} {the}kitchen lamp" for way in ("on", "off") for the in ("", "the ")
    }


def test_an_open_bracket_is_an_error() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        expand("turn (on|off", {}, random.Random(0))


def test_home_sentences_are_plain_lower_case_words() -> None:
    dice = random.Random(1)
    for _ in range(2000):
        sentence = home_sentence(dice)
        assert re.fullmatch(r"[a-z']+( [a-z']+)*", sentence), sentence


def test_other_speech_is_hardly_ever_a_home_sentence() -> None:
    dice = random.Random(2)
    home = {home_sentence(dice) for _ in range(20_000)}
    other = [other_sentence(dice) for _ in range(2000)]
    assert sum(sentence in home for sentence in other) <= 10


def test_drills_use_only_words_that_the_shipped_model_can_write() -> None:
    shipped = Path(laresd.bundled.alignment.__file__).parent / "speech-en" / "vocabulary.json"
    known, dice = set(json.loads(shipped.read_text("utf-8"))), random.Random(5)
    drilled = {word for _ in range(20_000) for word in home_drill(dice).split()}
    assert drilled <= known
    assert {"light", "lights", "ninety", "pause", "standing"} <= drilled


def test_short_other_speech_is_never_a_home_drill() -> None:
    dice = random.Random(6)
    home = {home_drill(dice) for _ in range(20_000)} | {home_sentence(dice) for _ in range(20_000)}
    other = [other_drill(dice) for _ in range(4000)]
    assert "seven" in other
    assert sum(sentence in home for sentence in other) <= 10


def test_a_seed_gives_the_same_sentences() -> None:
    first, second = random.Random(3), random.Random(3)
    assert [home_sentence(first) for _ in range(50)] == [home_sentence(second) for _ in range(50)]


@pytest.mark.parametrize("language", sorted(FOREIGN))
def test_foreign_words_come_from_their_list(language: str) -> None:
    words = foreign_sentence(language, random.Random(4)).split()
    assert 2 <= len(words) <= 9
    assert set(words) <= set(FOREIGN[language].split())
