"""The state folder: one laresd's alone; what is old in it moves to its cold place once a day, and
what is too much goes, the oldest first.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from laresd.backends.backup.restoring import finish
from laresd.backends.cold import Shelf, Swept
from laresd.backends.knowledge.cold import originals_of
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.near_misses import Clip, Label, clips_of
from laresd.config import Config
from laresd.errors import LaresError
from laresd.frontends.control import ControlServer, Handler
from laresd.ports import Clock

log = logging.getLogger(__name__)

FIRST_S, DAY_S = 600.0, 86_400.0  # from the start to the first sweep, and between two
MIB = 1 << 20


@asynccontextmanager
async def only_laresd(
    config: Config, handlers: Mapping[str, Handler]
) -> AsyncIterator[ControlServer]:
    """The control socket, and with it the state folder for this process alone. A restore that was
    cut off is brought to its end before anybody opens what is in there.
    """
    async with ControlServer(config.control_socket, handlers) as control:
        if await asyncio.to_thread(finish, config.box.state_dir):
            log.warning("a restore that was cut off is complete now")
        yield control


async def sweep(config: Config, clock: Clock, library: LibraryStore | None) -> None:
    """Until cancelled; a disk that fails is told, and tried again the next day. `library`: whose
    documents the originals are.
    """
    told = ""
    pause = FIRST_S
    while True:
        await clock.wait(asyncio.Event(), clock.now() + pause)
        pause = DAY_S
        try:
            await swept(config, clock.wall(), library)
            told = ""
        except LaresError as error:
            if str(error) != told:
                log.warning("old files were not moved: %s", error)
            told = str(error)
        except OSError as error:
            log.warning("old files were not moved: %s", error.strerror)


async def swept(config: Config, now: float, library: LibraryStore | None) -> None:
    """One sweep. `now`: wall seconds. Raises LaresError or OSError; what was done stays done."""
    storage, clips, originals = config.storage, clips_of(config), originals_of(config)
    if library is not None and (gone := await originals.forget(library, now - DAY_S)):
        log.info("%d originals of documents that are not known any more were removed", gone)
    limits: list[tuple[str, Shelf, int]] = [
        ("clips of wake words", clips.shelf, storage.audio_mb * MIB),
        ("originals", originals.shelf, storage.originals_mb * MIB),
    ]
    stopped = threading.Event()

    def work(shelf: Shelf, most: int) -> Swept:
        return shelf.sweep(
            now,
            cold_after_s=storage.cold_after_days * DAY_S,
            most_bytes=most,
            spare=_is_labelled,
            go_on=lambda: not stopped.is_set(),
        )

    try:
        for what, shelf, most in limits:
            done = await asyncio.to_thread(work, shelf, most)
            if done.moved or done.removed:
                log.info("%s: %d moved to the cold place, %d removed, %d left (%d MiB)",
                         what, done.moved, done.removed, done.files, done.size // MIB)  # fmt: skip
    finally:
        stopped.set()


def _is_labelled(name: str) -> bool:
    clip = Clip.of(name)
    return clip is not None and clip.label is not Label.NONE
