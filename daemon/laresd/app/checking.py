"""The check of a speech model that was never used before, while nothing more urgent is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol

from laresd.core.scheduler.gate import Gate
from laresd.errors import LaresError
from laresd.frames import Fields, Frame
from laresd.ports import Clock
from laresd.types import Json, Priority

log = logging.getLogger(__name__)

FIRST_S = 60.0  # after the start, when everything else has been loaded
PATIENCE_S = 3600.0
REST = 2.0  # so many times as long as a step took, the cores are left to others
TRIES = 3


class Ear(Protocol):
    """What is asked of the speech model's worker."""

    @property
    def facts(self) -> Mapping[str, Json]: ...

    async def wait_ready(self, *, deadline: float) -> None: ...

    async def call(
        self, op: str, body: Mapping[str, Json], payload: bytes = b"", *, deadline: float
    ) -> Frame: ...


async def check_speech_model(worker: Ear, gate: Gate, clock: Clock) -> None:
    """Ends when it is known how much the model must read at once. A check that fails is given up
    until the next start: the model works without it, only slower.
    """
    await asyncio.sleep(FIRST_S)
    failures = 0
    while failures < TRIES:
        try:
            await worker.wait_ready(deadline=clock.now() + PATIENCE_S)
            if worker.facts.get("checked", True):
                return
            await gate.clear(Priority.BACKGROUND, deadline=clock.now() + PATIENCE_S)
            begun = clock.now()
            with gate.taken(Priority.BACKGROUND):
                told = await worker.call("check", {}, deadline=begun + PATIENCE_S)
        except LaresError as error:
            failures += 1
            log.warning("the speech model cannot be checked: %s", error)
            await asyncio.sleep(FIRST_S)
            continue
        if Fields(told.body).flag("done"):
            return
        await asyncio.sleep(REST * (clock.now() - begun))
