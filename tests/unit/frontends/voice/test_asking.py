"""What Lares asks before it acts: the ear opens for the answer, and a PIN is kept in no record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from laresd import config
from laresd.backends.clock import SystemClock
from laresd.core import guard
from laresd.core.turn import Machine, Rules
from laresd.frontends.forms import turn_form
from laresd.frontends.voice import Parts, VoiceFrontend
from laresd.turns import Wholeness
from laresd.types import Reply, ReplyKind, Request, Transcript, Turn
from tests.fakes.audio import FakeSink, FakeSource, silence, speech, wake_word
from tests.fakes.listener import FakeListener
from tests.fakes.synthesizer import FakeSynthesizer
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.virtual_time import virtual_time

UNLOCK, YES, PIN, MUMBLE, GERMAN_YES, UNSURE_YES, CALLED = range(3_000, 3_007)
SENTENCES = {
    UNLOCK: "unlock the door",
    YES: "yes",
    PIN: "4711",
    MUMBLE: "4711 4711 4711 4711 4711",
    GERMAN_YES: "Ja.",
    UNSURE_YES: "Ja",
    CALLED: "hey lares unlock the door",
}


class Ear(FakeTranscriber):
    """As sure of what it heard as a speech model of clear words, but of one."""

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        heard = await super().transcribe(pcm, language=language, deadline=deadline, hints=hints)
        unsure = heard.text == SENTENCES[UNSURE_YES]
        logprob, silence = (-0.8, 0.4) if unsure else (-0.2, 0.01)
        return replace(heard, avg_logprob=logprob, no_speech_prob=silence)


class Asking:
    """Port Assistant: asks about the door, and takes whatever comes next."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def anticipate(self, request: Request) -> None:
        """Nothing to get ready."""

    async def wholeness(self, request: Request) -> Wholeness:
        return Wholeness.UNSURE

    async def answer(
        self, request: Request, on_sentence: Callable[[str], None] | None = None
    ) -> Reply:
        self.texts.append(request.text)
        if request.text == "unlock the door":
            return Reply(request.id, ReplyKind.QUESTION, "Unlock the door: shall I?")
        return Reply(request.id, ReplyKind.DONE, "Done.", secret=request.text.isdecimal())


@dataclass
class House:
    """A voice frontend whose every port is a fake."""

    settings: config.Config = field(default_factory=config.Config)

    def __post_init__(self) -> None:
        self.assistant = Asking()
        self.turns: list[Turn] = []
        parts = Parts(
            config=self.settings,
            clock=SystemClock(),
            listener=lambda name: FakeListener(),
            transcriber=Ear(SENTENCES),
            assistant=self.assistant,
            synthesizer=FakeSynthesizer(),
            sink=FakeSink(),
            machine=lambda open_ear: Machine(Rules.of(self.settings.turn, open_ear=open_ear)),
            doubt=guard.transcript,
            answer_doubt=guard.answer,
        )
        self.voice = VoiceFrontend(parts, on_turn=self.turns.append)

    async def hear(self, *said: int, pause_ms: int = 1500) -> list[str]:
        """The door's sentence and then these, without another wake word: what was answered."""
        begins = wake_word() + silence(200) + speech(800, UNLOCK)
        if self.settings.wake.phrase:
            begins = speech(1200, CALLED)
        pcm = silence(500) + begins + silence(pause_ms)
        for sentence in said:
            pcm += speech(800, sentence) + silence(1500)
        await self.voice.play(FakeSource(pcm), name="test.wav")
        return self.assistant.texts


@virtual_time
async def test_the_answer_needs_no_wake_word() -> None:
    assert await House().hear(YES) == ["unlock the door", "yes"]


@virtual_time
async def test_after_the_answer_the_ear_is_shut_again() -> None:
    assert await House().hear(YES, YES) == ["unlock the door", "yes"]


@virtual_time
async def test_an_answer_that_comes_after_the_ear_was_shut_is_not_heard() -> None:
    assert await House().hear(YES, pause_ms=12_000) == ["unlock the door"]


@virtual_time
async def test_a_wake_phrase_need_not_be_said_before_the_answer() -> None:
    settings = config.Config(wake=config.Wake(phrase="hey lares"))
    assert await House(settings).hear(YES) == ["unlock the door", "yes"]


@virtual_time
async def test_a_clear_yes_in_german_is_no_noise_after_a_question() -> None:
    settings = config.Config(box=config.Box(language="de"))
    assert await House(settings).hear(GERMAN_YES) == ["unlock the door", "Ja."]


@virtual_time
async def test_a_yes_that_may_be_noise_opens_no_door() -> None:
    settings = config.Config(box=config.Box(language="de"))
    assert await House(settings).hear(UNSURE_YES) == ["unlock the door"]


@virtual_time
async def test_a_pin_is_shown_in_no_record_of_the_turn(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    house = House()
    assert await house.hear(PIN) == ["unlock the door", "4711"]
    assert house.turns[1].transcript is not None
    assert house.turns[1].transcript.text == "****"
    assert "4711" not in caplog.text + "".join(str(turn_form(turn)) for turn in house.turns)


@virtual_time
async def test_nor_is_one_that_was_not_understood(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    house = House()
    assert await house.hear(MUMBLE) == ["unlock the door"]
    assert len(house.turns) == 2
    assert "4711" not in caplog.text + "".join(str(turn_form(turn)) for turn in house.turns)
