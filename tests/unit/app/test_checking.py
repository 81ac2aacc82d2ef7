"""A speech model is checked after the start, in steps, and never while somebody speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from laresd.app.checking import FIRST_S, REST, TRIES, check_languages, check_speech_model
from laresd.backends.clock import SystemClock
from laresd.config import Config, SpeechToText
from laresd.core.scheduler.gate import Gate
from laresd.errors import LaresError, Permanent
from laresd.frames import Frame
from laresd.types import Json, Priority
from tests.fakes.virtual_time import virtual_time

STEP_S = 5.0


class Ear:
    """A model whose check takes so many steps."""

    def __init__(self, steps: int, *, checked: bool = False) -> None:
        self.facts: Mapping[str, Json] = {"checked": checked}
        self.failure: LaresError | None = None
        self.asked: list[float] = []
        self._steps = steps

    async def wait_ready(self, *, deadline: float) -> None:
        """At once."""

    async def call(
        self, op: str, body: Mapping[str, Json], payload: bytes = b"", *, deadline: float
    ) -> Frame:
        self.asked.append(asyncio.get_running_loop().time())
        if self.failure is not None:
            raise self.failure
        await asyncio.sleep(STEP_S)
        return Frame("result", body={"done": len(self.asked) >= self._steps})


@virtual_time
async def test_a_model_that_was_checked_is_left_alone() -> None:
    ear = Ear(1, checked=True)
    await check_speech_model(ear, Gate(None, SystemClock()), SystemClock())
    assert ear.asked == []


@virtual_time
async def test_the_steps_leave_the_cores_to_others_in_between() -> None:
    ear = Ear(3)
    await check_speech_model(ear, Gate(None, SystemClock()), SystemClock())
    first, second, third = ear.asked
    assert first >= FIRST_S
    assert second - first == third - second == STEP_S * (1 + REST)


@virtual_time
async def test_nothing_is_checked_while_somebody_speaks() -> None:
    gate, ear = Gate(None, SystemClock()), Ear(1)
    async with asyncio.TaskGroup() as group:
        group.create_task(check_speech_model(ear, gate, SystemClock()))
        with gate.taken(Priority.VOICE):
            await asyncio.sleep(FIRST_S + 100)
            assert ear.asked == []
    assert len(ear.asked) == 1


@pytest.mark.parametrize(
    ("known", "more", "missing"),
    [
        (["en"], ("de", "zh-CN"), "does not understand de, zh-CN"),
        (["en", "de"], ("de",), ""),
        (["de"], (), ""),  # one language: the model says so itself, at the first sentence
    ],
)
async def test_a_language_that_the_model_does_not_know_is_told_at_the_start(
    known: list[Json], more: tuple[str, ...], missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    ear = Ear(1)
    ear.facts = {"languages": known}
    config = Config(speech_to_text=SpeechToText(languages=more))
    await check_languages(config, ear, SystemClock())
    assert (missing in caplog.text) if missing else not caplog.text


@virtual_time
async def test_a_check_that_fails_is_given_up_until_the_next_start() -> None:
    ear = Ear(1)
    ear.failure = Permanent("espeak-ng is not installed")
    await check_speech_model(ear, Gate(None, SystemClock()), SystemClock())
    assert len(ear.asked) == TRIES
