"""The demo home beside a running box: started, known to it, and gone again without a trace."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from laresd.app import Box
from laresd.backends.home.registry import Registry
from laresd.config import HomeNames, Mqtt
from laresd.demo.house import announcement, house
from laresd.errors import Temporary
from laresd.types import Home

READY_TIMEOUT = 15.0  # seconds until its devices are announced
KNOWN_TIMEOUT = 10.0  # seconds until the box has learned them
STOP_TIMEOUT = 1.0
LAMP = "light.kitchen_light"  # announced by every demo home


@asynccontextmanager
async def demo_home(box: Box) -> AsyncIterator[None]:
    """Start the demo home on the box's broker and wait until the box knows its devices.

    Raises Temporary when it does not come up.
    """
    mqtt = box.config.mqtt
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "laresd.demo.home"),
        *("--host", mqtt.host, "--port", str(mqtt.port), "--prefix", mqtt.discovery_prefix),
        "--withdraw",
        stdin=DEVNULL,
        stdout=PIPE,
        start_new_session=True,  # Ctrl-C is the box's to hear; this ends the home after it
    )
    try:
        assert process.stdout is not None
        try:
            async with asyncio.timeout(READY_TIMEOUT):
                await process.stdout.readline()
        except TimeoutError:
            raise Temporary(
                f"the demo home could not reach the broker at {mqtt.host}:{mqtt.port}"
            ) from None
        await _known(box)
        yield
    finally:
        await _end(process)


def announced_home() -> Home:
    """The demo home as its announcements tell it, with no broker and no states yet."""
    registry = Registry(HomeNames())
    for thing in house():
        topic, payload = announcement(thing, Mqtt().discovery_prefix)
        registry.announce(topic, payload.encode())
    return registry.home()


async def _known(box: Box) -> None:
    try:
        async with asyncio.timeout(KNOWN_TIMEOUT):
            home = box.devices.home()
            while LAMP not in home.entities or home.state(LAMP).state == "unknown":
                home = await box.devices.changed(home)
    except TimeoutError:
        raise Temporary("the demo home's devices did not appear on the broker") from None
    await box.devices.settled(deadline=box.clock.now() + KNOWN_TIMEOUT)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
