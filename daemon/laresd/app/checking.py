"""The check of a speech model that was never used before, while nothing more urgent is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Protocol

from laresd.config import Config
from laresd.core.scheduler.gate import Gate
from laresd.errors import LaresError
from laresd.frames import Fields, Frame
from laresd.frontends.voice.languages import one_of, spoken
from laresd.ports import Clock
from laresd.types import Json, Priority

log = logging.getLogger(__name__)

FIRST_S = 60.0  # after the start, when everything else has been loaded
PATIENCE_S = 3600.0
REST = 2.0  # so many times as long as a step took, the cores are left to others
TRIES = 3

Work = Coroutine[None, None, None]


class Ear(Protocol):
    """What is asked of the speech model's worker."""

    @property
    def facts(self) -> Mapping[str, Json]: ...

    async def wait_ready(self, *, deadline: float) -> None: ...

    async def call(
        self, op: str, body: Mapping[str, Json], payload: bytes = b"", *, deadline: float
    ) -> Frame: ...


def checks(config: Config, worker: Ear, gate: Gate, clock: Clock) -> dict[str, Work]:
    """What is to run, by name."""
    return {
        "check of the speech model": check_speech_model(worker, gate, clock),
        "languages of the speech model": check_languages(config, worker, clock),
    }


async def check_languages(config: Config, worker: Ear, clock: Clock) -> None:
    """Say in the log which languages of the configuration the speech model does not know."""
    wanted = spoken(config)
    if len(wanted) == 1:
        return
    try:
        await worker.wait_ready(deadline=clock.now() + PATIENCE_S)
    except LaresError as error:
        log.warning("it is not known which languages the speech model knows: %s", error)
        return
    known = Fields(worker.facts).texts("languages")
    missing = [language for language in wanted if not one_of(language, known)]
    if known and missing:
        log.warning(
            "speech_to_text.languages: the speech model does not understand %s; choose one that "
            "does: lares models list",
            ", ".join(missing),
        )


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
