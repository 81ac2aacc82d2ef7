"""A muted microphone is closed, and its last sound is silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from laresd.frontends.voice.muting import LAST_FRAMES, SILENCE, MutableSource
from laresd.ports import one
from tests.fakes.virtual_time import virtual_time

SOUND = b"\x01" * len(SILENCE)


class Card:
    """A microphone that gives a frame every 32 ms, and counts who has it open."""

    def __init__(self, frames: int = 10_000) -> None:
        self.open, self.opened = 0, 0
        self._count = frames

    async def frames(self, at_once: Callable[[], int] = one) -> AsyncGenerator[bytes, None]:
        self.open += 1
        self.opened += 1
        try:
            for _ in range(self._count):
                await asyncio.sleep(0.032)
                yield SOUND
        finally:
            self.open -= 1


@virtual_time
async def test_muted_from_the_start_the_device_is_never_opened() -> None:
    card = Card()
    source = MutableSource(card, muted=True)
    async with aclosing(source.frames()) as frames, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(anext(frames))
        await asyncio.sleep(3600)
        assert card.opened == 0
        source.mute(False)
        assert await first == SOUND


@virtual_time
async def test_muting_closes_the_device_and_ends_in_silence() -> None:
    card = Card()
    source = MutableSource(card)
    async with aclosing(source.frames()) as frames, asyncio.TaskGroup() as tasks:
        assert await anext(frames) == SOUND
        source.mute(True)
        assert [await anext(frames) for _ in range(LAST_FRAMES)] == [SILENCE] * LAST_FRAMES
        waiting = tasks.create_task(anext(frames))
        await asyncio.sleep(3600)
        assert card.open == 0
        assert not waiting.done()
        source.mute(False)
        assert await waiting == SOUND
        assert card.opened == 2


@virtual_time
async def test_a_source_that_ends_has_ended() -> None:
    async with aclosing(MutableSource(Card(3)).frames()) as frames:
        assert [frame async for frame in frames] == [SOUND] * 3


@virtual_time
async def test_what_a_switch_of_the_hardware_holds_off_nobody_can_switch_on() -> None:
    card, changes = Card(), list[bool]()
    source = MutableSource(card, on_change=changes.append)
    source.hold(True)
    async with aclosing(source.frames()) as frames, asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(anext(frames))
        source.mute(True)
        source.mute(False)
        await asyncio.sleep(3600)
        assert card.opened == 0 and source.muted
        source.hold(False)
        assert await waiting == SOUND
    assert changes == [True, False]


@virtual_time
async def test_what_was_switched_off_before_stays_off_when_the_hardware_lets_go() -> None:
    source = MutableSource(Card(), muted=True)
    source.hold(True)
    source.hold(False)
    assert source.muted and source.off and not source.held
