"""A wake word that a second look does not believe starts nothing, however clear the command is."""

from __future__ import annotations

import asyncio

from laresd import config
from laresd.backends.clock import SystemClock
from laresd.core.turn import Machine, Rules
from laresd.frontends.voice import Parts, VoiceFrontend
from laresd.types import Turn
from tests.fakes.assistant import FakeAssistant
from tests.fakes.audio import FakeSink, FakeSource, silence, speech, wake_word
from tests.fakes.listener import FakeListener
from tests.fakes.synthesizer import FakeSynthesizer
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.virtual_time import virtual_time

COMMAND = 3_000
NOBODY = ["no_speech"]  # what a recording says of itself in which nobody was heard
SAID = silence(500) + wake_word() + silence(200) + speech(800, COMMAND) + silence(1500)


class House:
    def __init__(self, *, believed: bool, takes: float = 0.0) -> None:
        self.assistant = FakeAssistant({"light on": "Done."})
        self.asked: list[str] = []
        self.turns: list[Turn] = []
        settings = config.Config()

        async def was_said(ear: str, wake_word: str) -> bool:
            self.asked.append(wake_word)
            await asyncio.sleep(takes)
            return believed

        parts = Parts(
            config=settings,
            clock=SystemClock(),
            listener=lambda name: FakeListener(),
            transcriber=FakeTranscriber({COMMAND: "light on"}),
            assistant=self.assistant,
            synthesizer=FakeSynthesizer(),
            sink=FakeSink(),
            machine=lambda open_ear: Machine(Rules.of(settings.turn, open_ear=open_ear)),
            doubt=lambda heard, language: None,
            was_said=was_said,
        )
        self.voice = VoiceFrontend(parts, on_turn=self.turns.append)

    async def hear(self, *, times: int = 1) -> list[str]:
        await self.voice.play(FakeSource(SAID * times), name="test.wav")
        return [turn.closing for turn in self.turns]


@virtual_time
async def test_one_that_is_believed_is_answered() -> None:
    house = House(believed=True)
    assert await house.hear() == ["done"]
    assert house.asked == ["okay_nabu"]
    assert [request.text for request in house.assistant.requests] == ["light on"]


@virtual_time
async def test_one_that_is_not_reaches_nobody() -> None:
    house = House(believed=False)
    assert await house.hear() == NOBODY
    assert house.assistant.requests == []


@virtual_time
async def test_the_answer_waits_for_a_look_that_takes_long() -> None:
    house = House(believed=False, takes=3.0)
    assert await house.hear() == NOBODY
    assert house.assistant.requests == []


@virtual_time
async def test_each_wake_word_is_looked_at_for_itself() -> None:
    house = House(believed=False)
    assert await house.hear(times=2) == NOBODY
    assert house.asked == ["okay_nabu", "okay_nabu"]
