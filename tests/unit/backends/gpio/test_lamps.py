"""The lamps follow the signs, and cost nothing where nothing moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from laresd.backends.gpio.lamps import ERROR_S, Lamps
from laresd.core.signals import BLINK_S, Scheme, table
from laresd.errors import Temporary
from laresd.turns import Sign
from tests.fakes.clock import FakeClock
from tests.fakes.lamps import FakeRow

DARK = ((0, 0, 0),) * 3
BLUE = ((0, 40, 255),) * 3
RED = ((255, 0, 0),) * 3
SCHEME = Scheme(table({"muted": "red"}))


class Room:
    """`settle` until the lamps have done what there was to do."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.row = FakeRow(now=self.clock.now)
        self.lamps = Lamps(self.row, SCHEME, self.clock)

    async def show(self, sign: Sign, site: str = "") -> None:
        self.lamps.show(sign, site)
        if site == "":
            await self.clock.asleep()

    async def mute(self, muted: bool) -> None:
        self.lamps.mute(muted)
        await self.clock.asleep()


@asynccontextmanager
async def lit() -> AsyncIterator[Room]:
    room = Room()
    async with room.lamps, asyncio.TaskGroup() as tasks:
        run = tasks.create_task(room.lamps.run())
        await room.clock.asleep()
        yield room
        run.cancel()
    assert room.row.closed


async def test_a_sign_is_shown_as_soon_as_it_is_told() -> None:
    async with lit() as room:
        assert room.row.colours == DARK
        await room.show(Sign.LISTENING)
        assert room.row.colours == BLUE
        await room.show(Sign.IDLE)
        assert room.row.colours == DARK


async def test_nothing_is_written_while_a_solid_light_shines() -> None:
    async with lit() as room:
        await room.show(Sign.LISTENING)
        count = len(room.row.written)
        await room.clock.advance(3600)  # nobody waits for a time, so nobody wakes
        await room.show(Sign.LISTENING)
        assert len(room.row.written) == count


async def test_a_light_that_moves_is_written_frame_by_frame() -> None:
    async with lit() as room:
        await room.show(Sign.THINKING)
        for _ in range(10):
            await room.clock.advance(0.05)
        frames = [colours for _, colours in room.row.written]
        assert len(frames) == 12 and len(set(frames)) == 12
        await room.show(Sign.IDLE)
        assert room.row.colours == DARK


async def test_other_ears_are_not_shown() -> None:
    async with lit() as room:
        await room.show(Sign.LISTENING, "kitchen")
        await room.show(Sign.IDLE)
        assert room.row.colours == DARK


async def test_that_the_microphone_is_off_is_shown_where_nothing_else_goes_on() -> None:
    async with lit() as room:
        await room.mute(True)
        assert room.row.colours == RED
        await room.show(Sign.LISTENING)
        assert room.row.colours == BLUE
        await room.show(Sign.IDLE)
        assert room.row.colours == RED
        await room.mute(False)
        assert room.row.colours == DARK


async def test_a_failure_is_shown_for_a_while_though_all_is_well_again() -> None:
    async with lit() as room:
        await room.show(Sign.ERROR)
        room.lamps.show(Sign.IDLE, "")
        await room.clock.asleep()
        assert room.row.colours == RED
        await room.clock.advance(BLINK_S)
        assert room.row.colours == DARK
        await room.clock.advance(BLINK_S)
        assert room.row.colours == RED
        await room.clock.advance(ERROR_S)
        assert room.row.colours == DARK
        count = len(room.row.written)
        await room.clock.advance(3600)
        assert len(room.row.written) == count


async def test_who_speaks_to_the_box_is_not_shown_an_old_failure() -> None:
    async with lit() as room:
        await room.show(Sign.ERROR)
        await room.show(Sign.LISTENING)
        assert room.row.colours == BLUE


async def test_a_row_that_cannot_be_written_ends_the_lamps_and_nothing_else() -> None:
    room = Room()
    room.row.failure = Temporary("/dev/spidev0.0 cannot be written to")
    async with room.lamps:
        with pytest.raises(Temporary, match="spidev"):
            await room.lamps.run()
    assert room.row.closed
