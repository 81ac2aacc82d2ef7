"""The control socket: who may use it, what goes over it, and what a bad client costs."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import socket
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path

import pytest

from laresd.errors import Permanent, Refused
from laresd.frontends.control import MAX_BYTES, MAX_CLIENTS, MAX_LINE, ControlServer
from laresd.types import Json

Parts = AsyncGenerator[Mapping[str, Json], None]


class Handlers:
    """What a daemon would do."""

    def __init__(self) -> None:
        self.cut_off = asyncio.Event()

    async def echo(self, fields: Mapping[str, Json], payload: bytes) -> Parts:
        yield {"text": fields.get("text"), "length": len(payload)}

    async def count(self, fields: Mapping[str, Json], payload: bytes) -> Parts:
        for number in range(3):
            yield {"number": number}

    async def refuse(self, fields: Mapping[str, Json], payload: bytes) -> Parts:
        yield {"first": True}
        raise Refused("not now", remedy="ask later")

    async def endless(self, fields: Mapping[str, Json], payload: bytes) -> Parts:
        try:
            while True:
                yield {"noise": "x" * 1000}
                await asyncio.sleep(0)
        finally:
            self.cut_off.set()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def line(self) -> dict[str, Json]:
        async with asyncio.timeout(30):
            return dict(json.loads(await self.reader.readline()))

    async def ask(self, raw: bytes) -> list[dict[str, Json]]:
        await self.send(raw)
        lines = [await self.line()]
        while "part" in lines[-1]:
            lines.append(await self.line())
        return lines

    async def closed(self) -> bool:
        async with asyncio.timeout(30):
            return await self.reader.read() == b""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "control.sock"


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


@contextlib.asynccontextmanager
async def serving(path: Path, handlers: Handlers) -> AsyncIterator[None]:
    ops = {
        "echo": handlers.echo,
        "count": handlers.count,
        "refuse": handlers.refuse,
        "endless": handlers.endless,
    }
    async with ControlServer(path, ops) as server, asyncio.TaskGroup() as group:
        running = group.create_task(server.run())
        await asyncio.sleep(0)
        yield
        running.cancel()


@contextlib.asynccontextmanager
async def client(path: Path) -> AsyncIterator[Client]:
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                reader, writer = await asyncio.open_unix_connection(str(path))
                break
            await asyncio.sleep(0)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_request_is_a_line_and_its_answer_ends_with_end(
    path: Path, handlers: Handlers
) -> None:
    async with serving(path, handlers), client(path) as lares:
        assert await lares.ask(b'{"op": "echo", "text": "l\xc3\xa4mp"}\n') == [
            {"part": {"text": "lämp", "length": 0}},
            {"end": True},
        ]


async def test_parts_come_one_by_one_and_a_connection_takes_many_requests(
    path: Path, handlers: Handlers
) -> None:
    async with serving(path, handlers), client(path) as lares:
        for _ in range(2):
            lines = await lares.ask(b'{"op": "count"}\n')
            assert lines == [*({"part": {"number": n}} for n in range(3)), {"end": True}]


async def test_bytes_follow_the_line(path: Path, handlers: Handlers) -> None:
    sound = bytes(3 << 20)
    async with serving(path, handlers), client(path) as lares:
        raw = b'{"op": "echo", "bytes": %d}\n' % len(sound) + sound
        assert (await lares.ask(raw))[0] == {"part": {"text": None, "length": len(sound)}}


async def test_a_refusal_is_told_with_its_remedy_and_the_connection_goes_on(
    path: Path, handlers: Handlers
) -> None:
    async with serving(path, handlers), client(path) as lares:
        lines = await lares.ask(b'{"op": "refuse"}\n')
        error = {"kind": "refused", "message": "not now", "remedy": "ask later"}
        assert lines == [{"part": {"first": True}}, {"error": error}]
        assert (await lares.ask(b'{"op": "echo"}\n'))[-1] == {"end": True}


async def test_an_unknown_op_names_the_known_ones(path: Path, handlers: Handlers) -> None:
    async with serving(path, handlers), client(path) as lares:
        for raw in (b'{"op": "ech"}\n', b'{"op": 7}\n', b"{}\n"):
            (line,) = await lares.ask(raw)
            error = line["error"]
            assert isinstance(error, dict)
            assert error["remedy"] == "known: count, echo, endless, refuse"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"turn on the light\n", "not a line of JSON"),
        (b"\xff\xfe\x00\n", "not a line of JSON"),
        (b"[" * 60_000 + b"\n", "not a line of JSON"),
        (b'["op"]\n', "a request is a JSON object"),
        (b'{"op": "echo", "bytes": -1}\n', "`bytes` is -1"),
        (b'{"op": "echo", "bytes": "many"}\n', "`bytes` is 'many'"),
        (b'{"op": "echo", "bytes": true}\n', "`bytes` is True"),
        (b'{"op": "echo", "bytes": %d}\n' % (MAX_BYTES + 1), "`bytes` is"),
        (b"x" * (MAX_LINE + 10) + b"\n", "at most"),
    ],
)
async def test_garbage_is_answered_and_cut_off(
    raw: bytes, said: str, path: Path, handlers: Handlers
) -> None:
    async with serving(path, handlers), client(path) as lares:
        (line,) = await lares.ask(raw)
        error = line["error"]
        assert isinstance(error, dict)
        assert said in str(error["message"])
        with contextlib.suppress(ConnectionError):
            assert await lares.closed()
        async with client(path) as other:
            assert (await other.ask(b'{"op": "echo"}\n'))[-1] == {"end": True}


async def test_announced_bytes_that_do_not_come_are_an_error(
    path: Path, handlers: Handlers
) -> None:
    async with serving(path, handlers), client(path) as lares:
        await lares.send(b'{"op": "echo", "bytes": 100}\nonly this')
        lares.writer.write_eof()
        error = (await lares.line())["error"]
        assert isinstance(error, dict)
        assert error["message"] == "9 bytes came, 100 were announced"


async def test_a_client_that_vanishes_ends_its_request_only(path: Path, handlers: Handlers) -> None:
    async with serving(path, handlers):
        async with client(path) as gone:
            await gone.send(b'{"op": "endless"}\n')
            await gone.line()
            gone.writer.transport.abort()
        async with asyncio.timeout(30):
            await handlers.cut_off.wait()
        async with client(path) as lares:
            assert (await lares.ask(b'{"op": "echo"}\n'))[-1] == {"end": True}


async def test_too_many_clients_are_told(path: Path, handlers: Handlers) -> None:
    async with serving(path, handlers), contextlib.AsyncExitStack() as stack:
        for _ in range(MAX_CLIENTS):
            one = await stack.enter_async_context(client(path))
            await one.ask(b'{"op": "echo"}\n')
        async with client(path) as late:
            error = (await late.line())["error"]
            assert isinstance(error, dict)
            assert error["kind"] == "refused"


async def test_the_socket_is_for_its_owner_alone_and_goes_with_the_daemon(
    path: Path, handlers: Handlers
) -> None:
    async with serving(path, handlers):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


async def test_the_socket_of_a_dead_daemon_is_replaced(path: Path, handlers: Handlers) -> None:
    path.parent.mkdir()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    (path.parent / "control.sock.lock").write_text("4711\n")
    async with serving(path, handlers), client(path) as lares:
        assert (await lares.ask(b'{"op": "echo"}\n'))[-1] == {"end": True}


async def test_a_living_daemon_keeps_its_socket(path: Path, handlers: Handlers) -> None:
    path.parent.mkdir()
    with (path.parent / "control.sock.lock").open("w") as other:
        other.write("4711\n")
        other.flush()
        fcntl.flock(other, fcntl.LOCK_EX)
        path.write_text("the other's")
        with pytest.raises(Permanent, match=r"another laresd is running \(pid 4711\)"):
            async with serving(path, handlers):
                pass
        assert path.exists()


async def test_a_path_that_is_too_long_says_what_to_do(tmp_path: Path, handlers: Handlers) -> None:
    path = tmp_path / ("d" * 120) / "control.sock"
    with pytest.raises(Permanent, match="cannot make the control socket") as caught:
        async with serving(path, handlers):
            pass
    assert "107 bytes" in caught.value.remedy
