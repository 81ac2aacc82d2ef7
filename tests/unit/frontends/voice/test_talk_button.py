"""A talk button over the real voice: what is said while it is held is heard, and then it acts."""

from __future__ import annotations

import asyncio

import pytest

from laresd.types import Turn
from tests.fakes.audio import FakeSource, silence, speech
from tests.fakes.virtual_time import virtual_time
from tests.unit.frontends.voice.test_frontend import HALF, OTHER_HALF, TURN_ON, House

NOISY = silence(1500) + speech(1000, TURN_ON) + speech(4000, TURN_ON) + silence(2000)
PAUSING = silence(1000) + speech(600, HALF) + silence(6000) + speech(900, OTHER_HALF)


async def talked(house: House, room: bytes, *, held_s: float, ends: bool = True) -> float:
    """Pressed after half a second; seconds from the release to the assistant being asked, or to
    the end of the turn.
    """
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(house.listen(FakeSource(room, live=True)))
        await asyncio.sleep(0.5)
        await house.voice.hold_ear()
        await asyncio.sleep(held_s)
        assert house.asked() == []
        house.voice.release_ear(ends=ends)
        released = asyncio.get_running_loop().time()
        while not house.asked() and not house.turns:  # noqa: ASYNC110  # virtual time
            await asyncio.sleep(0.01)
        return asyncio.get_running_loop().time() - released


def endpoint(turn: Turn) -> float:
    (span,) = [span for span in turn.spans if span.name == "endpoint"]
    return span.end - span.start


@virtual_time
async def test_its_release_ends_the_utterance_though_the_room_is_not_silent() -> None:
    house = House()
    waited = await talked(house, NOISY, held_s=2.0)
    assert house.asked() == ["turn on the light"]
    assert waited < 0.4  # the last word, and what the transcription takes
    assert [turn.closing for turn in house.turns] == ["done"]


@virtual_time
async def test_no_pause_ends_what_is_said_while_it_is_held() -> None:
    house = House()
    await talked(house, PAUSING + silence(4000), held_s=8.5)
    assert house.asked() == ["turn on the light in the kitchen"]


@virtual_time
async def test_after_a_pause_the_release_is_the_end_at_once_and_the_endpoint_tells_it() -> None:
    house = House()
    room = silence(1000) + speech(600, TURN_ON) + silence(8000)
    waited = await talked(house, room, held_s=3.0)
    assert waited < 0.1  # it was transcribed in the pause already
    (turn,) = house.turns
    assert endpoint(turn) == pytest.approx(1.9, abs=0.1)  # from the last word to the release


@virtual_time
async def test_let_go_though_nothing_was_said_it_listens_no_more() -> None:
    house = House()
    room = silence(4000) + speech(600, TURN_ON) + silence(3000)
    await talked(house, room, held_s=1.0)
    assert [turn.closing for turn in house.turns] == ["no_speech"]
    assert house.asked() == []


@virtual_time
async def test_after_a_tap_it_listens_on_as_after_the_wake_word() -> None:
    house = House()
    room = silence(2500) + speech(600, TURN_ON) + silence(3000)
    await talked(house, room, held_s=0.2, ends=False)
    assert house.asked() == ["turn on the light"]
