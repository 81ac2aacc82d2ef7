"""The wire between this box and a host, and what goes wrong on it: a TCP proxy on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

CHUNK = 4096


@dataclass
class Lan:
    """Forwards to a port of loopback. What it does to the host's answers, from the next byte on:

    `reset_after`: the connection is reset after so many bytes; `silent_after`: nothing more comes;
    `garbage_after`: from then on other bytes come. None: not at all. `latency_s` is added to the
    first answer of a connection. `cut`: no connection is made, and none lives. `black_hole`:
    connections are made, and nothing comes. `sent` keeps every byte that went to the host.
    """

    target: int
    reset_after: int | None = None
    silent_after: int | None = None
    garbage_after: int | None = None
    latency_s: float = 0.0
    cut: bool = False
    black_hole: bool = False
    port: int = 0
    sent: bytearray = field(default_factory=bytearray)
    broken: int = 0  # connections that were broken
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for writer in [*self._writers]:
            _reset(writer)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def heal(self) -> None:
        """All is well from the next connection on."""
        self.reset_after = self.silent_after = self.garbage_after = None
        self.latency_s, self.cut, self.black_hole = 0.0, False, False

    def break_now(self) -> None:
        """Reset every connection that there is."""
        for writer in [*self._writers]:
            _reset(writer)
            self.broken += 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.cut:
                _reset(writer)
                return
            self._writers.add(writer)
            if self.black_hole:
                await asyncio.Event().wait()
            await self._through(reader, writer)
        except (ConnectionError, OSError):
            _reset(writer)
        except asyncio.CancelledError:  # asyncio's own callback does not expect it
            return
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host_reader, host_writer = await asyncio.open_connection("127.0.0.1", self.target)
        up = asyncio.create_task(self._up(reader, host_writer))
        try:
            await self._down(host_reader, writer)
        finally:
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)
            host_writer.close()
            writer.close()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            self.sent += data
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passed = 0
        while data := await reader.read(CHUNK):
            if passed == 0 and self.latency_s:
                await asyncio.sleep(self.latency_s)
            passed += len(data)
            if self.reset_after is not None and passed > self.reset_after:
                self.broken += 1
                _reset(writer)
                return
            if self.silent_after is not None and passed > self.silent_after:
                self.broken += 1
                await asyncio.Event().wait()
            if self.garbage_after is not None and passed > self.garbage_after:
                self.broken += 1
                data = b"\x00\xff<html>" * (len(data) // 8 + 1)
            writer.write(data)
            await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as a host does that has died: with a reset, not with an end."""
    found = writer.get_extra_info("socket")
    if found is not None:
        with contextlib.suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
