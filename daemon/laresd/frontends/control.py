"""The control socket: how `lares` talks to a running laresd.

A unix socket for its owner alone. A request is one line, `{"op": "ask", "text": "..."}`; where it
says `"bytes": n`, that many bytes follow the newline. The answer is lines: `{"part": {...}}` for
each thing there is to tell, then `{"end": true}` or `{"error": {"kind", "message", "remedy"}}`.
A connection may carry one request after another.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import json
import logging
import os
import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from laresd.errors import LaresError, Permanent, Refused
from laresd.types import Json

log = logging.getLogger(__name__)

MAX_LINE = 64 << 10  # bytes of a request's line
MAX_BYTES = 64 << 20  # bytes after it: 30 minutes of audio
MAX_CLIENTS = 16
IDLE_TIMEOUT = 60.0  # seconds a client may keep a connection without finishing a request
SMALL = 1 << 20  # bytes; larger payloads are held one at a time, for the memory's sake

Handler = Callable[[Mapping[str, Json], bytes], AsyncGenerator[Mapping[str, Json], None]]
"""Answers one request: gets its fields and bytes, yields the parts, raises a LaresError."""


class ControlServer:
    """Enter it to take the socket, then `run()` to answer; leaving removes the socket.

    Raises Permanent when another laresd has it, or when it cannot be made.
    """

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        self._path = path
        self._handlers = handlers
        self._lock_file = path.with_name(path.name + ".lock")
        self._lock = -1
        self._listening: socket.socket | None = None
        self._clients = 0
        self._large = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._take)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self._release)

    async def run(self) -> None:
        """Serve until cancelled; clients that are being answered are cut off then."""
        if self._listening is None:
            raise Permanent("the control socket was not entered")
        async with asyncio.TaskGroup() as group:

            def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                group.create_task(self._serve(reader, writer), name="control client")

            server = await asyncio.start_unix_server(
                connected, sock=self._listening, limit=MAX_LINE
            )
            try:
                await asyncio.Event().wait()
            finally:
                server.close()  # not wait_closed: it would wait for clients that are cut off next

    def _take(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
            self._only_one()
            self._path.unlink(missing_ok=True)
            self._listening = self._bound()
        except BaseException as error:
            self._close_lock()
            if isinstance(error, OSError):
                raise _unusable(self._path, error) from error
            raise

    def _only_one(self) -> None:
        """The lock is the kernel's: it ends with its process, however that ended."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(self._lock, 20).decode(errors="replace").strip() or "unknown"
            raise Permanent(
                f"another laresd is running (pid {pid}) and has {self._path}",
                remedy="stop it first, or give this one a box.state_dir of its own",
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def _bound(self) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)  # the socket is made with mode 0600, never wider for a moment
        try:
            listening.bind(str(self._path))
        except BaseException:
            listening.close()
            raise
        finally:
            os.umask(before)
        return listening

    def _release(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
        self._close_lock()

    def _close_lock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients += 1
        try:
            if self._clients > MAX_CLIENTS:
                raise Refused(f"{MAX_CLIENTS} clients are connected", remedy="try again later")
            while await self._one(reader, writer):
                pass
        except LaresError as error:
            with contextlib.suppress(ConnectionError):
                await _send(writer, {"error": _told(error)})
        except ConnectionError:
            log.debug("a control client went away")
        finally:
            self._clients -= 1
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer the next request; False when the client has no more. Raises what ends it all."""
        fields = await _read_fields(reader)
        if fields is None:
            return False
        length = _length(fields)
        async with AsyncExitStack() as held:
            if length > SMALL:
                await held.enter_async_context(self._large)
            payload = await _read_bytes(reader, length)
            try:
                await self._answer(fields, payload, writer)
            except LaresError as error:
                await _send(writer, {"error": _told(error)})
        return True

    async def _answer(
        self, fields: Mapping[str, Json], payload: bytes, writer: asyncio.StreamWriter
    ) -> None:
        name = fields.get("op")
        handler = self._handlers.get(name) if isinstance(name, str) else None
        if handler is None:
            known = ", ".join(sorted(self._handlers))
            raise Permanent(f"there is no op {name!r}", remedy=f"known: {known}")
        async with contextlib.aclosing(handler(fields, payload)) as parts:
            async for part in parts:
                await _send(writer, {"part": dict(part)})
        await _send(writer, {"end": True})


async def _read_fields(reader: asyncio.StreamReader) -> dict[str, Json] | None:
    """The next request's fields; None at the end. Raises Permanent when it is none."""
    try:
        async with asyncio.timeout(IDLE_TIMEOUT):
            line = await reader.readline()
    except TimeoutError:
        return None
    except ValueError as error:
        raise Refused(f"a request's line has at most {MAX_LINE} bytes") from error
    if not line.strip():
        return None
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Permanent(f"not a line of JSON: {line[:80]!r}") from error
    if not isinstance(fields, dict):
        raise Permanent(f"a request is a JSON object, not {line[:80]!r}")
    return fields


def _length(fields: Mapping[str, Json]) -> int:
    length = fields.get("bytes", 0)
    if not isinstance(length, int) or isinstance(length, bool) or not 0 <= length <= MAX_BYTES:
        raise Refused(f"`bytes` is {length!r}, but must be a number from 0 to {MAX_BYTES}")
    return length


async def _read_bytes(reader: asyncio.StreamReader, length: int) -> bytes:
    try:
        async with asyncio.timeout(IDLE_TIMEOUT):
            return await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise Permanent(f"{len(error.partial)} bytes came, {length} were announced") from error
    except TimeoutError as error:
        raise Permanent(f"the {length} bytes did not come within {IDLE_TIMEOUT:.0f} s") from error


async def _send(writer: asyncio.StreamWriter, answer: Mapping[str, Json]) -> None:
    writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
    await writer.drain()


def _told(error: LaresError) -> dict[str, Json]:
    return {"kind": error.kind, "message": error.message, "remedy": error.remedy}


def _unusable(path: Path, error: OSError) -> Permanent:
    if error.errno in (errno.ENAMETOOLONG, errno.EINVAL) or "too long" in str(error):
        remedy = "a socket's path has at most 107 bytes: choose a shorter box.state_dir"
    else:
        remedy = "check that the directory exists and this user may write there"
    return Permanent(f"cannot make the control socket {path}: {error}", remedy=remedy)
