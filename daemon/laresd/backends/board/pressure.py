"""How much of the time work waits for memory, processor or disk: the kernel's pressure stalls.

Sources: Linux' Documentation/accounting/psi.rst (the files, and triggers: "some <stall us>
<window us>" written to one of them makes it ready for POLLPRI at most once a window; without
CAP_SYS_RESOURCE windows are multiples of 2 s) and systemd's MEMORY_PRESSURE protocol
(systemd.io/MEMORY_PRESSURE), by which a unit's own control group is watched.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import os
import re
import select
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from laresd.backends.board.tree import text
from laresd.types import Pressure, Stall

log = logging.getLogger(__name__)

TRIGGER = b"some 200000 2000000\0"  # microseconds: 10 % of 2 s
_LINE = re.compile(r"(some|full) avg10=([0-9.]+) ")


class SystemPressure:
    """Port Pressures, of the whole machine."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc

    async def pressure(self) -> Pressure:
        return await asyncio.to_thread(self._read)

    def _read(self) -> Pressure:
        folder = self._proc / "pressure"
        memory, cpu, io = (stall_of(text(folder / name)) for name in ("memory", "cpu", "io"))
        return Pressure(memory, cpu, io, available_of(text(self._proc / "meminfo")))


def stall_of(told: str) -> Stall | None:
    """None where the kernel has no such figures (psi=1 on its command line switches them on)."""
    found = {kind: float(value) for kind, value in _LINE.findall(told)}
    return Stall(found["some"], found.get("full", 0.0)) if "some" in found else None


def available_of(meminfo: str) -> float | None:
    """The share of the memory that can be had without swapping."""
    fields = dict(line.split(":", 1) for line in meminfo.splitlines() if ":" in line)
    try:
        total, free = (int(fields[key].split()[0]) for key in ("MemTotal", "MemAvailable"))
    except (KeyError, ValueError, IndexError):
        return None
    return min(free / total, 1.0) if total > 0 else None


class Trigger:
    """Calls `alarm` in the event loop when the kernel finds memory short: that of the unit's
    control group where systemd names it, else that of the machine. Enter it in the loop. Where it
    may not be asked for, nothing is called, and the figures must be looked at.
    """

    def __init__(
        self,
        alarm: Callable[[], None],
        *,
        environment: Mapping[str, str] = os.environ,
        file: Path = Path("/proc/pressure/memory"),
    ) -> None:
        watched = environment.get("MEMORY_PRESSURE_WATCH", "")
        self._alarm, self._file = alarm, Path(watched) if watched else file
        self._wanted = _written(environment) if watched else TRIGGER
        self._file_open: int | None = None
        self._waiting: select.epoll | None = None

    @property
    def armed(self) -> bool:
        """Whether it will call."""
        return self._waiting is not None

    def __enter__(self) -> Self:
        try:
            self._arm()
        except OSError as error:
            log.debug("no alarm for memory from %s: %s", self._file, error.strerror)
            self._disarm()
        return self

    def __exit__(self, *_: object) -> None:
        self._disarm()

    def _arm(self) -> None:
        """An epoll within the loop's own: that one does not wait for POLLPRI."""
        self._file_open = os.open(self._file, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        if self._wanted:
            os.write(self._file_open, self._wanted)
        waiting = select.epoll()
        try:
            waiting.register(self._file_open, select.EPOLLPRI | select.EPOLLET)
        except OSError:
            waiting.close()
            raise
        self._waiting = waiting
        asyncio.get_running_loop().add_reader(waiting.fileno(), self._called)

    def _called(self) -> None:
        if self._waiting is not None and self._waiting.poll(0):
            self._alarm()

    def _disarm(self) -> None:
        if self._waiting is not None:
            asyncio.get_running_loop().remove_reader(self._waiting.fileno())
            self._waiting.close()
            self._waiting = None
        if self._file_open is not None:
            os.close(self._file_open)
            self._file_open = None


def _written(environment: Mapping[str, str]) -> bytes:
    try:
        return base64.b64decode(environment.get("MEMORY_PRESSURE_WRITE", ""), validate=True)
    except binascii.Error:
        return b""
