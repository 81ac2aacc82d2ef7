"""Questions before an action: what answers them, where, for how long, and how often one may err."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Sequence
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.config import Actions, Config, Llm, Risk, RiskRule
from laresd.core import consent
from laresd.core.assistant import CascadeAssistant
from laresd.core.consent import Answer
from laresd.core.risk import Risk as Class
from laresd.errors import Permanent
from laresd.types import Action, Command, Entity, EntityState, Reply, ReplyKind, Request, Status
from tests.fakes.clock import FakeClock
from tests.fakes.devices import FakeDevices
from tests.fakes.grammar import FakeGrammar
from tests.fakes.home import ENTITIES, STATES, entity, state
from tests.fakes.language_model import FakeLanguageModel

PIN = "4711"
UNLOCK = "unlock the front door"
RULES = {
    "garage": RiskRule(risk="pin", entities=("cover.garage",), commands=("open",)),
    "bell": RiskRule(risk="never", entities=("button.bell",)),
}
PATIENT = Config(actions=Actions(grammar_timeout_s=60.0), llm=Llm(), risk_rules=RULES)


class FakePins:
    """Port Pins: knows one PIN, or fails; keeps what it was asked."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.error: Permanent | None = None

    async def check(self, digits: str) -> bool:
        self.tried.append(digits)
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return digits == PIN


class Room:
    """An assistant in a home with two locks and a garage door, on a clock that stands still."""

    def __init__(
        self,
        *,
        config: Config = PATIENT,
        pins: FakePins | None = None,
        more: Sequence[Entity] = (),
        model: FakeLanguageModel | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.pins = pins
        self.grammar = FakeGrammar()
        self.devices = FakeDevices((*ENTITIES, *more), STATES)
        self.assistant = CascadeAssistant(
            config=config,
            clock=self.clock,
            grammar=self.grammar,
            devices=self.devices,
            language_model=model,
            pins=pins,
            timezone=UTC,
        )

    async def say(
        self,
        text: str,
        *,
        source: str = "voice",
        site: str = "",
        user: str = "",
        language: str = "en",
        conversation: str = "",
    ) -> Reply:
        request = Request(
            "r",
            text,
            language,
            self.clock.now() + 60,
            source,
            site=site,
            user=user,
            conversation=conversation,
        )
        return await self.assistant.answer(request)

    @property
    def done(self) -> list[tuple[str, Command]]:
        return [(action.entity_id, action.command) for action in self.devices.acted]


class TestWhatIsAnAnswer:
    @pytest.mark.parametrize(
        ("text", "language", "answer"),
        [
            ("yes", "en", Answer.YES),
            ("Yes, please.", "en", Answer.YES),
            ("Go ahead!", "en", Answer.YES),
            ("no", "en", Answer.NO),
            ("Don't.", "en", Answer.NO),
            ("never mind", "en", Answer.NO),
            ("Ja.", "de", Answer.YES),
            ("ja, bitte", "de", Answer.YES),
            ("Nein, danke!", "de", Answer.NO),
            ("好的。", "zh-CN", Answer.YES),
            ("不要", "zh-CN", Answer.NO),
            ("4711", "en", Answer.PIN),
            ("4 7 1 1.", "en", Answer.PIN),
            ("four seven one one", "en", Answer.PIN),
            ("vier sieben eins eins", "de", Answer.PIN),
            ("四七一一", "zh-CN", Answer.PIN),
            ("yes and turn on the light", "en", Answer.OTHER),
            ("yes yes", "en", Answer.OTHER),
            ("not yes", "en", Answer.OTHER),
            ("my friend said yes", "en", Answer.OTHER),
            ("ja", "en", Answer.OTHER),
            ("yes", "de", Answer.OTHER),
            ("the pin is 4711", "en", Answer.OTHER),
            ("471", "en", Answer.OTHER),
            ("4711471147114", "en", Answer.OTHER),
            ("", "en", Answer.OTHER),
        ],
    )
    def test_whole_utterances_of_short_lists(
        self, text: str, language: str, answer: Answer
    ) -> None:
        assert consent.answer(text, language) is answer

    @given(st.lists(st.sampled_from("0123456789"), min_size=4, max_size=12))
    def test_digits_are_the_same_spoken_one_by_one_or_typed(self, figures: list[str]) -> None:
        typed = "".join(figures)
        assert consent.digits(typed, "en") == consent.digits(", ".join(figures), "en") == typed

    @given(st.text(max_size=30))
    def test_nothing_else_is_a_yes(self, text: str) -> None:
        assert consent.answer(f"{text} unlock", "en") is not Answer.YES


class TestConfirmation:
    async def test_a_dangerous_command_is_asked_about_before_it_is_done(self) -> None:
        room = Room()
        reply = await room.say(UNLOCK)
        assert (reply.kind, reply.text) == (
            ReplyKind.QUESTION,
            "Unlock the front door: shall I?",
        )
        assert room.done == []

    async def test_a_yes_has_it_done_once(self) -> None:
        room = Room()
        await room.say(UNLOCK)
        reply = await room.say("yes")
        assert (reply.kind, reply.text) == (ReplyKind.DONE, "Unlocked the front door.")
        assert (reply.understood_by, reply.intent) == ("loose", "loose_unlock")
        await room.say("yes")
        assert room.done == [("lock.front", Command.UNLOCK)]

    @pytest.mark.parametrize("text", ["no", "cancel", "don't"])
    async def test_a_no_leaves_it(self, text: str) -> None:
        room = Room()
        await room.say(UNLOCK)
        reply = await room.say(text)
        assert (reply.kind, reply.text) == (ReplyKind.ANSWER, "All right, I will leave it.")
        await room.say("yes")
        assert room.done == []

    async def test_anything_else_is_a_new_request_and_ends_the_question(self) -> None:
        room = Room()
        await room.say(UNLOCK)
        await room.say("turn on the kitchen light")
        await room.say("yes")
        assert room.done == [("light.kitchen", Command.TURN_ON)]

    async def test_silence_ends_it_too_and_a_late_yes_is_told_so(self) -> None:
        room = Room()
        await room.say(UNLOCK)
        await room.clock.advance(20.1)
        reply = await room.say("yes")
        assert reply.kind is ReplyKind.REFUSED
        assert reply.text == "That came too late, I have done nothing. Please ask again."
        assert room.done == []

    async def test_a_yes_within_the_time_counts(self) -> None:
        room = Room()
        await room.say(UNLOCK)
        await room.clock.advance(19.9)
        await room.say("yes")
        assert room.done == [("lock.front", Command.UNLOCK)]

    @pytest.mark.parametrize(
        "elsewhere",
        [
            {"site": "kitchen"},
            {"source": "mqtt"},
            {"source": "control"},
            {"user": "ben"},
            {"conversation": "other"},
        ],
    )
    async def test_a_yes_from_elsewhere_does_not_count(self, elsewhere: dict[str, str]) -> None:
        room = Room()
        await room.say(UNLOCK)
        await room.say("yes", **elsewhere)
        assert room.done == []

    async def test_each_site_has_its_own_question(self) -> None:
        room = Room()
        await room.say(UNLOCK, site="hall")
        await room.say("unlock the back door", site="kitchen")
        await room.say("yes", site="hall")
        assert room.done == [("lock.front", Command.UNLOCK)]

    async def test_the_last_question_of_a_site_is_the_one_that_is_answered(self) -> None:
        room = Room()
        await room.say(UNLOCK)
        await room.say("unlock the back door")
        await room.say("yes")
        await room.say("yes")
        assert room.done == [("lock.back", Command.UNLOCK)]

    async def test_nobody_can_say_yes_before_they_are_asked(self) -> None:
        room = Room()
        for text in ("yes", f"{UNLOCK}. yes", f"yes {UNLOCK}"):
            await room.say(text)
        assert room.done == []

    async def test_yes_twice_at_the_same_moment_is_done_once(self) -> None:
        room = Room()
        await room.say(UNLOCK)
        await asyncio.gather(room.say("yes"), room.say("yes"))
        assert room.done == [("lock.front", Command.UNLOCK)]

    async def test_a_device_that_changed_meanwhile_is_left_alone(self) -> None:
        room = Room()
        await room.say(UNLOCK)
        room.devices.set_state("lock.front", state("jammed"))
        reply = await room.say("yes")
        assert reply.kind is ReplyKind.REFUSED
        assert reply.text.startswith("The front door changed in the meantime")
        assert room.done == []

    async def test_a_device_that_went_offline_is_told_so(self) -> None:
        room = Room()
        await room.say(UNLOCK)
        room.devices.set_state("lock.front", EntityState("locked", available=False))
        reply = await room.say("yes")
        assert (reply.kind, reply.text) == (ReplyKind.FAILED, "The front door is offline.")

    @pytest.mark.parametrize(
        ("language", "command", "question", "yes"),
        [
            ("de", "entriegle Front Door", "Front Door entriegeln: Soll ich?", "ja"),
            ("zh-CN", "解锁Front Door", "解锁Front Door，可以吗？", "好的"),
        ],
    )
    async def test_in_the_language_of_the_request(
        self, language: str, command: str, question: str, yes: str
    ) -> None:
        room = Room()
        assert (await room.say(command, language=language)).text == question
        await room.say(yes, language=language)
        assert room.done == [("lock.front", Command.UNLOCK)]

    async def test_no_model_sees_an_answer(self) -> None:
        model = FakeLanguageModel()
        room = Room(model=model)
        await room.say(UNLOCK)
        request = Request("r", "jeeves turn on the kitchen light", "en", 1e9, "voice")
        await room.assistant.anticipate(request)
        assert model.anticipated == []


class TestSeveralActionsInOneSentence:
    async def test_the_free_ones_are_done_and_the_rest_is_asked_about(self) -> None:
        room = Room()
        reply = await room.say("turn on the kitchen light and unlock the front door")
        assert reply.kind is ReplyKind.QUESTION
        assert reply.text == "Turned on the kitchen light. Unlock the front door: shall I?"
        assert [outcome.status for outcome in reply.outcomes] == [Status.CONFIRMED]
        assert room.done == [("light.kitchen", Command.TURN_ON)]
        await room.say("yes")
        assert room.done[1:] == [("lock.front", Command.UNLOCK)]

    async def test_everything_off_spares_what_must_run_until_yes_is_said(self) -> None:
        room = Room(more=[entity("switch.freezer", "Freezer", "Kitchen")])
        reply = await room.say("turn everything off")
        assert reply.text.endswith("Turn off the freezer: shall I?")
        assert "switch.freezer" not in dict(room.done)
        await room.say("yes")
        assert room.done[-1] == ("switch.freezer", Command.TURN_OFF)

    async def test_what_may_never_be_done_is_refused_and_the_rest_done(self) -> None:
        room = Room()
        reply = await room.say("turn on the kitchen light and press the doorbell")
        assert reply.kind is ReplyKind.PARTIAL
        assert reply.text == (
            "Turned on the kitchen light. Press Doorbell: I am not allowed to do that."
        )
        assert room.done == [("light.kitchen", Command.TURN_ON)]

    async def test_of_a_question_about_two_only_what_is_unchanged_is_done(self) -> None:
        room = Room()
        await room.say("unlock the front door and unlock the back door")
        room.devices.set_state("lock.front", state("jammed"))
        reply = await room.say("yes")
        assert room.done == [("lock.back", Command.UNLOCK)]
        assert reply.kind is ReplyKind.PARTIAL
        assert "The front door changed" in reply.text


class TestPins:
    async def room(self) -> tuple[Room, FakePins]:
        pins = FakePins()
        room = Room(pins=pins)
        reply = await room.say("open the garage door")
        assert (reply.kind, reply.text) == (
            ReplyKind.QUESTION,
            "Open the garage door: what is the PIN?",
        )
        return room, pins

    @pytest.mark.parametrize("said", ["4711", "four seven one one", "4, 7, 1, 1."])
    async def test_the_right_one_has_it_done(self, said: str) -> None:
        room, _ = await self.room()
        reply = await room.say(said)
        assert (reply.kind, reply.secret) == (ReplyKind.DONE, True)
        assert room.done == [("cover.garage", Command.OPEN)]

    async def test_a_yes_is_not_enough(self) -> None:
        room, _ = await self.room()
        reply = await room.say("yes")
        assert (reply.kind, reply.text) == (
            ReplyKind.QUESTION,
            "I need the PIN for that. What is it?",
        )
        assert room.done == []
        await room.say(PIN)
        assert room.done == [("cover.garage", Command.OPEN)]

    async def test_a_wrong_one_may_be_followed_by_the_right_one(self) -> None:
        room, _ = await self.room()
        reply = await room.say("1111")
        assert (reply.kind, reply.secret) == (ReplyKind.QUESTION, True)
        await room.say(PIN)
        assert room.done == [("cover.garage", Command.OPEN)]

    async def test_after_too_many_wrong_ones_even_the_right_one_has_to_wait(self) -> None:
        room, pins = await self.room()
        for wrong in ("1111", "2222"):
            await room.say(wrong)
        reply = await room.say("3333")
        assert (reply.kind, reply.text) == (
            ReplyKind.REFUSED,
            "There were too many wrong PINs. I will take one again in 1 min.",
        )
        assert (await room.say("open the garage door")).kind is ReplyKind.REFUSED
        await room.say(PIN)
        assert (pins.tried, room.done) == (["1111", "2222", "3333"], [])
        await room.clock.advance(61)
        await room.say("open the garage door")
        await room.say(PIN)
        assert room.done == [("cover.garage", Command.OPEN)]

    async def test_the_pause_grows(self) -> None:
        room, _ = await self.room()
        for _round in range(2):
            for _ in range(3):
                await room.say("1111")
            await room.clock.advance(61)
            reply = await room.say("open the garage door")
        assert "1 min" in reply.text  # the second pause lasts two minutes
        assert reply.kind is ReplyKind.REFUSED

    async def test_another_conversation_is_no_fresh_start(self) -> None:
        pins = FakePins()
        room = Room(pins=pins)
        for number in range(5):
            await room.say("open the garage door", conversation=f"{number}")
            await room.say("1111", conversation=f"{number}")
        assert len(pins.tried) == 3

    async def test_sites_that_are_made_up_share_the_patience_of_the_house(self) -> None:
        pins = FakePins()
        room = Room(pins=pins)
        for number in range(200):
            await room.say("open the garage door", source="mqtt", site=f"s{number}")
            await room.say("1111", source="mqtt", site=f"s{number}")
        assert len(pins.tried) == consent.HOUSE_TRIES

    async def test_many_at_once_are_no_way_around_the_limit(self) -> None:
        room, pins = await self.room()
        await asyncio.gather(*(room.say(f"{n:04}") for n in range(50)))
        assert len(pins.tried) <= 3
        assert room.done == []

    async def test_without_a_pin_nothing_that_needs_one_can_be_had(self) -> None:
        room = Room()
        reply = await room.say("open the garage door")
        assert (reply.kind, reply.text) == (
            ReplyKind.REFUSED,
            "Open the garage door: that needs a PIN, and none has been set.",
        )
        await room.say("yes")
        assert room.done == []

    async def test_a_file_that_cannot_be_used_opens_nothing(self) -> None:
        room, pins = await self.room()
        pins.error = Permanent("the file of the PIN cannot be used", remedy="lares pin")
        reply = await room.say(PIN)
        assert (reply.kind, reply.secret, room.done) == (ReplyKind.FAILED, True, [])

    async def test_it_is_nowhere_to_be_read(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        room, _ = await self.room()
        replies = [await room.say("1234"), await room.say(PIN), await room.say("9876")]
        shown = caplog.text + "".join(repr(reply) for reply in replies)
        assert not any(pin in shown for pin in ("1234", PIN, "9876"))
        assert all(reply.secret for reply in replies)

    async def test_one_that_nobody_asked_for_reaches_no_grammar_and_no_model(self) -> None:
        model = FakeLanguageModel()
        room = Room(pins=FakePins(), model=model)
        reply = await room.say(PIN)
        assert (reply.kind, reply.secret) == (ReplyKind.REFUSED, True)
        assert reply.text == "I have not asked for anything."
        await room.assistant.anticipate(Request("r", PIN, "en", 1e9, "voice"))
        assert (model.asked, model.anticipated, room.grammar.learned) == ([], [], [])

    async def test_what_was_confirmed_under_one_rule_is_not_done_under_a_stricter_one(self) -> None:
        """The hours of a rule end between the question and the yes."""
        rule = RiskRule(
            risk="confirm", domains=("lock",), only_between="00:00-12:00", otherwise="never"
        )
        clock_config = dataclasses.replace(PATIENT, risk_rules={"hours": rule})
        room = Room(config=clock_config)
        room.clock.set_wall(11 * 3600 + 59 * 60 + 55)
        assert (await room.say(UNLOCK)).kind is ReplyKind.QUESTION
        await room.clock.advance(10)
        reply = await room.say("yes")
        assert (reply.kind, room.done) == (ReplyKind.REFUSED, [])
        assert reply.text == "Unlock the front door: I am not allowed to do that at this time."


class TestForgetting:
    def test_open_questions_are_bounded(self) -> None:
        consents = consent.Consents(tries=3)
        for number in range(consent.MAX_OPEN + 1):
            pending = consent.Pending((), Class.CONFIRM, "", 1.0)
            consents.ask(("voice", f"{number}", ""), pending)
        assert consents.peek(("voice", "0", "")) is None
        assert consents.peek(("voice", "1", "")) is not None

    def test_a_device_that_only_now_tells_its_state_is_no_other_device(self) -> None:
        room = Room()
        home = room.devices.home()
        home = dataclasses.replace(home, states={**home.states, "lock.front": EntityState()})
        action = Action("lock.front", Command.UNLOCK)
        pending = consent.Pending((action,), Class.CONFIRM, "", 1.0, consent.seen((action,), home))
        assert consent.changed(pending, room.devices.home()) == ()
        toggled = dataclasses.replace(action, command=Command.TOGGLE)
        pending = dataclasses.replace(pending, actions=(toggled,))
        assert consent.changed(pending, room.devices.home()) == ("lock.front",)


def test_the_settings_have_the_defaults_that_are_documented() -> None:
    assert (Risk().confirm_s, Risk().pin_tries, Risk().pin_file) == (20.0, 3, None)
