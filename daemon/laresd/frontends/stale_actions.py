"""Says aloud that an action which waited for the broker was not carried out."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from laresd.errors import LaresError
from laresd.ports import Clock
from laresd.types import Dropped

log = logging.getLogger(__name__)

UNTOLD = 64  # that wait to be told; the broker and the log know of all of them
GATHER_S = 1.0  # what is dropped together is told together
PATIENCE_S = 30.0  # for the loudspeaker

Words = Callable[[Sequence[tuple[str, Dropped]], str], str]
"""(device's name and what was dropped, each), language -> what to say."""


class Announce(Protocol):
    async def __call__(self, text: str, *, language: str, deadline: float) -> None:
        """Say it to its end. Raises what the voice or the loudspeaker raises."""
        ...


class StaleActions:
    """`dropped` may be called at any time; `run` says it. What is dropped is in the log and on MQTT
    already (`backends.broker.spool`).
    """

    def __init__(self, clock: Clock, words: Words, *, language: str) -> None:
        self._clock, self._words, self._language = clock, words, language
        self._dropped: deque[Dropped] = deque(maxlen=UNTOLD)
        self._news = asyncio.Event()

    def dropped(self, one: Dropped) -> None:
        self._dropped.append(one)
        self._news.set()

    async def run(
        self,
        name_of: Callable[[str], str],
        announce: Announce,
        *,
        ready: Callable[[], Awaitable[object]],
    ) -> None:
        """Until cancelled. `name_of` a topic: the device that takes commands there, "" for none:
        an answer to a program that nobody fetched is no action. `ready`: until devices are known.
        """
        await ready()
        while True:
            await self._news.wait()
            await self._clock.wait(asyncio.Event(), self._clock.now() + GATHER_S)
            self._news.clear()
            told = [(name, one) for one in self._dropped if (name := name_of(one.topic))]
            self._dropped.clear()
            if told:
                await self._tell(self._words(told, self._language), announce)

    async def _tell(self, text: str, announce: Announce) -> None:
        try:
            deadline = self._clock.now() + PATIENCE_S
            await announce(text, language=self._language, deadline=deadline)
        except LaresError as error:
            log.warning("that actions came too late could not be said: %s", error)
