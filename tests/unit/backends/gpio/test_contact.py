"""A contact that bounces: every change once, none lost."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from laresd.backends.clock import SystemClock
from laresd.backends.gpio.contact import LOOK_S, Contact
from tests.fakes.virtual_time import virtual_time

SETTLE_S = 0.04


class Wire:
    """A contact that closes and opens at set times; `silent`: without telling of the edges."""

    def __init__(self, *, silent: bool = False) -> None:
        self.closed = False
        self.edge = asyncio.Event()
        self.contact = Contact(lambda: self.closed, self.edge, SystemClock(), SETTLE_S)
        self.seen: list[tuple[float, bool]] = []
        self._silent = silent

    async def play(self, *edges: tuple[float, bool], until: float) -> None:
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(self._read())
            await asyncio.sleep(0)
            for at, closed in edges:
                await asyncio.sleep(at - asyncio.get_running_loop().time())
                self.closed = closed
                if not self._silent:
                    self.edge.set()
            await asyncio.sleep(until - asyncio.get_running_loop().time())
            reading.cancel()

    async def _read(self) -> None:
        async with aclosing(self.contact.changes()) as changes:
            async for closed in changes:
                self.seen.append((round(asyncio.get_running_loop().time(), 3), closed))


@virtual_time
async def test_the_state_is_told_at_first_and_each_change_at_once() -> None:
    wire = Wire()
    await wire.play((1.0, True), (2.0, False), until=3)
    assert wire.seen == [(0.0, False), (1.0, True), (2.0, False)]


@virtual_time
async def test_contacts_that_bounce_are_one_press_and_one_release() -> None:
    wire = Wire()
    press = [(1.0 + ms / 1000, ms % 2 == 0) for ms in range(21)]
    release = [(2.0 + ms / 1000, ms % 2 == 1) for ms in range(21)]
    await wire.play(*press, *release, until=3)
    assert wire.seen == [(0.0, False), (1.0, True), (2.0, False)]


@virtual_time
async def test_a_press_that_is_shorter_than_its_bouncing_is_released_when_it_has_settled() -> None:
    wire = Wire()
    await wire.play((1.0, True), (1.01, False), until=3)
    assert wire.seen == [(0.0, False), (1.0, True), (1.0 + SETTLE_S, False)]


@virtual_time
async def test_an_edge_that_is_back_before_it_is_looked_at_is_no_press() -> None:
    wire = Wire()
    wire.edge.set()
    await wire.play(until=1)
    assert wire.seen == [(0.0, False)]


@virtual_time
async def test_a_change_whose_edge_was_lost_is_seen_within_a_second() -> None:
    wire = Wire(silent=True)
    await wire.play((5.5, True), until=8)
    assert [closed for _, closed in wire.seen] == [False, True]
    assert wire.seen[1][0] <= 5.5 + LOOK_S
