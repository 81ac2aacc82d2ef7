"""A Lares satellite in a room into which the test speaks, and one as other programs are."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from wyoming.client import AsyncTcpClient

from laresd.backends.clock import SystemClock
from laresd.config import Box, Config
from laresd.frontends.wyoming import Doors, Limits, Offered, SatelliteRole
from laresd.ports import Clock, one
from laresd.turns import Sign
from laresd.types import Json
from tests.fakes.audio import FRAME_BYTES, FakeSink
from tests.fakes.listener import FakeListener
from tests.fakes.wyoming_host import listening, send

PATIENCE = 20.0


class Room:
    """An AudioSource into which the test says something."""

    def __init__(self) -> None:
        self._said: asyncio.Queue[bytes] = asyncio.Queue()

    def say(self, pcm: bytes) -> None:
        for start in range(0, len(pcm), FRAME_BYTES):
            self._said.put_nowait(pcm[start : start + FRAME_BYTES])

    async def frames(self, at_once: Callable[[], int] = one) -> AsyncGenerator[bytes, None]:
        while True:
            yield await self._said.get()


class SlowSink(FakeSink):
    """Sounds follow each other, and each waits until the test lets it go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.begun = asyncio.Event()

    async def play(self, pcm: bytes) -> None:
        self.begun.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cut_off += 1
            raise
        await super().play(pcm)


@dataclass
class Shown:
    signs: list[Sign] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, sign: Sign, site: str) -> None:
        assert site == ""
        self.signs.append(sign)
        self.news.set()

    async def until(self, sign: Sign) -> None:
        """It was shown since the beginning."""
        while sign not in self.signs:
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), PATIENCE)


@dataclass
class Satellite:
    room: Room
    sink: FakeSink
    shown: Shown
    role: SatelliteRole
    port: int

    def server(self) -> AsyncTcpClient:
        return AsyncTcpClient("127.0.0.1", self.port, connect_timeout=5, read_timeout=PATIENCE)


@asynccontextmanager
async def a_satellite(
    *,
    wakes: bool = True,
    sink: FakeSink | None = None,
    clock: Clock | None = None,
    limits: Limits | None = None,
) -> AsyncIterator[Satellite]:
    room, shown, sink = Room(), Shown(), sink or FakeSink()
    role = SatelliteRole(
        Config(box=Box(name="hall", area="Hall")),
        clock or SystemClock(),
        room,
        sink,
        FakeListener() if wakes else None,
        wake_words=lambda: [Offered("okay_nabu", ("en",), phrase="okay nabu")],
        signs=shown,
    )
    doors = Doors(role, limits or Limits(), host="127.0.0.1", port=0)
    async with doors, asyncio.TaskGroup() as group:
        tasks = [group.create_task(doors.run()), group.create_task(role.run())]
        try:
            yield Satellite(room, sink, shown, role, doors.port)
        finally:
            for task in tasks:
                task.cancel()


class OldSatellite:
    """As wyoming-satellite 1 is: it listens for its wake word, cannot be told to
    listen, and streams until it gets a transcript. Written against the protocol's README.

    `came`: the types of the events that it got, but audio-chunks, and `sound` their bytes.
    """

    def __init__(self) -> None:
        self.came: list[str] = []
        self.sound = bytearray()
        self.port = 0
        self.running = asyncio.Event()
        self.news = asyncio.Event()
        self.tells_played = True
        self.streaming = False
        self._writer: asyncio.StreamWriter | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[OldSatellite]:
        async with listening(self._serve) as port:
            self.port = port
            yield self

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    async def wake(self) -> None:
        self.streaming = True
        await self.tell("detection", {"name": "okay_nabu", "timestamp": None})
        run: dict[str, Json] = {"start_stage": "asr", "end_stage": "tts", "restart_on_end": False}
        await self.tell("run-pipeline", run)

    async def hear(self, pcm: bytes, *, rate: int = 16_000) -> None:
        form: dict[str, Json] = {"rate": rate, "width": 2, "channels": 1, "timestamp": None}
        for start in range(0, len(pcm), 2048):
            await self.tell("audio-chunk", form, pcm[start : start + 2048])

    async def tell(self, kind: str, data: dict[str, Json], payload: bytes = b"") -> None:
        assert self._writer is not None
        await send(self._writer, kind, data, payload)

    async def until(self, kind: str) -> None:
        while kind not in self.came:
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), PATIENCE)

    def hang_up(self) -> None:
        assert self._writer is not None
        self._writer.transport.abort()
        self.running.clear()
        self.came.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                header = json.loads(line)
                data = json.loads(await reader.readexactly(header.get("data_length", 0)) or b"{}")
                self.sound += await reader.readexactly(header.get("payload_length", 0))
                await self._take(writer, header["type"], data)

    async def _take(self, writer: asyncio.StreamWriter, kind: str, data: dict[str, Json]) -> None:
        if kind == "describe":
            wake: Json = [{"name": "snowboy", "models": []}]
            await send(
                writer, "info", {"satellite": {"name": "old", "area": "Attic"}, "wake": wake}
            )
        elif kind == "ping":
            await send(writer, "pong", data)
        elif kind == "run-satellite":
            self.running.set()
        elif kind == "transcript":
            self.streaming = False
        elif kind == "audio-stop" and self.tells_played:
            await send(writer, "played", {})
        if kind != "audio-chunk":
            self.came.append(kind)
            self.news.set()
