"""The cores are for what is most urgent, whatever kind of job it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from laresd.backends.clock import SystemClock
from laresd.core.scheduler.gate import HOLD_S, Gate
from laresd.errors import DeadlineExceeded
from laresd.types import Priority
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.virtual_time import virtual_time


@asynccontextmanager
async def a_gate(local: FakeLanguageModel) -> AsyncIterator[Gate]:
    gate = Gate(local, SystemClock())
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(gate.run())
        try:
            yield gate
        finally:
            run.cancel()


@virtual_time
async def test_while_a_voice_is_transcribed_the_language_model_holds_what_is_less_urgent() -> None:
    local = FakeLanguageModel()
    async with a_gate(local) as gate:
        with gate.taken(Priority.VOICE):
            await asyncio.sleep(0.5)
            assert local.holds == [(Priority.VOICE, HOLD_S)]
        await asyncio.sleep(0.5)
        assert local.holds[1:] == [(Priority.BACKGROUND, 0.0)]


@virtual_time
async def test_a_hold_that_lasts_is_told_again_before_it_ends() -> None:
    local = FakeLanguageModel()
    async with a_gate(local) as gate:
        with gate.taken(Priority.VOICE):
            await asyncio.sleep(2 * HOLD_S)
        assert len(local.holds) >= 4


@virtual_time
async def test_of_several_the_most_urgent_counts() -> None:
    gate = Gate(None, SystemClock())
    with gate.taken(Priority.AUTOMATION), gate.taken(Priority.VOICE):
        assert gate.most_urgent is Priority.VOICE
    assert gate.most_urgent is None


@virtual_time
async def test_background_waits_until_nothing_more_urgent_is_done() -> None:
    gate, loop = Gate(None, SystemClock()), asyncio.get_running_loop()

    async def voice() -> None:
        with gate.taken(Priority.VOICE):
            await asyncio.sleep(3.0)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(voice())
        await asyncio.sleep(0)
        await gate.clear(Priority.VOICE, deadline=loop.time() + 10)
        assert loop.time() == 0.0
        await gate.clear(Priority.BACKGROUND, deadline=loop.time() + 10)
        assert loop.time() == pytest.approx(3.0)


@virtual_time
async def test_who_waits_too_long_is_told() -> None:
    gate, loop = Gate(None, SystemClock()), asyncio.get_running_loop()
    with gate.taken(Priority.VOICE), pytest.raises(DeadlineExceeded):
        await gate.clear(Priority.BACKGROUND, deadline=loop.time() + 2)
