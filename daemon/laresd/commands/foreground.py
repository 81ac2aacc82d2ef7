"""`laresd`: the daemon in the foreground, from its start to a signal."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Coroutine

from laresd.app import Box, running, sound_of
from laresd.backends.systemd import ServiceManager
from laresd.config import Config
from laresd.errors import LaresError

log = logging.getLogger(__name__)


async def until_signal(work: Coroutine[None, None, None]) -> None:
    """Run to the end of the work, or until Ctrl-C or SIGTERM cancels it; more signals wait."""
    me = asyncio.current_task()
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop() -> None:
        if me is not None and not stopped.is_set():
            stopped.set()
            me.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        await work
    except asyncio.CancelledError:
        if not stopped.is_set():
            raise


def start_log(level: str) -> None:
    """Lines on standard error: under systemd the journal adds the time."""
    form = "%(levelname)s %(name)s: %(message)s"
    if not os.environ.get("JOURNAL_STREAM"):
        form = "%(asctime)s " + form
    logging.basicConfig(level=level.upper(), format=form, stream=sys.stderr)


def main(config: Config) -> int:
    """laresd: run until a signal. 0 after a clean stop, 1 when it could not start."""
    start_log(config.log.level)
    try:
        asyncio.run(until_signal(_serve(config)))
    except LaresError as error:
        log.error("laresd cannot start: %s", error)
        return 1
    return 0


async def _serve(config: Config) -> None:
    with ServiceManager() as manager:
        async with running(config, sound_of(config)) as box:
            gc.collect()
            gc.freeze()  # what lives as long as the daemon is not looked through again and again
            manager.ready(f"ready: {len(box.devices.home().entities)} devices")
            try:
                async with asyncio.TaskGroup() as tasks:
                    watching = manager.watch(lambda: _stuck(box))
                    tasks.create_task(watching, name="signs of life")
                    await asyncio.Event().wait()
            finally:
                manager.stopping()


def _stuck(box: Box) -> str:
    """Why the daemon should be taken for dead; "" while all of it gets on."""
    now = box.clock.now()
    return next(filter(None, (worker.stuck(now) for worker in box.workers.values())), "")
