"""The guard: nothing made up, nothing guessed, nothing dangerous on a model's word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from laresd.core import guard, prompt
from laresd.core.intent.meaning import Meaning, Trouble
from laresd.types import Json, Request, Transcript
from tests.fakes.home import HOME


def heard(
    text: str, *, logprob: float = -0.3, silence: float = 0.1, seconds: float = 3.0
) -> Transcript:
    return Transcript(text, logprob, silence, audio_seconds=seconds)  # fmt: skip


class TestTranscripts:
    @pytest.mark.parametrize(
        ("text", "language"),
        [
            ("", "en"),
            ("...", "en"),
            ("Thank you.", "en"),
            ("Thanks for watching!", "en"),
            ("you", "en"),
            ("[Music]", "en"),
            ("♪ ♪", "en"),
            ("Thank you.", "de"),
            ("Untertitel der Amara.org-Community", "de"),
            ("Vielen Dank.", "de"),
            ("谢谢观看", "zh-CN"),
            ("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", "zh-CN"),
            ("the light the light the light the light", "en"),
            ("开灯开灯开灯开灯开灯", "zh-CN"),
        ],
    )
    def test_what_speech_models_make_up_is_stopped(self, text: str, language: str) -> None:
        assert guard.transcript(heard(text), language)

    @pytest.mark.parametrize(
        ("text", "language"),
        [
            ("turn on the kitchen light", "en"),
            ("thank you, now turn off the kitchen light", "en"),
            ("mach das Licht an", "de"),
            ("打开厨房灯", "zh-CN"),
            ("off", "en"),
        ],
    )
    def test_speech_passes(self, text: str, language: str) -> None:
        assert guard.transcript(heard(text), language) is None

    @pytest.mark.parametrize(
        ("text", "language"),
        [
            ("turn on the kitchen light and then open all the blinds of the house", "en"),
            ("请把客厅里的灯全部打开然后关上卧室的窗帘", "zh-CN"),
        ],
    )
    def test_nobody_says_that_much_in_so_short_a_time(self, text: str, language: str) -> None:
        assert guard.transcript(heard(text, seconds=1.2), language)
        assert guard.transcript(heard(text, seconds=4.0), language) is None

    def test_thanks_are_written_down_where_the_model_is_sure_of_them(self) -> None:
        sure = heard("Thank you.", logprob=-0.2, silence=0.02)
        assert guard.transcript(sure, "en")
        assert guard.dictated(sure, "en") is None

    @pytest.mark.parametrize(("logprob", "silence"), [(-0.7, 0.02), (-0.2, 0.4), (0.0, 0.0)])
    def test_thanks_that_may_be_made_up_are_not_written_down(
        self, logprob: float, silence: float
    ) -> None:
        assert guard.dictated(heard("Thank you.", logprob=logprob, silence=silence), "en")

    def test_text_that_goes_round_in_circles_is_not_written_down(self) -> None:
        assert guard.dictated(heard("the light " * 5, logprob=-0.1, silence=0.0), "en")

    def test_a_model_that_is_sure_of_nothing_is_not_believed(self) -> None:
        assert guard.transcript(heard("turn on the light", logprob=-2.5), "en")
        assert guard.transcript(heard("turn on the light", logprob=-1.2, silence=0.9), "en")
        assert guard.transcript(heard("turn on the light", logprob=-1.2, silence=0.2), "en") is None

    def test_more_words_than_the_time_has_room_for(self) -> None:
        assert guard.transcript(heard("turn on the kitchen light", seconds=0.2), "en")


class TestAnswersToAQuestion:
    """ "Ja" is what a speech model makes up on silence, and what a person says."""

    def test_a_clear_one_passes(self) -> None:
        assert guard.transcript(heard("Ja."), "de")
        assert guard.answer(heard("Ja.", logprob=-0.2, silence=0.05), "de") is None

    @pytest.mark.parametrize(("logprob", "silence"), [(-0.6, 0.05), (-0.2, 0.4), (-2.0, 0.9)])
    def test_one_that_may_be_noise_does_not(self, logprob: float, silence: float) -> None:
        assert guard.answer(heard("Ja.", logprob=logprob, silence=silence), "de")

    def test_what_is_no_answer_is_judged_as_ever(self) -> None:
        assert guard.answer(heard("Vielen Dank.", logprob=-0.1, silence=0.0), "de")
        assert guard.answer(heard("schalte das Licht ein"), "de") is None


def proposals() -> Iterator[Meaning]:
    """Everything that a model can possibly propose for this home, one call at a time."""
    values: dict[str, list[Json]] = {
        "": [None], "percent": [0, 7, 20, 50, 100], "degrees": [20, 22], "kelvin": [2700],
        "color": ["red", "blue"],
    }  # fmt: skip
    for tool in prompt.TOOLS:
        for number, _ in enumerate(prompt.offered(HOME), 1):
            for value in values[tool.values]:
                said = f"{tool.name} {number}" + (f" {value}" if tool.values else "")
                meaning = prompt.parse(said, HOME)
                if meaning is not None:
                    yield meaning


PROPOSALS = list(proposals())


def accepted(text: str, area: str | None = None) -> list[tuple[str, str]]:
    """What the guard lets pass of all that a model could say about this sentence."""
    request = Request("1", text, "en", 1e9, "test", area=area)
    checked = [guard.checked(proposal, request, HOME) for proposal in PROPOSALS]
    return [(a.entity_id, a.command.value) for m in checked if m for a in m.actions]


class TestProposals:
    @pytest.mark.parametrize(
        "text",
        [
            "is it raining in paris",
            "the kitchen light is lovely",
            "don't turn on the kitchen light",
            "turn on the kitchen light at seven",
            "my boss wants the kitchen light on",
            "turn off the kitchen light switch company",
            "turn on the kitchen light in paris",
            "tell me about the front door",
            "unlock my phone",
            "turn on the oven",
            "open a bank account",
            "turn the kitchen light on and off",
            "who is the president of france",
            "turn on something nice",
            "turn on the lantern of the church",
            "turn on the kitchen light for the church",
            "grandma loves to turn on the kitchen light",
        ],
    )
    def test_whatever_the_model_says_nothing_is_done(self, text: str) -> None:
        assert accepted(text) == []

    def test_a_name_of_address_does_no_harm(self) -> None:
        assert accepted("alexa turn on the kitchen light") == [("light.kitchen", "turn_on")]

    def test_the_value_must_be_the_one_that_was_said(self) -> None:
        assert accepted("jarvis set the desk lamp to 20 percent") == [
            ("light.desk_lamp", "turn_on")
        ]

    def test_a_lamp_of_two_is_not_for_the_model_to_choose(self) -> None:
        found = {entity_id for entity_id, _ in accepted("alexa turn on the light")}
        assert found == set()

    @pytest.mark.parametrize("text", ["alexa unlock the front door", "jarvis open the garage door"])
    def test_what_opens_the_house_is_never_done_on_a_models_word(self, text: str) -> None:
        request = Request("1", text, "en", 1e9, "test")
        checked = [guard.checked(proposal, request, HOME) for proposal in PROPOSALS]
        problems = [m.problem.trouble for m in checked if m and m.problem]
        assert accepted(text) == []
        assert problems == [Trouble.DANGEROUS]


class TestTalk:
    @pytest.mark.parametrize("text", ["what is the capital of france?", "who wrote faust"])
    def test_a_question_about_the_world_may_be_talked_about(self, text: str) -> None:
        assert guard.may_be_talk(text, "en", HOME)

    @pytest.mark.parametrize(
        "text",
        ["is it raining in paris", "why is the kitchen light on", "banana", "the sky is blue"],
    )
    def test_todays_world_this_home_and_no_question_are_not(self, text: str) -> None:
        assert not guard.may_be_talk(text, "en", HOME)
