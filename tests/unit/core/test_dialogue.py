"""Conversations with the whole assistant: follow-ups, undo and routines, and what guards them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from laresd.config import Actions, Box, Config, Llm, RiskRule, RoutineAction, RoutineSettings
from laresd.core.assistant import CascadeAssistant
from laresd.core.conversation import MAX_SECONDS
from laresd.core.dialogue import PROPOSAL_SECONDS
from laresd.core.routine_book import RoutineBook
from laresd.core.routines import MAX_MADE
from laresd.errors import Temporary
from laresd.timing import TimerCommand, TimerOutcome, TimerResult, TimerView
from laresd.types import Command, Recognition, Reply, ReplyKind, Request, RoutineRecord, Status
from tests.fakes.clock import FakeClock
from tests.fakes.devices import FakeDevices
from tests.fakes.grammar import FakeGrammar
from tests.fakes.home import ENTITIES, STATES, state
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.routine_store import FakeRoutineStore

NIGHT = RoutineSettings(
    phrases=("good night",),
    actions=(
        RoutineAction(say="turn off the ceiling"),
        RoutineAction(entity="lock.front", command="lock"),
    ),
)


TEA = Recognition("HassStartTimer", {"minutes": 5, "name": "tea"})


class FakeTimers:
    """Port Timers: every timer starts."""

    async def handle(self, command: TimerCommand) -> TimerResult:
        view = TimerView(1, command.name, command.seconds, command.seconds, paused=False)
        return TimerResult(command.verb, TimerOutcome.STARTED, (view,))


class House:
    """An assistant whose home, clock and routines are fakes."""

    def __init__(
        self,
        book: RoutineBook,
        store: FakeRoutineStore,
        config: Config,
        model: FakeLanguageModel | None = None,
    ) -> None:
        self.store = store
        self.book = book
        self.clock = FakeClock()
        self.devices = FakeDevices(ENTITIES, STATES)
        self._said = 0
        self.assistant = CascadeAssistant(
            config=config,
            clock=self.clock,
            grammar=FakeGrammar({"tea in five minutes": [TEA]}),
            devices=self.devices,
            timers=FakeTimers(),
            language_model=model,
            routines=book,
        )

    async def say(
        self,
        text: str,
        *,
        language: str = "en",
        area: str | None = None,
        site: str = "",
        conversation: str = "",
        user: str = "",
        source: str = "voice",
    ) -> Reply:
        self._said += 1
        return await self.assistant.answer(
            Request(
                f"r{self._said}",
                text,
                language,
                self.clock.now() + 60,
                source,
                area=area,
                site=site,
                conversation=conversation,
                user=user,
            )
        )

    @property
    def done(self) -> list[tuple[str, Command]]:
        """What was done since this was last asked."""
        found = [(action.entity_id, action.command) for action in self.devices.acted]
        self.devices.acted.clear()
        return found


async def a_house(
    *,
    config: Config | None = None,
    store: FakeRoutineStore | None = None,
    model: FakeLanguageModel | None = None,
    **routines: RoutineSettings,
) -> House:
    config = config or Config(
        actions=Actions(grammar_timeout_s=60.0), llm=Llm(enabled=model is not None)
    )
    store = store or FakeRoutineStore()
    book = await RoutineBook(routines, store).__aenter__()
    return House(book, store, config, model)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    yield await a_house(night=NIGHT)


class TestFollowUps:
    async def test_a_sentence_leads_to_the_next(self, house: House) -> None:
        await house.say("turn on the kitchen light")
        reply = await house.say("turn it off again")
        assert (reply.kind, reply.understood_by) == (ReplyKind.DONE, "follow_up")
        assert reply.text == "Turned off the kitchen light."
        await house.say("and the ceiling")
        assert house.done == [
            ("light.kitchen", Command.TURN_ON),
            ("light.kitchen", Command.TURN_OFF),
            ("light.ceiling", Command.TURN_OFF),
        ]

    async def test_a_full_sentence_is_never_taken_for_a_follow_up(self, house: House) -> None:
        await house.say("turn on the kitchen light")
        reply = await house.say("turn off the ceiling")
        assert reply.understood_by == "grammar"
        reply = await house.say("could you put the desk lamp on please")
        assert reply.understood_by == "loose"

    @pytest.mark.parametrize(
        "elsewhere", [{"site": "hall"}, {"conversation": "7"}, {"source": "mqtt"}]
    )
    async def test_it_means_nothing_at_another_place(
        self, house: House, elsewhere: dict[str, str]
    ) -> None:
        await house.say("turn on the kitchen light")
        reply = await house.say("turn it off again", **elsewhere)
        assert reply.kind is ReplyKind.NOT_UNDERSTOOD

    async def test_it_means_nothing_after_two_minutes(self, house: House) -> None:
        await house.say("turn on the kitchen light")
        await house.clock.advance(MAX_SECONDS + 1)
        assert (await house.say("turn it off again")).kind is ReplyKind.NOT_UNDERSTOOD

    async def test_a_question_back_is_answered_with_the_room(self, house: House) -> None:
        asked = await house.say("turn on the lamp")
        assert asked.kind is ReplyKind.QUESTION
        await house.say("the bedroom")
        assert house.done == [("light.lamp_bedroom", Command.TURN_ON)]

    async def test_what_was_done_is_told_as_it_turned_out(self, house: House) -> None:
        house.devices.refuse("light.kitchen", Status.NO_ANSWER)
        await house.say("turn on the kitchen light")
        reply = await house.say("what did you just do?")
        assert (reply.kind, reply.text) == (ReplyKind.ANSWER, "No answer from the kitchen light.")

    async def test_a_dangerous_one_asks_for_the_full_name(self, house: House) -> None:
        await house.say("lock the back door")
        reply = await house.say("unlock it again")
        assert reply.kind is ReplyKind.REFUSED
        assert house.done == [("lock.back", Command.LOCK)]


class TestUndo:
    async def test_happens_once(self, house: House) -> None:
        await house.say("turn on the kitchen light")
        assert (await house.say("undo that")).text == "Turned off the kitchen light."
        again = await house.say("undo that")
        assert (again.kind, again.text) == (ReplyKind.REFUSED, "I have undone that already.")
        assert len(house.done) == 2

    async def test_goes_back_to_the_brightness_before(self, house: House) -> None:
        await house.say("dim the ceiling to 80 percent")
        await house.say("put it back")
        assert house.devices.acted[-1].params == {"brightness_pct": 40}

    async def test_that_failed_may_be_tried_again(self, house: House) -> None:
        await house.say("turn on the kitchen light")
        house.devices.refuse("light.kitchen", Status.NO_ANSWER)
        assert (await house.say("undo that")).kind is ReplyKind.FAILED
        house.devices.refuse("light.kitchen", Status.CONFIRMED)
        assert (await house.say("undo that")).kind is ReplyKind.DONE

    async def test_of_a_lock_is_asked_about_by_the_rules_of_risk(self, house: House) -> None:
        house.devices.set_state("lock.front", state("unlocked"))
        await house.say("lock the front door")
        reply = await house.say("undo that")
        assert reply.kind is ReplyKind.QUESTION
        assert house.done == [("lock.front", Command.LOCK)]
        await house.say("yes")
        assert house.done == [("lock.front", Command.UNLOCK)]

    async def test_of_what_has_none_says_so(self, house: House) -> None:
        await house.say("press the doorbell")
        reply = await house.say("undo that")
        assert reply.kind is ReplyKind.REFUSED
        assert reply.text == "What I did with Doorbell can't be undone."

    async def test_after_a_timer_is_not_of_the_lamp_before_it(self, house: House) -> None:
        await house.say("turn on the kitchen light")
        await house.say("tea in five minutes")
        assert (await house.say("undo that")).text == "That can't be undone."
        assert house.done == [("light.kitchen", Command.TURN_ON)]


class TestRunning:
    async def test_does_what_it_says(self, house: House) -> None:
        reply = await house.say("Good night!")
        assert (reply.kind, reply.understood_by) == (ReplyKind.DONE, "routine")
        assert house.done == [
            ("light.ceiling", Command.TURN_OFF),
            ("lock.front", Command.LOCK),
        ]

    async def test_can_be_undone_as_one(self, house: House) -> None:
        await house.say("good night")
        _ = house.done
        await house.say("undo that")
        assert ("light.ceiling", Command.TURN_ON) in house.done

    async def test_names_what_could_not_be_done(self) -> None:
        broken = RoutineSettings(
            phrases=("movie time",),
            actions=(
                RoutineAction(say="turn off the ceiling"),
                RoutineAction(say="turn on the popcorn maker"),
                RoutineAction(say="what time is it"),
                RoutineAction(entity="light.gone", command="turn_on"),
                RoutineAction(entity="lock.front", command="turn_on"),
            ),
        )
        house = await a_house(movie=broken)
        reply = await house.say("movie time")
        assert reply.kind is ReplyKind.PARTIAL
        assert house.done == [("light.ceiling", Command.TURN_OFF)]
        for named in ("popcorn maker", "what time is it", "light.gone", "lock.front"):
            assert named in reply.text

    async def test_of_nothing_that_can_be_done_fails(self) -> None:
        house = await a_house(x=RoutineSettings(phrases=("movie time",)))
        assert (await house.say("movie time")).kind is ReplyKind.FAILED

    async def test_asks_before_what_is_risky_and_does_the_rest(self) -> None:
        open_up = RoutineSettings(
            phrases=("i am home",),
            actions=(
                RoutineAction(say="turn on the kitchen light"),
                RoutineAction(entity="lock.front", command="unlock"),
            ),
        )
        house = await a_house(home=open_up)
        reply = await house.say("i am home")
        assert reply.kind is ReplyKind.QUESTION
        assert house.done == [("light.kitchen", Command.TURN_ON)]

    async def test_never_does_what_the_rules_forbid(self) -> None:
        rule = RiskRule(risk="never", entities=("lock.front",))
        config = Config(risk_rules={"door": rule}, llm=Llm(enabled=False))
        house = await a_house(config=config, night=NIGHT)
        reply = await house.say("good night")
        assert house.done == [("light.ceiling", Command.TURN_OFF)]
        assert reply.kind is ReplyKind.PARTIAL

    async def test_works_only_in_its_rooms(self) -> None:
        bedroom = RoutineSettings(NIGHT.phrases, NIGHT.actions, ("Bedroom",))
        house = await a_house(night=bedroom)
        assert (await house.say("good night", area="Kitchen")).kind is ReplyKind.NOT_UNDERSTOOD
        reply = await house.say("run the routine night", area="Kitchen")
        assert reply.kind is ReplyKind.REFUSED
        assert house.done == []
        assert (await house.say("good night", area="Bedroom")).kind is ReplyKind.DONE

    async def test_switches_each_device_only_once(self) -> None:
        twice = RoutineSettings(
            phrases=("movie time",),
            actions=(
                RoutineAction(say="turn off all lights"),
                RoutineAction(say="dim the ceiling to 10 percent"),
            ),
        )
        house = await a_house(movie=twice)
        await house.say("movie time")
        assert [command for i, command in house.done if i == "light.ceiling"] == [Command.TURN_ON]


MAKING = "when I say sleep well, turn off the ceiling and lock the front door"


class TestMaking:
    async def test_is_read_back_and_kept_on_a_yes(self, house: House) -> None:
        asked = await house.say(MAKING, area="Bedroom")
        assert asked.kind is ReplyKind.QUESTION
        assert asked.text == (
            'When you say "sleep well", I will turn off the ceiling and lock the front door. '
            "Shall I keep that?"
        )
        assert (house.store.records, house.done) == ({}, [])
        assert (await house.say("yes", area="Bedroom")).kind is ReplyKind.DONE
        (kept,) = house.store.records.values()
        assert kept == RoutineRecord(
            "sleep well", ("turn off the ceiling and lock the front door",), "en", "Bedroom"
        )
        assert (await house.say("sleep well")).kind is ReplyKind.DONE
        assert house.done == [("light.ceiling", Command.TURN_OFF), ("lock.front", Command.LOCK)]

    async def test_outlives_a_restart(self, house: House) -> None:
        await house.say(MAKING)
        await house.say("yes")
        after = await a_house(store=house.store)
        assert (await after.say("sleep well")).kind is ReplyKind.DONE

    @pytest.mark.parametrize("answer", ["no", "cancel"])
    async def test_is_dropped_on_a_no(self, house: House, answer: str) -> None:
        await house.say(MAKING)
        assert (await house.say(answer)).kind is ReplyKind.ANSWER
        assert house.store.records == {}

    async def test_is_dropped_when_something_else_is_said(self, house: House) -> None:
        await house.say(MAKING)
        await house.say("turn on the kitchen light")
        await house.say("yes")
        assert house.store.records == {}

    async def test_is_not_kept_on_a_yes_that_came_too_late(self, house: House) -> None:
        await house.say(MAKING)
        await house.clock.advance(PROPOSAL_SECONDS + 1)
        assert (await house.say("yes")).kind is ReplyKind.REFUSED
        assert house.store.records == {}

    @pytest.mark.parametrize("who", [{"site": "hall"}, {"user": "guest"}, {"source": "mqtt"}])
    async def test_is_not_kept_on_somebody_elses_yes(
        self, house: House, who: dict[str, str]
    ) -> None:
        await house.say(MAKING)
        await house.say("yes", **who)
        assert house.store.records == {}

    @pytest.mark.parametrize(
        ("text", "because"),
        [
            ("when I say good night, turn off the ceiling", "already"),
            ("when I say lights on, turn off the ceiling", "means something"),
            ("when I say turn on the kitchen light, turn off the ceiling", "means something"),
            ("when I say yes, turn off the ceiling", "answer"),
            ("when I say bedtime, dance with me", "did not understand what to do"),
            ("when I say bedtime, turn on the popcorn maker", "popcorn maker"),
        ],
    )
    async def test_is_refused_with_the_reason(self, house: House, text: str, because: str) -> None:
        reply = await house.say(text)
        assert reply.kind is ReplyKind.REFUSED
        assert because in reply.text
        await house.say("yes")
        assert (house.store.records, house.done) == ({}, [])

    async def test_understands_without_a_pause(self, house: House) -> None:
        asked = await house.say("when i say sleep well turn off the ceiling")
        assert asked.text.startswith('When you say "sleep well", I will turn off the ceiling.')

    async def test_stops_at_a_number_of_routines(self) -> None:
        many = [RoutineRecord(f"routine number {i} x", ("x",), "en") for i in range(MAX_MADE)]
        house = await a_house(store=FakeRoutineStore(*many))
        reply = await house.say(MAKING)
        assert reply.kind is ReplyKind.REFUSED and str(MAX_MADE) in reply.text

    async def test_stops_at_a_number_of_steps(self, house: House) -> None:
        steps = ", ".join(["turn off the ceiling", "turn on the ceiling"] * 6)
        reply = await house.say(f"when I say bedtime, {steps}")
        assert reply.kind is ReplyKind.REFUSED

    async def test_says_when_the_disk_fails(self, house: House) -> None:
        await house.say(MAKING)
        house.store.fails = Temporary("no space left")
        assert (await house.say("yes")).kind is ReplyKind.FAILED
        house.store.fails = None
        assert (await house.say("sleep well")).kind is not ReplyKind.DONE

    async def test_is_never_the_language_models_doing(self) -> None:
        model = FakeLanguageModel(lambda _: "routine good night")
        house = await a_house(model=model, night=NIGHT)
        for text in ("jeeves do the thing with good night", "jeeves when i say x turn on the lamp"):
            await house.say(text)
            await house.say("yes")
        assert (house.store.records, house.done) == ({}, [])

    @pytest.mark.parametrize(
        ("language", "making", "yes", "phrase"),
        [
            ("de", "Wenn ich schlaf gut sage, mach Ceiling aus", "ja", "schlaf gut"),
            ("zh-CN", "当我说睡觉了时，关掉Ceiling", "好的", "睡觉了"),
        ],
    )
    async def test_in_other_languages(
        self, house: House, language: str, making: str, yes: str, phrase: str
    ) -> None:
        asked = await house.say(making, language=language)
        assert asked.kind is ReplyKind.QUESTION, asked.text
        assert (await house.say(yes, language=language)).kind is ReplyKind.DONE
        assert (await house.say(phrase, language=language)).kind is ReplyKind.DONE
        assert house.done == [("light.ceiling", Command.TURN_OFF)]


class TestKeeping:
    async def test_they_are_listed(self, house: House) -> None:
        await house.say(MAKING)
        await house.say("yes")
        reply = await house.say("what routines do I have?")
        assert reply.text == 'You have 2: "good night" and "sleep well".'
        none = await a_house()
        assert (await none.say("what routines do I have")).text == "There are no routines."

    async def test_they_are_deleted_by_name(self, house: House) -> None:
        await house.say(MAKING)
        await house.say("yes")
        assert (await house.say("delete the sleep well routine")).kind is ReplyKind.DONE
        assert house.store.records == {}
        assert (await house.say("sleep well")).kind is ReplyKind.NOT_UNDERSTOOD

    async def test_those_of_the_configuration_stay(self, house: House) -> None:
        reply = await house.say("delete the good night routine")
        assert reply.kind is ReplyKind.REFUSED and "configuration" in reply.text
        assert (await house.say("good night")).kind is ReplyKind.DONE

    async def test_an_unknown_one_is_said_to_be_unknown(self, house: House) -> None:
        reply = await house.say("delete the routine bedtime")
        assert (reply.kind, reply.text) == (
            ReplyKind.REFUSED,
            'There is no routine called "bedtime".',
        )

    async def test_what_was_made_is_not_undone_as_a_deed(self, house: House) -> None:
        await house.say("turn on the kitchen light")
        await house.say(MAKING)
        await house.say("yes")
        reply = await house.say("undo that")
        assert (reply.kind, reply.text) == (ReplyKind.REFUSED, "That can't be undone.")
        assert house.done == [("light.kitchen", Command.TURN_ON)]


async def test_the_box_s_own_room_is_remembered_with_a_routine() -> None:
    config = Config(box=Box(area="Bedroom"), llm=Llm(enabled=False))
    house = await a_house(config=config)
    await house.say("when I say bedtime, lights off")
    await house.say("yes")
    assert house.store.records["bedtime"].area == "Bedroom"
