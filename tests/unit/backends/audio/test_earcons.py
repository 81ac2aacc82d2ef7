"""Earcons: soft, short, one for each step of a turn, and never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from laresd.backends.audio.earcons import Earcon, Earcons, between
from laresd.errors import Temporary
from laresd.sound import peak_dbfs
from laresd.turns import Sign
from laresd.types import SAMPLE_RATE


class FakeSpeaker:
    def __init__(self) -> None:
        self.heard: list[bytes | str] = []
        self.failures: list[Temporary] = []
        self.told = asyncio.Event()

    async def wake(self) -> None:
        self._note("ready")

    async def chime(self, pcm: bytes) -> None:
        self._note(pcm)

    def _note(self, what: bytes | str) -> None:
        self.told.set()
        if self.failures:
            raise self.failures.pop(0)
        self.heard.append(what)


@asynccontextmanager
async def running(earcons: Earcons) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(earcons.run())
        yield
        task.cancel()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("earcon", Earcon)
def test_each_is_short_soft_and_begins_and_ends_without_a_click(earcon: Earcon) -> None:
    samples = np.frombuffer(earcon.pcm(), "<i2").astype(int)
    assert len(samples) / SAMPLE_RATE < 0.3
    assert -25 < peak_dbfs(earcon.pcm()) < -15
    assert abs(samples[0]) < 50
    assert abs(samples[-1]) < 50
    assert np.abs(np.diff(samples)).max() < 4000


def test_no_two_sound_alike() -> None:
    assert len({earcon.pcm() for earcon in Earcon}) == len(Earcon)


@pytest.mark.parametrize(
    ("before", "now", "earcon"),
    [
        (Sign.IDLE, Sign.LISTENING, Earcon.HEARD),
        (Sign.SPEAKING, Sign.LISTENING, Earcon.HEARD),
        (Sign.LISTENING, Sign.LISTENING, None),
        (Sign.LISTENING, Sign.THINKING, Earcon.UNDERSTOOD),
        (Sign.LISTENING, Sign.IDLE, Earcon.CLOSED),
        (Sign.THINKING, Sign.SPEAKING, None),
        (Sign.THINKING, Sign.IDLE, Earcon.DONE),
        (Sign.SPEAKING, Sign.IDLE, None),
        (Sign.THINKING, Sign.ERROR, Earcon.FAILED),
        (Sign.IDLE, Sign.MUTED, Earcon.MUTED),
        (Sign.MUTED, Sign.IDLE, None),
    ],
)
def test_what_is_heard_between_two_signs(before: Sign, now: Sign, earcon: Earcon | None) -> None:
    assert between(before, now) is earcon


async def test_a_turn_is_heard_step_by_step() -> None:
    speaker = FakeSpeaker()
    earcons = Earcons(speaker)
    async with running(earcons):
        for sign in (Sign.LISTENING, Sign.THINKING, Sign.SPEAKING, Sign.IDLE):
            earcons.show(sign, "")
            await settled()
    assert speaker.heard == [Earcon.HEARD.pcm(), Earcon.UNDERSTOOD.pcm()]


async def test_of_several_at_once_only_the_last_is_heard() -> None:
    speaker = FakeSpeaker()
    earcons = Earcons(speaker)
    async with running(earcons):
        earcons.show(Sign.LISTENING, "")
        earcons.show(Sign.ERROR, "")
        await settled()
    assert speaker.heard == [Earcon.FAILED.pcm()]


async def test_other_ears_have_loudspeakers_of_their_own() -> None:
    speaker = FakeSpeaker()
    earcons = Earcons(speaker)
    async with running(earcons):
        earcons.show(Sign.LISTENING, "attic")
        await settled()
    assert speaker.heard == []


async def test_switched_off_they_only_have_the_loudspeaker_ready_for_the_answer() -> None:
    speaker = FakeSpeaker()
    earcons = Earcons(speaker, audible=False)
    async with running(earcons):
        earcons.show(Sign.LISTENING, "")
        await settled()
        earcons.show(Sign.THINKING, "")
        await settled()
    assert speaker.heard == ["ready"]


async def test_a_loudspeaker_that_is_gone_ends_nothing() -> None:
    speaker = FakeSpeaker()
    speaker.failures = [Temporary("there is no loudspeaker")]
    earcons = Earcons(speaker)
    async with running(earcons):
        earcons.show(Sign.LISTENING, "")
        await speaker.told.wait()
        await settled()
        earcons.show(Sign.THINKING, "")
        await settled()
    assert speaker.heard == [Earcon.UNDERSTOOD.pcm()]
