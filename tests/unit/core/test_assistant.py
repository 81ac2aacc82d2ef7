"""From a request to a reply: who is asked, what is done, what is said, whatever breaks."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from laresd.backends.clock import SystemClock
from laresd.config import Actions, Box, Config, Llm
from laresd.core import prompt
from laresd.core.assistant import CascadeAssistant
from laresd.errors import DeadlineExceeded, Permanent, Temporary
from laresd.generation import Generation, Piece
from laresd.timing import TimerCommand, TimerOutcome, TimerResult, TimerVerb, TimerView
from laresd.types import (
    Command,
    EntityState,
    Recognition,
    Reply,
    ReplyKind,
    Request,
    Scalar,
    Status,
)
from tests.fakes.devices import FakeDevices
from tests.fakes.grammar import FakeGrammar
from tests.fakes.home import ENTITIES, STATES, home_of
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.virtual_time import virtual_time
from tests.fakes.volume import FakeVolume

PATIENT = Config(actions=Actions(grammar_timeout_s=60.0))


class FakeTimers:
    """Port Timers: does what it is told; keeps the commands."""

    def __init__(self) -> None:
        self.commands: list[TimerCommand] = []

    async def handle(self, command: TimerCommand) -> TimerResult:
        self.commands.append(command)
        view = TimerView(1, command.name, command.seconds, command.seconds, paused=False)
        return TimerResult(command.verb, TimerOutcome.STARTED, (view,))


class Room:
    """An assistant with everything that it needs, faked."""

    def __init__(
        self,
        *,
        config: Config = PATIENT,
        model: FakeLanguageModel | None = None,
        volume: FakeVolume | None = None,
    ) -> None:
        self.grammar = FakeGrammar()
        self.devices = FakeDevices(ENTITIES, STATES)
        self.timers = FakeTimers()
        self.clock = SystemClock()
        self.assistant = CascadeAssistant(
            config=config,
            clock=self.clock,
            grammar=self.grammar,
            devices=self.devices,
            timers=self.timers,
            language_model=model,
            own_volume=volume,
        )

    async def say(
        self, text: str, *, language: str = "en", area: str | None = None, seconds: float = 60.0
    ) -> Reply:
        return await self.assistant.answer(self.request(text, language, area, seconds))

    def request(
        self, text: str, language: str = "en", area: str | None = None, seconds: float = 60.0
    ) -> Request:
        return Request("r1", text, language, self.clock.now() + seconds, "test", area=area)

    @property
    def done(self) -> list[tuple[str, Command]]:
        return [(action.entity_id, action.command) for action in self.devices.acted]


def turning_on(entity_id: str) -> str:
    """What the model answers to turn that on."""
    offered = [entity.entity_id for entity in prompt.offered(home_of(ENTITIES, STATES))]
    return f"on {offered.index(entity_id) + 1}"


class TestCascade:
    async def test_the_sentence_grammar_comes_first(self) -> None:
        room = Room()
        reply = await room.say("turn on the kitchen light")
        assert (reply.kind, reply.understood_by) == (ReplyKind.DONE, "grammar")
        assert reply.text == "Turned on the kitchen light."
        assert reply.intent == "HassTurnOn"
        assert room.done == [("light.kitchen", Command.TURN_ON)]

    async def test_then_the_tolerant_grammar(self) -> None:
        room = Room()
        reply = await room.say("could you put the kitchen light on please")
        assert (reply.kind, reply.understood_by) == (ReplyKind.DONE, "loose")

    async def test_then_the_language_model_if_the_words_bear_it_out(self) -> None:
        call = turning_on("light.kitchen")
        room = Room(model=FakeLanguageModel(lambda _: call))
        reply = await room.say("jeeves turn on the kitchen light")
        assert (reply.kind, reply.understood_by) == (ReplyKind.DONE, "llm")
        assert room.done == [("light.kitchen", Command.TURN_ON)]

    async def test_a_model_that_guesses_does_nothing(self) -> None:
        call = turning_on("light.desk_lamp")
        room = Room(model=FakeLanguageModel(lambda _: call))
        reply = await room.say("jeeves turn on the kitchen light")
        assert reply.kind is ReplyKind.NOT_UNDERSTOOD
        assert room.done == []

    async def test_a_sentence_that_nobody_understands_is_said_back(self) -> None:
        reply = await Room().say("the rain in spain")
        assert reply.kind is ReplyKind.NOT_UNDERSTOOD
        assert reply.text == 'I did not understand "the rain in spain".'
        assert reply.understood_by == ""

    async def test_talk_is_answered_but_can_never_act(self) -> None:
        call = turning_on("light.kitchen")
        model = FakeLanguageModel(lambda generation: call if generation.grammar else "Paris. And")
        room = Room(model=model)
        reply = await room.say("what is the capital of france?")
        assert (reply.kind, reply.text) == (ReplyKind.ANSWER, "Paris.")
        assert room.done == []
        assert not model.asked[0].grammar

    async def test_the_model_is_not_asked_when_it_is_switched_off(self) -> None:
        model = FakeLanguageModel()
        room = Room(config=dataclasses.replace(PATIENT, llm=Llm(enabled=False)), model=model)
        await room.say("jeeves turn on the kitchen light")
        assert model.asked == []

    async def test_the_box_s_own_room_is_meant_when_none_is_said(self) -> None:
        room = Room(config=dataclasses.replace(PATIENT, box=Box(area="Bedroom")))
        await room.say("lights on")
        assert room.done == [("light.lamp_bedroom", Command.TURN_ON)]


class TestAnticipation:
    """What is done while the sentence may still be going on."""

    async def anticipated(self, text: str) -> tuple[Room, FakeLanguageModel]:
        model = FakeLanguageModel()
        room = Room(model=model)
        await room.assistant.anticipate(room.request(text))
        return room, model

    @pytest.mark.parametrize(
        "text", ["turn on the kitchen light", "could you put the kitchen light on please"]
    )
    async def test_what_a_grammar_understands_costs_the_model_nothing(self, text: str) -> None:
        _, model = await self.anticipated(text)
        assert model.anticipated == []

    async def test_what_only_the_model_may_understand_is_read_by_it_as_it_will_be_asked(
        self,
    ) -> None:
        room, model = await self.anticipated("jeeves turn on the kitchen light")
        await room.say("jeeves turn on the kitchen light")
        assert model.anticipated == model.asked
        assert len(model.asked) == 1

    async def test_nothing_acts(self) -> None:
        room, _ = await self.anticipated("turn on the kitchen light")
        assert room.done == []

    async def test_talk_is_read_too(self) -> None:
        _, model = await self.anticipated("what is the capital of france?")
        assert [question.grammar for question in model.anticipated] == [None]


class TestWhatIsSaid:
    async def test_a_device_that_does_not_answer(self) -> None:
        room = Room()
        room.devices.refuse("light.desk_lamp", Status.NO_ANSWER)
        reply = await room.say("turn on the desk lamp")
        assert (reply.kind, reply.text) == (ReplyKind.FAILED, "No answer from the desk lamp.")

    async def test_some_devices_answer_and_some_do_not(self) -> None:
        room = Room()
        room.devices.refuse("light.lamp_office", Status.NO_ANSWER)
        reply = await room.say("office lights on")
        assert reply.kind is ReplyKind.PARTIAL
        assert reply.text == "Turned on the desk lamp. No answer from the lamp."

    async def test_a_device_that_is_offline(self) -> None:
        room = Room()
        room.devices.set_state("light.kitchen", EntityState(available=False))
        reply = await room.say("turn on the kitchen light")
        assert (reply.kind, reply.text) == (ReplyKind.FAILED, "The kitchen light is offline.")

    async def test_what_is_already_so(self) -> None:
        room = Room()
        reply = await room.say("turn off the kitchen light")
        assert (reply.kind, reply.text) == (ReplyKind.DONE, "The kitchen light is already off.")

    async def test_two_of_one_name(self) -> None:
        reply = await Room().say("turn on the lamp")
        assert reply.kind is ReplyKind.QUESTION
        assert (
            reply.text
            == "Which one do you mean: the lamp in the bedroom or the lamp in the office?"
        )

    async def test_a_question_about_a_state(self) -> None:
        room = Room()
        slots = {"entity_id": "lock.front", "name": "Front Door", "response": "one_yesno"}
        room.grammar.answers["is it"] = [Recognition("HassGetState", {**slots, "state": "locked"})]
        reply = await room.say("is it")
        assert (reply.kind, reply.text) == (ReplyKind.ANSWER, "Yes, the front door is locked.")
        assert room.done == []

    async def test_a_command_that_the_grammar_takes_for_a_question_is_done(self) -> None:
        room = Room()
        question = {"domain": "light", "state": "off", "response": "all"}
        room.grammar.answers["all lights off"] = [Recognition("HassGetState", question)]
        reply = await room.say("all lights off")
        assert reply.understood_by == "loose"
        assert len(room.done) == 5

    async def test_a_timer(self) -> None:
        room = Room()
        room.grammar.answers["tea"] = [Recognition("HassStartTimer", {"minutes": 5})]
        reply = await room.say("tea", area="Kitchen")
        assert reply.kind is ReplyKind.DONE
        assert room.timers.commands == [TimerCommand(TimerVerb.START, 300.0, area="Kitchen")]

    async def test_a_command_for_later_is_refused_not_done_now(self) -> None:
        room = Room()
        slots: dict[str, Scalar] = {
            "minutes": 5,
            "conversation_command": "turn off the kitchen light",
        }
        room.grammar.answers["later"] = [Recognition("HassStartTimer", slots)]
        reply = await room.say("later")
        assert reply.kind is ReplyKind.REFUSED
        assert room.done == []
        assert room.timers.commands == []

    async def test_nothing_at_all(self) -> None:
        reply = await Room().say("  ")
        assert (reply.kind, reply.text) == (
            ReplyKind.NOT_UNDERSTOOD,
            "I did not understand that.",
        )

    async def test_the_language_of_the_request(self) -> None:
        reply = await Room().say("wirklich wahr", language="de")
        assert reply.text == "„wirklich wahr“ habe ich nicht verstanden."

    async def test_a_device_s_bare_name_is_no_command(self) -> None:
        room = Room()
        slots = {"name": "Kitchen Light", "entity_id": "light.kitchen"}
        room.grammar.answers["kitchen light"] = [Recognition("HassTurnOn", slots)]
        assert (await room.say("kitchen light")).kind is ReplyKind.NOT_UNDERSTOOD
        assert room.done == []


class TestWhenThingsBreak:
    async def test_without_the_grammar_the_others_go_on(self) -> None:
        room = Room()
        room.grammar.error = Temporary("the sentence grammar died twice")
        reply = await room.say("turn on the kitchen light")
        assert (reply.kind, reply.understood_by) == (ReplyKind.DONE, "loose")

    async def test_when_nobody_else_understands_the_failure_is_said(self) -> None:
        room = Room()
        room.grammar.error = Permanent("no sentences", remedy="set box.language")
        reply = await room.say("the rain in spain")
        assert reply.kind is ReplyKind.FAILED
        assert reply.text == "Sorry: no sentences. Set box.language."

    async def test_a_model_that_fails_is_said(self) -> None:
        model = FakeLanguageModel(error=Temporary("the language model died"))
        reply = await Room(model=model).say("jeeves turn on the kitchen light")
        assert (reply.kind, reply.text) == (ReplyKind.FAILED, "Sorry: the language model died.")

    async def test_too_late_nothing_is_published(self) -> None:
        room = Room()
        reply = await room.say("turn on the kitchen light", seconds=-1.0)
        assert reply.kind is ReplyKind.FAILED
        assert room.done == []

    async def test_a_grammar_that_hangs_costs_its_share_of_the_time_only(self) -> None:
        room = Room(config=Config(actions=Actions(grammar_timeout_s=0.05)))
        room.grammar.learn = _hangs  # type: ignore[method-assign]
        reply = await room.say("turn on the kitchen light")
        assert reply.understood_by == "loose"

    async def test_it_is_published_once_even_if_it_is_not_confirmed(self) -> None:
        room = Room()
        room.devices.refuse("light.kitchen", Status.NO_ANSWER)
        reply = await room.say("turn on the kitchen light")
        assert len(reply.outcomes) == 1

    async def test_a_deadline_is_said_without_jargon(self) -> None:
        model = FakeLanguageModel(error=DeadlineExceeded("x"))
        reply = await Room(model=model).say("jeeves turn on the kitchen light")
        assert reply.text == "Sorry, that took too long. Please try again."


async def _hangs(home: object, language: str) -> None:
    await asyncio.Event().wait()


class TestLearning:
    async def test_the_grammar_learns_once_and_again_when_names_change(self) -> None:
        room = Room()
        await room.say("turn on the kitchen light")
        await room.say("turn off the kitchen light")
        assert len(room.grammar.learned) == 1

    async def test_prepare_teaches_before_the_first_request(self) -> None:
        room = Room()
        await room.assistant.prepare("en")
        await room.say("turn on the kitchen light")
        assert len(room.grammar.learned) == 1


class TestSpans:
    async def test_the_stages_of_a_turn_are_in_the_reply(self) -> None:
        reply = await Room().say("turn on the kitchen light")
        assert [span.name for span in reply.spans if span.name != "echo"] == ["understand", "act"]
        assert reply.spans[-1].ms >= 0
        understand = next(span for span in reply.spans if span.name == "understand")
        assert understand.detail["by"] == "grammar"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=120), said=st.text(max_size=120))
def test_no_text_and_no_model_can_make_it_raise_or_touch_what_is_not_there(
    text: str, said: str
) -> None:
    def answer(_: Generation) -> str:
        return said

    async def turn() -> None:
        room = Room(model=FakeLanguageModel(answer))
        reply = await room.say(text)
        assert reply.text
        assert {action.entity_id for action in room.devices.acted} <= {
            entity.entity_id for entity in ENTITIES
        }

    asyncio.run(turn())


@pytest.mark.parametrize("language", ["en", "de", "zh-CN", "fr"])
async def test_every_language_gets_an_answer(language: str) -> None:
    reply = await Room().say("hmm", language=language)
    assert reply.text


class BreakingModel(FakeLanguageModel):
    """Breaks off when it has said what it has to say."""

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        async with aclosing(super().generate(generation, deadline=deadline)) as pieces:
            async for piece in pieces:
                if piece.ending is not None:
                    raise Temporary("the host went away")
                yield piece


class TestSentencesAsTheyCome:
    """Sentences of a generated answer are told before it is complete."""

    async def told(
        self, model: FakeLanguageModel, text: str = "what is the capital of france?"
    ) -> tuple[Reply, list[str]]:
        sentences: list[str] = []
        room = Room(model=model)
        reply = await room.assistant.answer(room.request(text), sentences.append)
        assert room.done == [] or sentences == []
        return reply, sentences

    @virtual_time
    async def test_each_is_told_while_the_rest_is_still_generated(self) -> None:
        model = FakeLanguageModel("Paris. It lies on the Seine. It is old.", seconds=1.0)
        room = Room(model=model)
        times: list[tuple[str, float]] = []
        reply = await room.assistant.answer(
            room.request("what is the capital of france?"),
            lambda text: times.append((text, round(room.clock.now()))),
        )
        assert [text for text, _ in times] == ["Paris.", "It lies on the Seine.", "It is old."]
        at = [when for _, when in times]
        assert at[0] < at[1] < at[2]
        assert reply.kind is ReplyKind.ANSWER
        assert reply.text == " ".join(text for text, _ in times)

    async def test_nothing_is_told_of_what_is_done(self) -> None:
        call = turning_on("light.kitchen")
        reply, sentences = await self.told(
            FakeLanguageModel(lambda _: call), "jeeves turn on the kitchen light"
        )
        assert (reply.kind, sentences) == (ReplyKind.DONE, [])

    @pytest.mark.parametrize(
        "claim",
        [
            "I have turned on the kitchen light.",
            "I switched it off.",
            "The lamp is on now.",
            "The desk lamp is broken.",
        ],
    )
    async def test_talk_never_claims_anything_about_the_home(self, claim: str) -> None:
        reply, sentences = await self.told(FakeLanguageModel(f"Paris. {claim} Yes."))
        assert sentences == ["Paris."]
        assert reply.text == "Paris."

    async def test_talk_that_begins_with_a_claim_is_not_understood(self) -> None:
        reply, sentences = await self.told(FakeLanguageModel("I turned off the lamp. Paris."))
        assert (reply.kind, sentences) == (ReplyKind.NOT_UNDERSTOOD, [])

    async def test_an_answer_that_breaks_off_says_so(self) -> None:
        reply, sentences = await self.told(BreakingModel("Paris. It lies on the"))
        assert sentences == ["Paris.", "Sorry, the rest of the answer did not come."]
        assert reply.kind is ReplyKind.FAILED
        assert reply.text == " ".join(sentences)

    async def test_one_that_breaks_off_within_its_first_sentence_tells_why(self) -> None:
        reply, sentences = await self.told(BreakingModel("It lies on the"))
        assert sentences == []
        assert reply.kind is ReplyKind.FAILED
        assert "the host went away" in reply.text

    async def test_the_model_is_left_as_soon_as_no_more_is_wanted(self) -> None:
        model = FakeLanguageModel("Paris. The lamp is on. " + "More and more. " * 20)
        await self.told(model)
        assert model.open == 0
