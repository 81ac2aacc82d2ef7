"""Follows the corrections to the home's names: a TOML file that is read again, and a topic."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from pathlib import Path

from laresd.backends.home import names
from laresd.config import HomeNames
from laresd.errors import LaresError, Permanent
from laresd.ports import Bus, Subscription

log = logging.getLogger(__name__)

EVERY = 2.0  # seconds between two looks at the file

Stamp = tuple[int, int, int]


class Corrections:
    """`apply` is called with all corrections joined, whenever one of their sources changed.

    `topic`: retained JSON with the tables of `names`; what came of it goes out below it, on
    `<topic>/answer`. "": there is no topic. A faulty source keeps what it said before.
    """

    def __init__(
        self, bus: Bus, settings: HomeNames, topic: str, apply: Callable[[HomeNames], int]
    ) -> None:
        self._bus = bus
        self._settings = settings
        self._topic = topic
        self._apply = apply
        self._file = self._sent = HomeNames()
        self._stamp: Stamp | None = None

    def adopt(self, settings: HomeNames) -> None:
        """Take these in place of those of the configuration; a file and a topic still win."""
        self._settings = settings
        self._tell()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            if self._settings.names_file is not None:
                group.create_task(self._watch(self._settings.names_file), name="names-file")
            if self._topic:
                messages = self._bus.subscribe(self._topic)
                group.create_task(self._listen(messages), name="names-topic")

    async def _watch(self, path: Path) -> None:
        while True:
            await self.look(path)
            await asyncio.sleep(EVERY)

    async def look(self, path: Path) -> None:
        """Take in the file if it is not as it was at the last look."""
        stamp, source = await asyncio.to_thread(_changed, path, self._stamp)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._file = names.from_toml(source, str(path))
        except Permanent as error:
            log.warning("the names stay as they were: %s", error)
            return
        self._tell()

    async def _listen(self, messages: Subscription) -> None:
        try:
            async for message in messages:
                await self._answer(self._take(message.payload))
        finally:
            messages.close()

    def _take(self, payload: bytes) -> str:
        try:
            self._sent = names.from_json(payload, self._topic)
        except Permanent as error:
            log.warning("the names stay as they were: %s", error)
            return json.dumps(names.answer(error, 0))
        return json.dumps(names.answer(None, self._tell()))

    async def _answer(self, text: str) -> None:
        with contextlib.suppress(LaresError):  # who asked learns it from the names themselves
            await self._bus.publish(f"{self._topic}/answer", text)

    def _tell(self) -> int:
        return self._apply(names.joined(self._settings, self._file, self._sent))


def _changed(path: Path, known: Stamp | None) -> tuple[Stamp | None, str]:
    """The file's stamp, and its text where that is new; a file that is gone corrects nothing."""
    try:
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp == known:
            return known, ""
        with path.open("rb") as file:
            return stamp, file.read(names.MAX_BYTES + 1).decode("utf-8", "replace")
    except OSError:
        return None, ""
