"""Routines: how people make and call them, and which phrases and steps cannot be one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.config import RoutineAction, RoutineSettings
from laresd.core.intent.meaning import Meaning, Problem, Trouble
from laresd.core.routine_words import Forget, Make, Start, Tell, ways_to_cut, wish
from laresd.core.routines import (
    MAX_PHRASE,
    MAX_STEP,
    Routine,
    Step,
    Why,
    called,
    configured,
    kept,
    step_fault,
    unfit,
)
from laresd.types import Action, Command, RoutineRecord
from tests.fakes.home import HOME

NIGHT = Routine("night", ("good night", "sleep well"), (Step("turn everything off"),))


class TestWords:
    @pytest.mark.parametrize(
        ("text", "language", "phrase", "rest"),
        [
            (
                "When I say good night, turn everything off and lock the door",
                "en",
                "good night",
                "turn everything off and lock the door",
            ),
            ('whenever I say "bye bye" then close the blinds', "en", "bye bye", "close the blinds"),
            ("turn the fan off when I say cool down", "en", "cool down", "turn the fan off"),
            ("Wenn ich gute Nacht sage, mach alles aus", "de", "gute Nacht", "mach alles aus"),
            (
                "Mach das Licht aus, wenn ich gute Nacht sage",
                "de",
                "gute Nacht",
                "Mach das Licht aus",
            ),
            ("当我说晚安时，关掉所有灯", "zh-CN", "晚安", "关掉所有灯"),
            ("我说晚安的时候就关灯", "zh-CN", "晚安", "关灯"),
        ],
    )
    def test_of_making_one(self, text: str, language: str, phrase: str, rest: str) -> None:
        assert wish(text, language) == Make(((phrase, rest),))

    def test_of_making_one_without_a_pause_leave_several_readings(self) -> None:
        found = wish("when i say good night turn everything off", "en")
        assert isinstance(found, Make)
        assert ("good night", "turn everything off") in found.readings

    @pytest.mark.parametrize(
        ("text", "language", "wanted"),
        [
            ("what routines do I have?", "en", Tell()),
            ("list my routines", "en", Tell()),
            ("welche Routinen gibt es", "de", Tell()),
            ("我有哪些例程", "zh-CN", Tell()),
            ("delete the good night routine", "en", Forget("good night")),
            ("please forget the routine good night", "en", Forget("good night")),
            ("lösche die Routine gute Nacht", "de", Forget("gute Nacht")),
            ("删除例程晚安", "zh-CN", Forget("晚安")),
            ("run the routine good night", "en", Start("good night")),
            ("starte die Routine gute Nacht", "de", Start("gute Nacht")),
            ("运行晚安例程", "zh-CN", Start("晚安")),
        ],
    )
    def test_of_all_else(self, text: str, language: str, wanted: object) -> None:
        assert wish(text, language) == wanted

    @pytest.mark.parametrize(
        ("text", "language"),
        [
            ("turn off the lights", "en"),
            ("start the vacuum", "en"),
            ("delete milk", "en"),
            ("what is a routine", "en"),
            ("wenn es dunkel wird mach das licht an", "de"),
            ("lösche das licht", "de"),
            ("打开灯", "zh-CN"),
            ("x" * 1000, "en"),
            ("when I say good night", "fr"),
        ],
    )
    def test_of_other_things_are_left_alone(self, text: str, language: str) -> None:
        assert wish(text, language) is None

    def test_steps_are_cut_at_ever_weaker_marks(self) -> None:
        ways = ways_to_cut("lights off, close the blinds and then lock the door", "en")
        assert ways[0] == ("lights off, close the blinds and then lock the door",)
        assert ways[-1] == ("lights off", "close the blinds", "lock the door")

    @given(st.text(max_size=400), st.sampled_from(["en", "de", "zh-CN"]))
    def test_no_text_is_too_much(self, text: str, language: str) -> None:
        wish(text, language)
        assert ways_to_cut(text, language)[0] == (text,)


class TestCalling:
    @pytest.mark.parametrize("text", ["good night", "Good night!", "okay lares, good night please"])
    def test_is_saying_the_phrase_and_nothing_else(self, text: str) -> None:
        assert called(text, "en", None, [NIGHT]) == NIGHT

    @pytest.mark.parametrize("text", ["good", "good night john", "say good night", "", "please"])
    def test_is_nothing_less_and_nothing_more(self, text: str) -> None:
        assert called(text, "en", None, [NIGHT]) is None

    def test_works_only_in_its_rooms(self) -> None:
        bedroom = Routine("night", ("good night",), (), areas=("Bedroom",))
        assert called("good night", "en", "bedroom", [bedroom]) == bedroom
        assert called("good night", "en", "Kitchen", [bedroom]) is None
        assert called("good night", "en", None, [bedroom]) is None


def test_the_configuration_gives_sentences_and_commands() -> None:
    (routine,) = configured(
        {
            "good night": RoutineSettings(
                actions=(
                    RoutineAction(say="lights off"),
                    RoutineAction(entity="lock.front", command="lock"),
                )
            )
        }
    )
    assert routine.phrases == ("good night",)
    assert routine.steps == (
        Step("lights off"),
        Step(action=Action("lock.front", Command.LOCK, {})),
    )
    assert not routine.made


def test_one_that_was_made_means_the_room_where_it_was_made() -> None:
    routine = kept(RoutineRecord("good night", ("lights off",), "en", "Bedroom"))
    assert (routine.here, routine.made, routine.language) == ("Bedroom", True, "en")


@pytest.mark.parametrize(
    ("phrase", "language", "why"),
    [
        ("good night", "en", Why.TAKEN),
        ("Sleep well!", "en", Why.TAKEN),
        ("turn off the lights", "en", Why.SHADOWS),
        ("lights on", "en", Why.SHADOWS),
        ("the desk lamp", "en", Why.SHADOWS),
        ("kitchen", "en", Why.SHADOWS),
        ("undo that", "en", Why.SHADOWS),
        ("again", "en", Why.SHADOWS),
        ("and the bedroom", "en", Why.SHADOWS),
        ("what routines do I have", "en", Why.SHADOWS),
        ("how warm is it", "en", Why.SHADOWS),
        ("yes", "en", Why.ANSWER),
        ("cancel", "en", Why.ANSWER),
        ("1234", "en", Why.ANSWER),
        ("thank you", "en", Why.ANSWER),
        ("!?", "en", Why.ANSWER),
        ("a" * (MAX_PHRASE + 1), "en", Why.TOO_LONG),
        ("nein", "de", Why.ANSWER),
        ("rückgängig", "de", Why.SHADOWS),
        ("撤销", "zh-CN", Why.SHADOWS),
        ("movie time", "en", None),
        ("gute nacht", "de", None),
        ("我睡了", "zh-CN", None),
    ],
)
def test_a_phrase_must_mean_nothing_yet(phrase: str, language: str, why: Why | None) -> None:
    assert unfit(phrase, language, HOME, [NIGHT]) is why


def test_a_step_must_be_a_command_that_is_understood() -> None:
    deed = Meaning("x", actions=(Action("light.kitchen", Command.TURN_ON),))
    unknown = Problem(Trouble.UNKNOWN_DEVICE, {"name": "oven"})
    assert step_fault("light on", deed) is None
    assert step_fault("hm", None) is Why.NOT_UNDERSTOOD
    assert step_fault("oven on", Meaning("x", problem=unknown)) == unknown
    assert step_fault("hello", Meaning("x", talk="hello")) is Why.NO_COMMAND
    assert step_fault("x" * (MAX_STEP + 1), deed) is Why.NOT_UNDERSTOOD
