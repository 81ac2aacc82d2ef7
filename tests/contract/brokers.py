"""The brokers that the contract suites run on, each started and stopped on one port."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from laresd.backends.broker.client import MqttBus
from laresd.backends.broker.embedded import EmbeddedBroker, listens
from laresd.backends.broker.outbox import Outbox
from laresd.config import Mqtt

PATIENCE = 30.0  # seconds; a deadline that only a hang reaches


class Broker(Protocol):
    port: int

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Amqtt:
    """The embedded broker, as the daemon starts it."""

    def __init__(self) -> None:
        self.port = 0
        self._broker: EmbeddedBroker | None = None

    async def start(self) -> None:
        self._broker = EmbeddedBroker(port=self.port)
        await self._broker.__aenter__()
        self.port = self._broker.port

    async def stop(self) -> None:
        if self._broker is not None:
            await self._broker.__aexit__(None, None, None)
            self._broker = None


class Mosquitto:
    """Debian's broker on loopback; `settings` are further lines of mosquitto.conf."""

    def __init__(self, folder: Path, settings: str = "allow_anonymous true") -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nset_tcp_nodelay true\nuser root\n{settings}\n"
        )
        self._process: Process | None = None

    async def start(self) -> None:
        program = mosquitto()
        assert program is not None
        self._process = await asyncio.create_subprocess_exec(
            program, "-c", str(self._config), stdout=DEVNULL, stderr=DEVNULL
        )
        async with asyncio.timeout(PATIENCE):
            while not await listens("127.0.0.1", self.port):
                assert self._process.returncode is None, "mosquitto refused its configuration"

    async def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()
            self._process = None

    async def kill(self) -> None:
        """As a power cut ends it: nothing is said, nothing is saved."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()
        self._process = None

    def pause(self, *, paused: bool = True) -> None:
        """It holds its connections, and says nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if paused else signal.SIGCONT)


def mosquitto() -> str | None:
    return shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def needs_mosquitto() -> str:
    program = mosquitto()
    if program is None:
        pytest.skip("mosquitto is not installed (apt install mosquitto)")
    return program


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings(port: int, **more: object) -> Mqtt:
    return Mqtt(port=port, **more)  # type: ignore[arg-type]  # the test names real fields


def soon() -> float:
    return asyncio.get_running_loop().time() + PATIENCE


@asynccontextmanager
async def connected(
    broker: Broker, box: str = "test", outbox: Outbox | None = None
) -> AsyncIterator[MqttBus]:
    """A bus that runs and has its connection."""
    made = MqttBus(settings(broker.port), box=box, outbox=outbox, first_delay=0.05)
    async with running(made) as bus:
        await bus.wait_connected(deadline=soon())
        yield bus


@asynccontextmanager
async def running(bus: MqttBus) -> AsyncIterator[MqttBus]:
    """A bus that runs, connected or not."""
    async with bus, asyncio.TaskGroup() as group:
        task = group.create_task(bus.run())
        try:
            yield bus
        finally:
            task.cancel()
