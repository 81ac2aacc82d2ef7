"""The wire that keeps what goes over it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.bench.sched.tap import Tap


@asynccontextmanager
async def echoing() -> AsyncIterator[Tap]:
    """A tap before a server that sends back what comes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1000):
                writer.write(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Tap(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def said(url: str, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(data)
    writer.write_eof()
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_each_connection_is_kept_whole_by_itself() -> None:
    async with echoing() as tap, tap.listening() as url:
        sent = [letter * 200_000 for letter in (b"a", b"b", b"c")]
        assert await asyncio.gather(*(said(url, data) for data in sent)) == sent
    assert sorted(map(bytes, tap.sent)) == sent


async def test_a_wire_that_is_down_carries_nothing_and_comes_back() -> None:
    async with echoing() as tap, tap.listening() as url:
        tap.down = True
        with contextlib.suppress(ConnectionError):
            assert await said(url, b"lost") == b""
        tap.down = False
        assert await said(url, b"there") == b"there"
    assert b"".join(tap.sent) == b"there"


async def test_a_cut_ends_what_is_under_way() -> None:
    async with echoing() as tap, tap.listening() as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        tap.cut()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
