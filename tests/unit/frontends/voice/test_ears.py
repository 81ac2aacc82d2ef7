"""Several ears at once: what each hears, whom it answers, and what it shows of itself."""

from __future__ import annotations

import asyncio

import pytest

from laresd.errors import Refused, Temporary
from laresd.frontends.voice import Ear
from laresd.turns import Sign
from tests.fakes.audio import FakeSink, FakeSource, silence, speech, wake_word
from tests.fakes.virtual_time import virtual_time
from tests.unit.frontends.voice.test_frontend import COMMAND, STORY, TURN_ON, House

NOBODY = silence(20_000)


def kitchen(source: FakeSource, sink: FakeSink) -> Ear:
    return Ear("kitchen satellite", source, sink, site="kitchen", area="Kitchen", language="de")


@virtual_time
async def test_each_ear_is_answered_through_its_own_loudspeaker() -> None:
    house, sink = House(timed=True), FakeSink(timed=True)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(house.listen(FakeSource(COMMAND + silence(3000), live=True)))
        satellite = kitchen(FakeSource(COMMAND + silence(3000), live=True), sink)
        tasks.create_task(house.voice.attend(satellite))
    assert [turn.closing for turn in house.turns] == ["done", "done"]
    assert len(house.sink.played) == len(sink.played) == 1
    assert house.sink.cut_off == sink.cut_off == 0


@virtual_time
async def test_a_request_says_at_which_ear_it_was_said() -> None:
    house = House()
    await house.voice.attend(kitchen(FakeSource(COMMAND, live=True), FakeSink()))
    (request,) = house.assistant.requests
    assert (request.site, request.area, request.language) == ("kitchen", "Kitchen", "de")
    assert house.turns[0].source == "kitchen satellite"


@virtual_time
async def test_an_ear_has_a_listener_of_its_own_which_is_freed_with_it() -> None:
    house = House()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(house.listen(FakeSource(silence(500), live=True)))
        tasks.create_task(
            house.voice.attend(kitchen(FakeSource(silence(500), live=True), FakeSink()))
        )
    assert sorted(house.names) == ["kitchen satellite", "microphone"]
    assert [listener.closed for listener in house.listeners] == [True, True]


@virtual_time
async def test_there_is_one_ear_of_a_name() -> None:
    house = House()
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(house.listen(FakeSource(NOBODY, live=True)))
        await asyncio.sleep(1)
        with pytest.raises(Refused):
            await house.listen(FakeSource(NOBODY, live=True))
        listening.cancel()


@virtual_time
async def test_an_ear_that_was_left_can_be_attended_again() -> None:
    house = House()
    for _ in range(2):
        await house.listen(FakeSource(COMMAND, live=True))
    assert [turn.closing for turn in house.turns] == ["done", "done"]


@virtual_time
async def test_what_is_opened_said_and_stopped_at_a_site_leaves_the_others_alone() -> None:
    house, sink = House(timed=True), FakeSink(timed=True)
    room = silence(2500) + speech(800, TURN_ON) + silence(6000)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(house.listen(FakeSource(NOBODY, live=True)))
        tasks.create_task(house.voice.attend(kitchen(FakeSource(room, live=True), sink)))
        await asyncio.sleep(1)
        await house.voice.open_ear(5, site="kitchen")
        with pytest.raises(Temporary):
            await house.voice.open_ear(5, site="kitchen")
        house.voice.cancel()
        await asyncio.sleep(6)
        await house.voice.say("Dinner is ready.", site="kitchen")
    assert [turn.source for turn in house.turns] == ["kitchen satellite"]
    assert [turn.closing for turn in house.turns] == ["done"]
    assert len(sink.played) == 2
    assert house.sink.played == []


@virtual_time
async def test_nothing_is_said_at_a_site_where_nobody_is() -> None:
    house = House()
    with pytest.raises(Refused):
        await house.voice.say("Dinner is ready.", site="attic")
    with pytest.raises(Refused):
        await house.voice.announce("Dinner.", language="en", deadline=1e9, site="attic")
    with pytest.raises(Refused):
        await house.voice.open_ear(5, site="attic")


@virtual_time
async def test_every_phase_is_shown_at_its_site() -> None:
    house = House(timed=True)
    await house.voice.attend(
        kitchen(FakeSource(COMMAND + silence(2000), live=True), FakeSink(timed=True))
    )
    signs = [Sign.IDLE, Sign.LISTENING, Sign.THINKING, Sign.SPEAKING, Sign.IDLE]
    assert house.signs.shown == [(sign, "kitchen") for sign in signs]


@virtual_time
async def test_what_failed_is_shown_until_the_next_turn() -> None:
    house = House(timed=True)
    house.transcriber.failures = [Temporary("the speech model died twice")]
    await house.listen(FakeSource(COMMAND + silence(2000), live=True))
    assert house.signs.shown[-1] == (Sign.ERROR, "")


@virtual_time
async def test_an_ear_that_cannot_hear_shows_it_until_it_hears_again() -> None:
    house = House()
    house.listener.fails_at_call = 2
    await house.listen(FakeSource(silence(2000), live=True))
    assert [sign for sign, _ in house.signs.shown] == [Sign.IDLE, Sign.ERROR, Sign.IDLE]


@virtual_time
async def test_a_recording_shows_nothing_and_turns_nothing_down() -> None:
    house = House()
    await house.say(COMMAND)
    assert house.signs.shown == []
    assert house.sink.ducked == []


@virtual_time
async def test_what_sounds_is_turned_down_while_somebody_speaks() -> None:
    house = House(timed=True)
    await house.listen(FakeSource(COMMAND + silence(2000), live=True))
    assert [round(share, 1) for share in house.sink.ducked] == [0.2, 1.0]


@virtual_time
async def test_the_wake_word_silences_a_reply_before_it_is_known_who_answers() -> None:
    house = House(timed=True)
    heard: list[float] = []

    async def may_answer(score: float, loudness: float, site: str) -> bool:
        heard.append(house.sink.ducked[-1] if house.sink.ducked else 1.0)
        return len(heard) == 1

    house.may_answer(may_answer)
    story = wake_word() + silence(200) + speech(800, STORY) + silence(1800)
    await house.listen(FakeSource(story + wake_word() + silence(4000), live=True))
    assert heard == [1.0, 0.0]
    assert house.sink.ducked[-1] == 1.0  # another box answers: it goes on
    assert [turn.closing for turn in house.turns] == ["done"]
    assert house.sink.cut_off == 0
