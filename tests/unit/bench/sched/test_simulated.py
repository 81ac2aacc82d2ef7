"""Simulated engines: their speed, whom they let wait, and how they fail."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from laresd.errors import DeadlineExceeded, Temporary
from laresd.generation import Generation, Message, Role, Said
from laresd.types import Priority
from tests.bench.sched.simulated import (
    REFUSED_S,
    WORD,
    Habits,
    Life,
    Pace,
    SimulatedBox,
    SimulatedHost,
    spans,
)
from tests.fakes.virtual_time import virtual_time

HEAD = Message(Role.SYSTEM, "x" * 400)  # 100 tokens
BOX = Pace(prefill=10.0, decode=2.0)
HOST = Pace(prefill=100.0, decode=10.0, slots=2, crowding=0.5)
TOKENS = 6


def asked(name: str = "a", priority: Priority = Priority.INTERACTIVE) -> Generation:
    """40 tokens beside the head; the answer has 6."""
    return Generation((HEAD, Message(Role.USER, name.ljust(160))), priority=priority)


ANSWERS = {name.ljust(160): TOKENS for name in "abc"}


async def seconds(engine: SimulatedBox | SimulatedHost, generation: Generation) -> float:
    """What the answer took, which must be whole."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    pieces = [p async for p in engine.generate(generation, deadline=begun + 10_000)]
    said = generation.said.text + "".join(piece.text for piece in pieces)
    assert said == WORD * TOKENS
    assert pieces[-1].ending is not None
    return loop.time() - begun


@virtual_time
async def test_a_prompt_and_an_answer_take_their_tokens_times_the_speed() -> None:
    box = SimulatedBox(BOX, ANSWERS)
    assert await seconds(box, asked()) == pytest.approx(140 / 10 + 6 / 2)


@virtual_time
async def test_a_head_is_computed_once() -> None:
    box = SimulatedBox(BOX, ANSWERS)
    await box.prepare([HEAD], deadline=0.0)
    assert await seconds(box, asked()) == pytest.approx(40 / 10 + 6 / 2)


@virtual_time
async def test_what_was_said_is_read_and_not_said_again() -> None:
    box = SimulatedBox(BOX, ANSWERS)
    rest = replace(asked(), said=Said(WORD * 4))
    assert await seconds(box, rest) == pytest.approx(144 / 10 + 2 / 2)


@virtual_time
async def test_the_more_urgent_has_the_box_for_itself_and_equals_take_turns() -> None:
    box = SimulatedBox(BOX, ANSWERS)
    await box.prepare([HEAD], deadline=0.0)
    async with asyncio.TaskGroup() as tasks:
        waits = tasks.create_task(seconds(box, asked("a", Priority.BACKGROUND)))
        await asyncio.sleep(0.1)
        voice = tasks.create_task(seconds(box, asked("b", Priority.VOICE)))
    assert voice.result() == pytest.approx(7.0, abs=0.8)  # and the step that was under way
    assert waits.result() == pytest.approx(14.0, abs=0.1)
    async with asyncio.TaskGroup() as tasks:
        both = [tasks.create_task(seconds(box, asked(name))) for name in "ab"]
    assert [each.result() for each in both] == pytest.approx([14.0, 14.0], abs=0.6)


@virtual_time
async def test_a_host_serves_as_many_as_it_has_slots_and_others_wait() -> None:
    host = SimulatedHost("tower", HOST, Life(), ANSWERS)
    alone = await seconds(host, asked("a"))
    assert alone == pytest.approx(1.4 + 0.6)
    async with asyncio.TaskGroup() as tasks:
        three = [tasks.create_task(seconds(host, asked(name))) for name in "abc"]
    first, second, third = (each.result() for each in three)
    assert first == pytest.approx(0.4 + 0.6 * 1.5, rel=0.1)  # its prompt was alone for a moment
    assert second == pytest.approx((0.4 + 0.6) * 1.5, rel=0.1)
    assert third - first >= 1.0


@virtual_time
async def test_others_take_slots_and_a_probe_tells_of_them() -> None:
    host = SimulatedHost("tower", HOST, Life(others=((0.0, 30.0), (0.0, 20.0))), ANSWERS)
    async with asyncio.TaskGroup() as tasks:
        live = tasks.create_task(host.live())
        await asyncio.sleep(1.0)
        assert (await host.probe(deadline=10.0)).running == 2
        assert await seconds(host, asked()) == pytest.approx(19.0 + 2.0 * 1.5, rel=0.1)
        live.cancel()


@virtual_time
async def test_a_host_that_is_away_refuses_and_one_that_goes_breaks_off() -> None:
    host = SimulatedHost("tower", HOST, Life(away=((0.0, 5.0), (6.0, 9.0))), ANSWERS)
    with pytest.raises(Temporary, match="cannot be reached"):
        await seconds(host, asked())
    assert asyncio.get_running_loop().time() == pytest.approx(REFUSED_S)
    await asyncio.sleep(5.0 - REFUSED_S)
    with pytest.raises(Temporary, match="broke the connection"):
        await seconds(host, asked())


@virtual_time
async def test_a_host_that_hangs_goes_on_where_it_stopped() -> None:
    host = SimulatedHost("tower", HOST, Life(hanging=((1.0, 60.0),)), ANSWERS)
    assert await seconds(host, asked()) == pytest.approx(60.0 + 0.6, abs=0.1)
    with pytest.raises(DeadlineExceeded):
        await anext(
            SimulatedHost("t", HOST, Life(hanging=((0.0, 200.0),)), ANSWERS).generate(
                asked(), deadline=65.0
            )
        )


def test_whether_work_can_be_done_in_time_where_a_host_comes_and_goes() -> None:
    life = Life(away=((10.0, 20.0),), hanging=((30.0, 40.0),))
    assert life.serves(0.0, 5.0, within=5.0)
    assert not life.serves(8.0, 5.0, within=10.0)  # lost at 10, begun again at 20
    assert life.serves(8.0, 5.0, within=17.0)
    assert not life.serves(28.0, 5.0, within=10.0)  # 2 s before it hangs, 3 s after
    assert life.serves(28.0, 5.0, within=15.0)


def test_times_away_come_to_their_share_and_are_drawn_from_the_seed() -> None:
    found = spans(random.Random(1), 0.2, 60.0, 1e6)
    assert sum(end - begin for begin, end in found) == pytest.approx(2e5, rel=0.1)
    assert found == spans(random.Random(1), 0.2, 60.0, 1e6)
    assert spans(random.Random(1), 0.0, 60.0, 1e6) == ()


def test_others_keep_the_slots_of_a_busy_host_about_as_full_as_they_are_meant_to() -> None:
    habits = Habits(0.0, 1.0, 0.0, 1.0, busy=0.5, busy_s=600.0, busy_load=0.9, request_s=10.0)
    life = habits.life(random.Random(2), slots=2, seconds=1e5)
    assert sum(held for _, held in life.others) == pytest.approx(1e5 * 0.5 * 0.9 * 2, rel=0.1)
