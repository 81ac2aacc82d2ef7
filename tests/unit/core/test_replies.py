"""What is said: only what was confirmed is called done, in the language of the request."""

from __future__ import annotations

from datetime import datetime

import pytest

from laresd.core import replies
from laresd.core.intent.meaning import Ask, Problem, Question, Trouble
from laresd.core.replies.phrasebook import Phrasebook
from laresd.errors import Temporary
from laresd.types import Action, Command, Json, Outcome, ReplyKind, Status
from tests.fakes.home import ENTITIES, HOME, entity, home_of, state

LANGUAGES = ("en", "de", "zh-CN")
NOW = datetime(2026, 11, 23, 14, 5)


def outcome(
    entity_id: str,
    command: Command = Command.TURN_ON,
    status: Status = Status.CONFIRMED,
    **params: Json,
) -> Outcome:
    return Outcome(Action(entity_id, command, params), status)


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ([outcome("light.kitchen")], "Turned on the kitchen light."),
        (
            [outcome("light.kitchen"), outcome("light.desk_lamp")],
            "Turned on the kitchen light and the desk lamp.",
        ),
        ([outcome(e.entity_id) for e in ENTITIES[:5]], "Turned on 5 lights."),
        ([outcome(e.entity_id) for e in ENTITIES[3:7]], "Turned on 4 devices."),
        (
            [outcome("light.ceiling", brightness_pct=40, color_name="red")],
            "Set the ceiling to red and 40 percent.",
        ),
        ([outcome("cover.blind", Command.SET_POSITION, position=50)],
         "Set the living room blind to 50 percent."),
        ([outcome("light.kitchen", status=Status.NO_ANSWER)], "No answer from the kitchen light."),
        ([outcome("light.kitchen", status=Status.ALREADY)], "The kitchen light is already on."),
        ([outcome("light.kitchen", status=Status.UNAVAILABLE)], "The kitchen light is offline."),
        (
            [outcome("light.kitchen"), outcome("light.desk_lamp", status=Status.NO_ANSWER)],
            "Turned on the kitchen light. No answer from the desk lamp.",
        ),
        (
            [outcome("light.kitchen"), outcome("light.desk_lamp", status=Status.ALREADY)],
            "Turned on the kitchen light and the desk lamp.",
        ),
        ([outcome("todo.shopping", Command.ADD_ITEM, item="milk")],
         "Added milk to the shopping list."),
        ([outcome("vacuum.rosie", Command.START)], "Started Rosie."),
    ],
)  # fmt: skip
def test_what_was_done_in_english(done: list[Outcome], said: str) -> None:
    assert replies.deeds(done, HOME, "en") == said


def test_what_was_done_in_german_and_chinese() -> None:
    home = home_of([entity("light.k", "Küchenlampe"), entity("light.c", "厨房灯")])
    assert replies.deeds([outcome("light.k")], home, "de") == "Küchenlampe eingeschaltet."
    assert replies.deeds([outcome("light.c")], home, "zh-CN") == "已打开厨房灯。"


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ([Status.CONFIRMED, Status.ALREADY, Status.ACCEPTED], ReplyKind.DONE),
        ([Status.CONFIRMED, Status.NO_ANSWER], ReplyKind.PARTIAL),
        ([Status.NO_ANSWER, Status.UNAVAILABLE], ReplyKind.FAILED),
        ([], ReplyKind.FAILED),
    ],
)
def test_done_means_that_every_device_confirmed(statuses: list[Status], kind: ReplyKind) -> None:
    assert replies.kind_of([outcome("light.kitchen", status=s) for s in statuses]) is kind


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (Question(Ask.IS, ("lock.front",), "locked"), "Yes, the front door is locked."),
        (Question(Ask.IS, ("lock.back",), "locked"), "No, the back door is unlocked."),
        (Question(Ask.IS, ("binary_sensor.window",), "on"), "Yes, the bedroom window is open."),
        (Question(Ask.WHICH, ("light.kitchen", "light.ceiling"), "on"), "The ceiling."),
        (Question(Ask.HOW_MANY, ("light.kitchen",), "on"), "None."),
        (Question(Ask.ANY, ("light.ceiling",), "on"), "Yes: the ceiling."),
        (Question(Ask.ALL, ("lock.front", "lock.back"), "locked"),
         "No, the back door is unlocked."),
        (Question(Ask.STATE, ("light.ceiling",)), "The ceiling is on, at 40 percent."),
        (Question(Ask.STATE, ("sensor.humidity",)), "Humidity is 48 percent."),
        (Question(Ask.TEMPERATURE, ("climate.living",)), "It is 19.5 degrees in the living room."),
        (Question(Ask.TIME), "It is 2:05 PM."),
        (Question(Ask.DATE), "It is Monday, November 23, 2026."),
    ],
)  # fmt: skip
def test_answers_in_english(question: Question, said: str) -> None:
    assert replies.answer(question, HOME, NOW, "en") == said


@pytest.mark.parametrize(
    ("language", "time", "date"),
    [
        ("de", "Es ist 14 Uhr 5.", "Heute ist Montag, der 23. November 2026."),
        ("zh-CN", "现在是14点5分。", "今天是2026年11月23日，星期一。"),
    ],
)
def test_the_time_in_other_languages(language: str, time: str, date: str) -> None:
    assert replies.answer(Question(Ask.TIME), HOME, NOW, language) == time
    assert replies.answer(Question(Ask.DATE), HOME, NOW, language) == date


def test_a_state_that_no_device_has_reported_is_not_made_up() -> None:
    home = home_of([entity("lock.x", "Gate Lock")], {"lock.x": state("unknown")})
    for ask in (Ask.IS, Ask.STATE):
        said = replies.answer(Question(ask, ("lock.x",), "locked"), home, NOW, "en")
        assert said == "I don't know the state of the gate lock."


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("trouble", list(Trouble))
def test_every_trouble_has_a_sentence(language: str, trouble: Trouble) -> None:
    facts: dict[str, Json] = {
        "name": "Oven", "kind": "light", "area": "", "minimum": 5, "maximum": 30,
        "ids": ["light.lamp_bedroom", "light.lamp_office"],
    }  # fmt: skip
    said = replies.trouble(Problem(trouble, facts), HOME, language)
    assert said
    assert "{" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_has_a_sentence_in_every_language(language: str) -> None:
    book: Phrasebook = replies.phrasebook(language)
    assert set(book.did) == set(Command)
    assert set(book.trouble) == set(Trouble)


def test_an_error_is_said_with_its_way_out() -> None:
    error = Temporary("the broker is away", remedy="check that it runs")
    assert replies.failure(error, "en") == "Sorry: the broker is away. Check that it runs."


def test_a_long_text_is_not_read_back() -> None:
    assert replies.not_understood("word " * 50, "en").startswith("That was too long")
