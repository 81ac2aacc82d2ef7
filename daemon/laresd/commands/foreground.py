"""`laresd`: the daemon in the foreground, from its start to a signal."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable, Coroutine

from laresd.app import Box, running, sound_of
from laresd.app.reload import Reloading
from laresd.backends.journal import JournalHandler, is_journal
from laresd.backends.systemd import ServiceManager
from laresd.backends.workers.supervisor import Worker
from laresd.config import Config
from laresd.errors import DeadlineExceeded, LaresError

LOADING_S = 240.0  # for the engines, before it is ready without one; below TimeoutStartSec
DYING_S = 2.0  # an engine that waits longer than this for its next start is not waited for

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
    """Lines on standard error; under systemd entries of the journal, which adds the time."""
    lines = logging.StreamHandler(sys.stderr)
    form = "%(levelname)s %(name)s: %(message)s"
    if not is_journal(sys.stderr):
        lines.setFormatter(logging.Formatter("%(asctime)s " + form))
        logging.basicConfig(level=level.upper(), handlers=[lines])
        return
    lines.setFormatter(logging.Formatter(form))
    journal = JournalHandler(lines)
    journal.setFormatter(logging.Formatter(form))
    logging.basicConfig(level=level.upper(), handlers=[journal])


def main(config: Config, read: Callable[[], Config]) -> int:
    """laresd: run until a signal. 0 after a clean stop, 1 when it could not start.

    `read`: the configuration as it is on disk then, for SIGHUP.
    """
    start_log(config.log.level)
    try:
        asyncio.run(until_signal(_serve(config, read)))
    except LaresError as error:
        log.error("laresd cannot start: %s", error)
        return 1
    return 0


async def _serve(config: Config, read: Callable[[], Config]) -> None:
    hang_up = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hang_up.set)
    with ServiceManager() as manager:
        manager.status("starting")
        async with running(config, sound_of(config)) as box:
            try:
                async with asyncio.TaskGroup() as tasks:
                    watching = manager.watch(lambda: _stuck(box))
                    tasks.create_task(watching, name="signs of life")
                    manager.status("loading models")
                    missing = await _loaded(box)
                    gc.collect()
                    gc.freeze()  # what lives as long as the daemon is not looked through again
                    manager.ready(_standing(box, missing))
                    reloading = Reloading(box, config, read)
                    while True:
                        await hang_up.wait()
                        hang_up.clear()
                        manager.reloading()
                        manager.ready(await _reloaded(reloading, box))
            finally:
                manager.stopping()


async def _loaded(box: Box) -> list[str]:
    """Once every engine is ready that the first command needs: what is missing, which is then
    logged. One that cannot be had costs its part, not the house.
    """
    until = box.clock.now() + LOADING_S
    async with asyncio.TaskGroup() as tasks:
        waits = [
            tasks.create_task(_ready(worker, box.clock.now, until), name=f"wait for {name}")
            for name, worker in box.workers.items()
            if worker.wanted
        ]
    missing = [wait.result() for wait in waits if wait.result()]
    for why in missing:
        log.error("ready without an engine: %s", why)
    return missing


async def _ready(worker: Worker, now: Callable[[], float], until: float) -> str:
    """Why it is not ready; "" once it is."""
    while True:
        try:
            await worker.wait_ready(deadline=min(now() + DYING_S, until))
        except DeadlineExceeded as error:
            if now() >= until:
                return str(error)
        except LaresError as error:
            return str(error)
        else:
            return ""


async def _reloaded(reloading: Reloading, box: Box) -> str:
    """The status after a SIGHUP; a configuration that is wrong changes nothing but that."""
    try:
        found = await reloading.reload()
    except LaresError as error:
        log.error("the configuration was not taken in, and the old one goes on: %s", error)
        return f"running by the old configuration: {error.message}"
    if found.waiting:
        return f"a restart is due for {', '.join(found.waiting)}"
    return _standing(box, [])


def _standing(box: Box, missing: list[str]) -> str:
    without = f", not all engines: {'; '.join(missing)}" if missing else ""
    return f"ready: {len(box.devices.home().entities)} devices{without}"


def _stuck(box: Box) -> str:
    """Why the daemon should be taken for dead; "" while all of it gets on."""
    now = box.clock.now()
    return next(filter(None, (worker.stuck(now) for worker in box.workers.values())), "")
