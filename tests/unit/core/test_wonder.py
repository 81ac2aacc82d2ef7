"""Questions about warmth and the date, with or without a room."""

from __future__ import annotations

import pytest

from laresd.core.intent import wonder
from laresd.core.intent.meaning import Ask, Question, Trouble
from tests.fakes.home import HOME, entity, home_of

WARMTH = Question(Ask.TEMPERATURE, ("climate.living",))
DATE = Question(Ask.DATE)


@pytest.mark.parametrize(
    ("text", "language", "question"),
    [
        ("what's the temperature", "en", WARMTH),
        ("how warm is it in the living room?", "en", WARMTH),
        ("is it cold in here", "en", None),
        ("what day is it today", "en", DATE),
        ("what is the date", "en", DATE),
        ("how warm is it in paris", "en", None),
        ("how warm is it tomorrow", "en", None),
        ("what is the temperature of the sun", "en", None),
        ("the temperature", "en", None),
        ("wie warm ist es", "de", WARMTH),
        ("welcher Tag ist heute", "de", DATE),
        ("wie warm wird es morgen", "de", None),
    ],
)
def test_a_question_is_answered_only_if_every_word_belongs_to_it(
    text: str, language: str, question: Question | None
) -> None:
    meaning = wonder.asked(text, language, HOME, None)
    assert (meaning.question if meaning else None) == question


def test_a_home_without_a_thermometer_says_so() -> None:
    meaning = wonder.asked("how warm is it", "en", home_of([entity("light.a", "Lamp")]), None)
    assert meaning is not None
    assert meaning.problem is not None
    assert meaning.problem.trouble is Trouble.NOTHING_THERE
