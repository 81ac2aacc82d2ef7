"""A wire to a host of which every byte is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CHUNK = 1 << 16


class Tap:
    """Forwards to a port of loopback. `sent`: what went to the host, of each connection by itself.
    `down`: there is no host: connections end at once, those that there are by `cut`.
    """

    def __init__(self, target: int) -> None:
        self.sent: list[bytearray] = []
        self.down = False
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Its address, as a URL."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            self.cut()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.transport.abort()
            return
        to_host = None
        self._writers.add(writer)
        try:
            from_host, to_host = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(to_host)
            kept = bytearray()
            self.sent.append(kept)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_forward(reader, to_host, kept))
                tasks.create_task(_forward(from_host, writer, bytearray()))
        except OSError:
            writer.transport.abort()
        finally:
            for each in (writer, to_host):
                if each is not None:
                    self._writers.discard(each)
                    each.close()


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray
) -> None:
    try:
        while data := await reader.read(CHUNK):
            kept += data
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()
