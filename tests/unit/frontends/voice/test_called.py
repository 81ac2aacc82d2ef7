"""The ear that is opened by a request, what is said by a request, and other boxes in the house."""

from __future__ import annotations

import asyncio

import pytest

from laresd import config
from laresd.errors import DeadlineExceeded, Permanent, Refused, Temporary
from tests.fakes.audio import FakeSource, silence, speech, wake_word
from tests.fakes.virtual_time import virtual_time
from tests.unit.frontends.voice.test_frontend import COMMAND, STORY, TURN_ON, House

PHRASE = config.Config(wake=config.Wake(phrase="hey lares"))


def now() -> float:
    return asyncio.get_running_loop().time()


class Neighbours:
    """Other boxes: whether they leave the wake word to this one, after a while."""

    def __init__(self, *answers: bool, seconds: float = 0.15) -> None:
        self.asked: list[tuple[float, float]] = []
        self._answers = list(answers)
        self._seconds = seconds

    async def may_answer(self, score: float, loudness: float, site: str) -> bool:
        self.asked.append((score, loudness))
        await asyncio.sleep(self._seconds)
        return self._answers.pop(0)


def shared(house: House, neighbours: Neighbours) -> House:
    """The same house with other boxes in it."""
    house.may_answer(neighbours.may_answer)
    return house


@virtual_time
async def test_a_wake_word_that_another_box_answers_opens_no_turn() -> None:
    neighbours = Neighbours(False)
    house = shared(House(), neighbours)
    await house.listen(FakeSource(COMMAND + silence(2000), live=True))
    assert house.turns == []
    assert house.asked() == []
    ((score, loudness),) = neighbours.asked
    assert score > 0
    assert -40 < loudness < -10


@virtual_time
async def test_nothing_that_is_said_during_the_asking_is_lost() -> None:
    house = shared(House(), Neighbours(True))
    room = silence(500) + wake_word() + speech(800, TURN_ON) + silence(3000)
    await house.listen(FakeSource(room, live=True))
    assert house.asked() == ["turn on the light"]


@virtual_time
async def test_a_recording_is_nobody_elses_to_answer() -> None:
    neighbours = Neighbours()
    house = shared(House(), neighbours)
    assert (await house.say(COMMAND)).closing == "done"
    assert neighbours.asked == []


@virtual_time
async def test_a_wake_phrase_is_asked_for_once_in_a_turn() -> None:
    neighbours = Neighbours(True)
    house = shared(House(PHRASE), neighbours)
    house.transcriber._sentences[TURN_ON] = "Hey Lares, turn on the light"
    room = speech(600, TURN_ON) + silence(400) + speech(600, STORY) + silence(3000)
    await house.listen(FakeSource(silence(1000) + room, live=True))
    assert len(neighbours.asked) == 1
    assert len(house.asked()) == 1


@virtual_time
async def test_a_wake_phrase_that_another_box_answers_was_not_for_this_one() -> None:
    house = shared(House(PHRASE), Neighbours(False))
    house.transcriber._sentences[TURN_ON] = "Hey Lares, turn on the light"
    room = silence(1000) + speech(600, TURN_ON) + silence(3000)
    await house.listen(FakeSource(room, live=True))
    assert house.asked() == []
    assert house.turns == []


async def opened(house: House, room: bytes, *, after: float, seconds: float) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(house.listen(FakeSource(room, live=True)))
        await asyncio.sleep(after)
        begun = now()
        await house.voice.open_ear(seconds)
        assert now() - begun < 0.5


@virtual_time
async def test_the_ear_opens_without_a_wake_word_and_the_turn_is_like_any_other() -> None:
    house = House()
    room = silence(2500) + speech(800, TURN_ON) + silence(2500)
    await opened(house, room, after=1.0, seconds=5)
    (turn,) = house.turns
    assert (turn.closing, turn.wake_word) == ("done", "request")
    assert house.asked() == ["turn on the light"]


@virtual_time
async def test_the_ear_stays_open_as_long_as_it_is_told_to_and_then_closes_once() -> None:
    house = House()
    await opened(house, silence(20_000), after=1.0, seconds=9)
    (turn,) = house.turns
    assert turn.closing == "no_speech"

    late = House()
    room = silence(9500) + speech(800, TURN_ON) + silence(2500)
    await opened(late, room, after=1.0, seconds=9)
    assert late.asked() == ["turn on the light"]


@virtual_time
async def test_an_ear_that_waits_for_a_wake_phrase_needs_none_when_it_is_opened() -> None:
    house = House(PHRASE)
    await opened(house, silence(2500) + speech(800, TURN_ON) + silence(2500), after=1, seconds=5)
    assert house.asked() == ["turn on the light"]


@virtual_time
async def test_an_ear_that_is_open_already_or_plays_a_recording_is_in_use() -> None:
    house = House(timed=True)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(house.listen(FakeSource(silence(9_000), live=True)))
        await asyncio.sleep(1)
        await house.voice.open_ear(5)
        with pytest.raises(Temporary):
            await house.voice.open_ear(5)


@virtual_time
async def test_a_box_without_a_microphone_or_told_not_to_listen_opens_no_ear() -> None:
    house = House()
    with pytest.raises(Refused):
        await house.voice.open_ear(5)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(house.listen(FakeSource(silence(3000), live=True)))
        await asyncio.sleep(0.5)
        house.voice.listening = False
        with pytest.raises(Refused):
            await house.voice.open_ear(5)
    with pytest.raises(Refused):
        await house.voice.open_ear(5)


@virtual_time
async def test_a_microphone_that_gives_no_sound_opens_no_ear_later() -> None:
    house = House()
    source = FakeSource(silence(100) + COMMAND)
    held = asyncio.Event()
    hear = house.listener.hear

    async def hold(pcm: bytes) -> object:
        await held.wait()
        return await hear(pcm)

    house.listener.hear = hold  # type: ignore[assignment, method-assign]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(house.listen(source))
        await asyncio.sleep(0.1)
        with pytest.raises(Temporary):
            await house.voice.open_ear(5)
        held.set()
    assert "request" not in [turn.wake_word for turn in house.turns]


@virtual_time
async def test_what_is_announced_is_said_sentence_by_sentence() -> None:
    house = House()
    await house.voice.announce("Dinner is ready. Come down.", language="de", deadline=now() + 60)
    assert house.synthesizer.spoken == ["Dinner is ready.", "Come down."]
    assert len(house.sink.played) == 2


@virtual_time
async def test_who_announces_learns_what_went_wrong() -> None:
    house = House(timed=True)
    house.synthesizer.failures = [Permanent("no voice for this language")]
    with pytest.raises(Permanent):
        await house.voice.announce("Hello.", language="xx", deadline=now() + 60)
    with pytest.raises(DeadlineExceeded):
        await house.voice.announce("A very long sentence.", language="en", deadline=now() + 0.2)
    assert now() < 1


@virtual_time
async def test_announcements_wait_for_each_other() -> None:
    house = House(timed=True)
    async with asyncio.TaskGroup() as tasks:
        for text in ("First one.", "Second one."):
            tasks.create_task(house.voice.announce(text, language="en", deadline=now() + 60))
    assert house.sink.cut_off == 0
    assert now() == pytest.approx(1.1, abs=0.15)  # 50 ms a letter, one after the other
