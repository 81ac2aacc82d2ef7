"""The broker of a first run, in a process of its own, so that its work never delays the daemon."""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from types import TracebackType
from typing import Self

from laresd.config import Mqtt
from laresd.errors import ConfigError, Temporary

log = logging.getLogger(__name__)

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
START_TIMEOUT = 30.0
STOP_TIMEOUT = 1.0
RESTART_DELAY = 0.5


async def wanted(settings: Mqtt) -> bool:
    """Whether the embedded broker is to be started: always, never, or none listens on loopback."""
    if settings.embedded != "auto":
        return settings.embedded == "always"
    return settings.host in LOOPBACK and not await listens(settings.host, settings.port)


async def listens(host: str, port: int) -> bool:
    """Whether something takes TCP connections at host:port (within a second)."""
    try:
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:  # TimeoutError is one
        return False
    writer.close()
    return True


class EmbeddedBroker:
    """Listens from `async with` on; `run` starts it again should it die. MQTT 3.1.1, QoS 0 to 2.

    Retained messages are in memory: after a restart devices announce themselves again.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._host = host
        self._port = port
        self._process: Process | None = None

    @property
    def port(self) -> int:
        """The port in use; the one that was free when 0 was asked for."""
        return self._port

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def run(self) -> None:
        """Watch it until cancelled, and start it again on the same port when it dies."""
        while True:
            if self._process is not None:
                code = await self._process.wait()
                log.warning("the embedded broker ended with status %s; starting it again", code)
            await asyncio.sleep(RESTART_DELAY)
            try:
                await self._start()
            except (ConfigError, Temporary) as error:
                self._process = None
                log.warning("%s; trying again", error)

    async def _start(self) -> None:
        """Raises ConfigError when the port is taken, Temporary when it doesn't come up."""
        module = "laresd.backends.broker.embedded_process"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, "--host", self._host, "--port", str(self._port)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            start_new_session=True,  # Ctrl-C in a terminal is for the daemon, which stops us
        )
        self._process = process
        assert process.stdout is not None
        try:
            async with asyncio.timeout(START_TIMEOUT):
                line = await process.stdout.readline()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise Temporary("the embedded broker did not start in 30 s") from None
        if not line.strip().isdigit():
            code = await process.wait()
            if self._port and await listens(self._host, self._port):
                raise ConfigError(
                    f"the embedded broker cannot listen on {self._host}:{self._port}: it is taken",
                    remedy='set mqtt.embedded = "auto" to use what listens there, or another port',
                )
            raise Temporary(f"the embedded broker did not start (status {code})")
        self._port = int(line)
