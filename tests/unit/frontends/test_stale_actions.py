"""An action that came too late is said aloud, with the others of the moment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from laresd.backends.clock import SystemClock
from laresd.core.replies.stale import stale
from laresd.errors import LaresError, Temporary
from laresd.frontends.stale_actions import GATHER_S, StaleActions
from laresd.types import Dropped
from tests.fakes.virtual_time import virtual_time

NAMES = {"lamp/set": "Lamp", "fan/set": "Fan", "lock/set": "Front door"}


@dataclass
class Room:
    """`said` aloud; the `faults` of the loudspeaker are raised first."""

    said: list[str] = field(default_factory=list)
    faults: list[LaresError] = field(default_factory=list)
    known: asyncio.Event = field(default_factory=asyncio.Event)
    actions: StaleActions = field(
        default_factory=lambda: StaleActions(SystemClock(), stale, language="en")
    )

    async def announce(self, text: str, *, language: str, deadline: float) -> None:
        if self.faults:
            raise self.faults.pop()
        self.said.append(text)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Room]:
        async with asyncio.TaskGroup() as group:
            run = self.actions.run(
                lambda topic: NAMES.get(topic, ""), self.announce, ready=self.known.wait
            )
            task = group.create_task(run)
            yield self
            task.cancel()

    async def pass_by(self) -> None:
        await asyncio.sleep(2 * GATHER_S)


@virtual_time
async def test_what_is_dropped_together_is_said_together() -> None:
    async with Room().running() as room:
        room.known.set()
        for topic in ("lamp/set", "fan/set", "lamp/set"):
            room.actions.dropped(Dropped(topic, "expired", 60.0))
        await room.pass_by()
        assert room.said == [
            "I could not reach the lamp and the fan in time, so nothing was done there."
        ]


@virtual_time
async def test_what_may_have_been_done_is_not_said_to_be_undone() -> None:
    async with Room().running() as room:
        room.known.set()
        room.actions.dropped(Dropped("lock/set", "unknown", 1.0))
        await room.pass_by()
        (said,) = room.said
        assert "nothing was done" not in said
        assert "Please look" in said


@virtual_time
async def test_an_answer_that_nobody_fetched_is_no_action() -> None:
    async with Room().running() as room:
        room.known.set()
        room.actions.dropped(Dropped("asker/answers", "expired", 300.0))
        await room.pass_by()
        assert room.said == []


@virtual_time
async def test_what_was_dropped_at_the_start_waits_until_devices_have_names() -> None:
    async with Room().running() as room:
        room.actions.dropped(Dropped("lamp/set", "expired", 3600.0))
        await room.pass_by()
        assert room.said == []
        room.known.set()
        await room.pass_by()
        assert len(room.said) == 1


@virtual_time
async def test_a_loudspeaker_that_fails_once_says_the_next_one() -> None:
    async with Room().running() as room:
        room.known.set()
        room.faults.append(Temporary("the loudspeaker is gone"))
        room.actions.dropped(Dropped("lamp/set", "expired", 60.0))
        await room.pass_by()
        room.actions.dropped(Dropped("fan/set", "refused", 60.0))
        await room.pass_by()
        assert room.said == ["The broker does not let me control the fan."]


@pytest.mark.parametrize("language", ["en", "de", "zh-CN", "fr"])
@pytest.mark.parametrize("reason", ["expired", "unknown", "refused"])
def test_every_reason_has_its_sentence_in_every_language(language: str, reason: str) -> None:
    few = stale([("Lamp", Dropped("lamp/set", reason, 1.0))], language)
    many = stale([(f"Lamp {n}", Dropped("x", reason, 1.0)) for n in range(9)], language)
    assert "amp" in few
    assert "9" in many
    assert "{" not in few + many
