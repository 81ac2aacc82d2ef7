"""A talk button over the real voice: what is said while it is held is heard, and then it acts."""

from __future__ import annotations

import asyncio

import pytest

from laresd.app.pins import HELD_S, HUSH_S
from laresd.frontends.voice import MutableSource
from tests.fakes.audio import FakeSource, silence, speech
from tests.fakes.virtual_time import virtual_time
from tests.unit.frontends.voice.test_frontend import TURN_ON, House

ROOM = silence(1500) + speech(1000, TURN_ON) + speech(4000, TURN_ON) + silence(2000)


async def talked(house: House, *, held_s: float) -> float:
    """Pressed after half a second; seconds from the release to what the assistant was asked."""
    source = MutableSource(FakeSource(ROOM, live=True))
    asked_at = 0.0
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(house.listen(source))
        await asyncio.sleep(0.5)
        await house.voice.open_ear(HELD_S)
        await asyncio.sleep(held_s)
        source.hush(HUSH_S)
        released = asyncio.get_running_loop().time()
        while not house.asked():  # noqa: ASYNC110  # virtual time; the fake has no event
            await asyncio.sleep(0.01)
        asked_at = asyncio.get_running_loop().time()
    return asked_at - released


@virtual_time
async def test_its_release_ends_the_utterance_though_the_room_is_not_silent() -> None:
    house = House()
    waited = await talked(house, held_s=2.0)
    assert house.asked() == ["turn on the light"]
    assert waited == pytest.approx(0.15, abs=0.1)  # what the transcription takes


@virtual_time
async def test_after_it_was_let_go_the_box_hears_as_before() -> None:
    house = House()
    await talked(house, held_s=2.0)
    assert [turn.closing for turn in house.turns] == ["done"]
