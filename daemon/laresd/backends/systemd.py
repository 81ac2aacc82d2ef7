"""What systemd is told of the daemon, over the socket that it names: sd_notify(3); and the sockets
that it hands over: sd_listen_fds(3).

Only what the unit asks for happens: without NOTIFY_SOCKET nothing is sent, without WatchdogSec
nobody is kept waiting for a sign of life.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Self

log = logging.getLogger(__name__)

FIRST_FD = 3  # of those that are handed over
OFTEN = 4  # signs of life in the time after which systemd takes the daemon for dead


class ServiceManager:
    """The way to systemd; enter it to open the socket. Nothing here raises or waits: a daemon goes
    on without a service manager that listens.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ, pid: int | None = None) -> None:
        """`pid`: of this process; the watchdog may be meant for another one."""
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._watchdog_s = _watchdog_s(environment, os.getpid() if pid is None else pid)
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ready(self, status: str) -> None:
        """The daemon serves; also after `reloading`."""
        self._send(READY="1", STATUS=status)

    def reloading(self) -> None:
        self._send(RELOADING="1", MONOTONIC_USEC=str(time.monotonic_ns() // 1000))

    def stopping(self) -> None:
        self._send(STOPPING="1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(STATUS=text)

    async def watch(self, stuck: Callable[[], str]) -> None:
        """Give signs of life as long as `stuck` has nothing to say, until this is cancelled.

        It is asked in the event loop, so that a loop that hangs gives none either. What it says
        goes to the log once; systemd then ends the daemon and starts it again (WatchdogSec).
        """
        if self._watchdog_s is None or self._socket is None:
            return
        said = ""
        while True:
            why = stuck()
            if not why:
                self._send(WATCHDOG="1")
            elif why != said:
                log.error("no sign of life is given to systemd: %s", why)
            said = why
            await asyncio.sleep(self._watchdog_s / OFTEN)

    def _send(self, **facts: str) -> None:
        if self._socket is None:
            return
        lines = "\n".join(f"{name}={_line(value)}" for name, value in facts.items())
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            self._socket.sendto(lines.encode(), address)
        except OSError as error:
            log.warning("systemd was not told %s: %s", next(iter(facts)), error.strerror)


def inherited(
    name: str,
    environment: Mapping[str, str] = os.environ,
    pid: int | None = None,
    first: int = FIRST_FD,
) -> list[socket.socket]:
    """The listening sockets that systemd has opened for this process under a name
    (FileDescriptorName= of the socket's unit); it opens them before the daemon, and keeps those who
    call waiting while the daemon starts again. None: []. Call this once for a name.
    """
    meant = environment.get("LISTEN_PID", "")
    count = environment.get("LISTEN_FDS", "")
    if meant != str(os.getpid() if pid is None else pid) or not count.isdigit():
        return []
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    found = []
    for fd, called in zip(range(first, first + int(count)), names, strict=False):
        if called == name:
            one = socket.socket(fileno=fd)
            one.set_inheritable(False)
            one.setblocking(False)
            found.append(one)
    return found


def _line(text: str) -> str:
    return " ".join(text.split())


def _watchdog_s(environment: Mapping[str, str], pid: int) -> float | None:
    """Seconds; None: nobody watches this process (sd_watchdog_enabled(3))."""
    meant = environment.get("WATCHDOG_PID", "")
    microseconds = environment.get("WATCHDOG_USEC", "")
    if not microseconds.isdigit() or int(microseconds) == 0 or (meant and meant != str(pid)):
        return None
    return int(microseconds) / 1_000_000
