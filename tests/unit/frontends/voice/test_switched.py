"""What the house may switch of the voice frontend: waiting for the wake word, and saying things."""

from __future__ import annotations

import asyncio

import pytest

from laresd import config
from laresd.frontends.voice import MutableSource
from tests.fakes.audio import FakeSource, silence, speech
from tests.fakes.virtual_time import virtual_time
from tests.unit.frontends.voice.test_frontend import COMMAND, PHRASE, TURN_ON, House


@virtual_time
async def test_a_wake_word_is_told_as_it_is_heard() -> None:
    house, woken = House(), list[tuple[str, int]]()
    house.voice._on_wake = lambda word: woken.append((word, len(house.turns)))
    await house.say(COMMAND)
    assert woken == [("okay_nabu", 0)]  # before its turn was over


@virtual_time
async def test_a_wake_phrase_is_told_once_when_it_was_understood() -> None:
    house = House(config.Config(wake=config.Wake(phrase="hey lares")))
    woken: list[str] = []
    house.voice._on_wake = woken.append
    await house.say(silence(500) + speech(800, PHRASE) + silence(800) + speech(800, TURN_ON))
    assert woken == ["hey lares"]


@pytest.mark.parametrize("listening", [True, False])
def test_a_box_that_does_not_listen_begins_no_turn(listening: bool) -> None:
    @virtual_time
    async def test() -> None:
        house = House()
        house.voice.listening = listening
        await house.listen(FakeSource(COMMAND))
        assert bool(house.turns) is listening

    test()


@virtual_time
async def test_a_recording_is_heard_while_the_microphone_is_muted() -> None:
    house = House()
    muted = MutableSource(FakeSource(COMMAND), muted=True)
    async with asyncio.TaskGroup() as tasks:
        microphone = tasks.create_task(house.listen(muted))
        await asyncio.sleep(10)
        assert not house.turns
        assert (await house.say(COMMAND)).closing == "done"
        microphone.cancel()


@virtual_time
async def test_two_things_are_said_one_after_the_other() -> None:
    house = House(timed=True)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(house.voice.say("Dinner is ready. Come down."))
        tasks.create_task(house.voice.say("The washing is done."))
    assert house.synthesizer.spoken == ["Dinner is ready.", "Come down.", "The washing is done."]
