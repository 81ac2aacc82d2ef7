"""An operating system process that speaks frames on its stdin and stdout."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from laresd.errors import Permanent, Temporary
from laresd.frames import MAX_HEADER, Frame, decode_header, encode
from laresd.types import Json

STOP_GRACE = 0.3  # seconds between closing a worker's stdin and killing it
KEPT_LINES = 8  # of a worker's stderr, for the error that tells of its death

# Threads of a computation that wait for each other sleep instead of spinning: on cores that are
# shared with anything else, spinning made llama.cpp five times slower than one thread alone.
CALM = {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Spec:
    """How a worker is started, and how much patience it gets. Times are seconds.

    `name` is what a person calls it. `options` is the body of its `load` frame. `stall_s`: silence
    during a request after which it is taken for hung. `grace_s`: what it gets to finish a request
    that nobody waits for any more. `at_once`: requests that it serves side by side. `on_demand`: it
    is not started before the first of them.
    """

    name: str
    command: tuple[str, ...]
    options: Mapping[str, Json] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    load_timeout_s: float = 60.0
    stall_s: float = 20.0
    grace_s: float = 20.0
    max_queue: int = 8
    at_once: int = 1
    on_demand: bool = False


def engine_command(engine: str) -> tuple[str, ...]:
    """The command that runs `laresd.engines.<engine>` in this Python."""
    return (sys.executable, "-m", f"laresd.engines.{engine}")


class Process:
    """One running worker process; leaving the context ends it, with everything it started."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._spec.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=MAX_HEADER,
                process_group=0,
                env={**os.environ, **CALM, **self._spec.environment},
            )
        except OSError as error:
            raise Temporary(f"{self._spec.name} could not be started: {error}") from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _stdin(self._running).close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_GRACE):
                await self._running.wait()
        self.kill()
        await self._running.wait()

    @property
    def pid(self) -> int:
        return self._running.pid

    async def send(self, frame: Frame) -> None:
        """Raises nothing when the process is gone: `receive` tells."""
        self.post(frame)
        with contextlib.suppress(ConnectionError):
            await _stdin(self._running).drain()

    def post(self, frame: Frame) -> None:
        """Send a small frame without waiting for room in the pipe."""
        stdin = _stdin(self._running)
        if not stdin.is_closing():
            stdin.write(encode(frame))

    async def receive(self) -> Frame | None:
        """The next frame, None when the process has closed its end.

        Raises Permanent when what came is not a frame.
        """
        stdout = _reader(self._running.stdout)
        try:
            line = await stdout.readline()
            if not line.endswith(b"\n"):
                return None
            frame, length = decode_header(line)
            if not length:
                return frame
            return Frame(frame.op, frame.id, frame.body, await stdout.readexactly(length))
        except asyncio.IncompleteReadError:
            return None
        except ValueError as error:  # what readline raises for a line beyond the limit
            raise Permanent("a frame header is too long") from error

    async def log_stderr(self) -> None:
        """Pass what the process says on stderr to the log, until it closes it."""
        stderr = _reader(self._running.stderr)
        rest = b""
        while chunk := await stderr.read(4096):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in (*lines, rest[:4096]) if len(rest) >= 4096 else lines:
                self._keep(line)
            rest = rest if len(rest) < 4096 else b""
        if rest:
            self._keep(rest)

    def last_words(self) -> str:
        """The last line of its stderr, "" when there was none."""
        return self._lines[-1] if self._lines else ""

    def kill(self) -> None:
        """SIGKILL to the process and what it started; harmless when it is gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def ended(self) -> str:
        """How it ended, in words, once it has."""
        code = await self._running.wait()
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit status {code}"

    def _keep(self, line: bytes) -> None:
        text = line.decode(errors="replace").strip()
        if text:
            log.debug("%s: %s", self._spec.name, text)
            self._lines.append(text[:300])

    @property
    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "used outside its context"
        return self._process


def _stdin(process: asyncio.subprocess.Process) -> asyncio.StreamWriter:
    assert process.stdin is not None
    return process.stdin


def _reader(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    assert stream is not None
    return stream
