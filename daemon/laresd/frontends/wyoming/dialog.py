"""One client of the server: its events, one after the other, each to the part that it is for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from laresd.errors import LaresError
from laresd.frames.wyoming import Event
from laresd.frontends.wyoming.doors import Connection, told
from laresd.frontends.wyoming.hearing import Hearing
from laresd.frontends.wyoming.info import info
from laresd.frontends.wyoming.services import Services
from laresd.frontends.wyoming.speaking import Speaking
from laresd.frontends.wyoming.understanding import Understanding

log = logging.getLogger(__name__)


class Dialogs:
    """Call it for each client."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, client: Connection) -> None:
        """Until the client has no more. Raises for what is no event, and what the network does."""
        failure: LaresError | OSError | None = None
        async with asyncio.TaskGroup() as tasks:
            dialog = _Dialog(self._services, client, tasks)
            try:
                await dialog.run()
            except (LaresError, OSError) as error:  # not to be wrapped in a group
                failure = error
            finally:
                await dialog.close()
        if failure is not None:
            raise failure


class _Dialog:
    def __init__(self, services: Services, client: Connection, tasks: asyncio.TaskGroup) -> None:
        self._services = services
        self._client = client
        self._hearing = Hearing(services, client, tasks)
        self._speaking = Speaking(services, client)
        understanding = Understanding(services, client)
        self._answers: dict[str, Callable[[Event], Awaitable[None]]] = {
            "describe": self._describe,
            "ping": self._ping,
            "transcribe": self._hearing.transcribe,
            "detect": self._hearing.detect,
            "audio-start": self._hearing.start,
            "audio-chunk": self._hearing.chunk,
            "audio-stop": lambda event: self._hearing.stop(),
            "synthesize": self._speaking.synthesize,
            "synthesize-start": self._speaking.start,
            "synthesize-chunk": self._speaking.chunk,
            "synthesize-stop": lambda event: self._speaking.stop(),
            "recognize": understanding.recognize,
            "transcript": understanding.handle,
            "intent": understanding.structured,
        }

    async def run(self) -> None:
        """What fails is told the client, who may ask for something else; events that are not known
        are dropped, as the protocol wants.
        """
        while (event := await self._client.receive()) is not None:
            answer = self._answers.get(event.type)
            if answer is None:
                log.debug("a client of Wyoming sent %r, which is dropped", event.type[:40])
                continue
            try:
                await answer(event)
            except LaresError as error:
                log.info("%s of a client of Wyoming failed: %s", event.type, error.message)
                self._speaking.give_up()
                await self._client.send(told(error))

    async def close(self) -> None:
        await self._hearing.close()

    async def _describe(self, event: Event) -> None:
        acts = self._services.assistant is not None
        await self._client.send(info(self._services.offer(), acts=acts))

    async def _ping(self, event: Event) -> None:
        await self._client.send(Event("pong", {"text": event.data.get("text")}))
