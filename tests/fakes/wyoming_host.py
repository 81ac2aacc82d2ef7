"""A speech server of the Wyoming protocol that hears and speaks levels, and fails as it is told.

Written against the protocol's README (OHF-Voice/wyoming) and not with its package, so that the two
check each other.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from enum import StrEnum

from laresd.types import Json
from tests.fakes.audio import SPEECH

SENTENCE = "turn on the light"
MS_PER_LETTER = 50


class Failure(StrEnum):
    """What happens in place of an answer."""

    CLOSES = "closes"  # in the middle of it
    RESETS = "resets"  # before it
    HANGS = "hangs"  # after its beginning
    GARBAGE = "garbage"
    NO_OBJECT = "no object"
    ERROR = "error"
    BLIND = "blind"  # the right event without what it is for
    ENDLESS_LINE = "endless line"
    HUGE_PAYLOAD = "huge payload"
    NEGATIVE = "negative length"


def artifact(name: str, *languages: str, installed: bool = True) -> dict[str, Json]:
    """A model or a voice as an info event lists it."""
    credit: dict[str, Json] = {"name": "nobody", "url": ""}
    return {
        "name": name,
        "attribution": credit,
        "installed": installed,
        "description": None,
        "version": None,
        "languages": list(languages),
    }


def info(ears: list[Json], voices: list[Json]) -> dict[str, Json]:
    """The data of an info event."""
    asr = {**artifact("ear"), "models": ears}
    tts = {**artifact("mouth"), "voices": voices}
    return {"asr": [asr] if ears else [], "tts": [tts] if voices else [], "wake": []}


EARS: list[Json] = [artifact("tiny", "en", "de", "zh")]
VOICES: list[Json] = [artifact("amy", "en_GB"), artifact("thorsten", "de_DE")]
BOTH = info(EARS, VOICES)


def heard(pcm: bytes) -> str:
    """The sentence, where there was speech."""
    samples = array.array("h", pcm)
    return SENTENCE if samples and max(samples) >= SPEECH else ""


def spoken(text: str, rate: int, width: int = 2, channels: int = 1) -> bytes:
    """A level for as long as the text takes."""
    frames = len(text) * MS_PER_LETTER * rate // 1000
    value = SPEECH << 8 * (width - 2)
    return value.to_bytes(width, "little", signed=True) * channels * frames


class FakeWyoming:
    """`requests`: the type and data of every event that came. `left`: a client has hung up."""

    def __init__(
        self,
        *,
        offer: Mapping[str, Json] = BOTH,
        rate: int = 22_050,
        width: int = 2,
        channels: int = 1,
    ) -> None:
        self.failure: Failure | None = None
        self.offer = offer
        self.requests: list[tuple[str, dict[str, Json]]] = []
        self.left = asyncio.Event()
        self.form: dict[str, Json] = {"rate": rate, "width": width, "channels": channels}
        self.url = ""

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[FakeWyoming]:
        async with listening(self._serve) as port:
            self.url = f"tcp://127.0.0.1:{port}"
            yield self

    def data(self, kind: str) -> dict[str, Json]:
        """Of the last event of this type."""
        return next(data for type_, data in reversed(self.requests) if type_ == kind)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pcm = b""
        try:
            while line := await reader.readline():
                header = json.loads(line)
                data = header.get("data") or {}
                data |= json.loads(await reader.readexactly(header.get("data_length", 0)) or b"{}")
                payload = await reader.readexactly(header.get("payload_length", 0))
                self.requests.append((header["type"], data))
                pcm += payload
                if header["type"] == "describe":
                    await send(writer, "info", self.offer)
                elif header["type"] in ("audio-stop", "synthesize"):
                    await self._answer(reader, writer, header["type"], data, pcm)
                    pcm = b""
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # as a server would
        finally:
            self.left.set()

    async def _answer(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        kind: str,
        data: dict[str, Json],
        pcm: bytes,
    ) -> None:
        if self.failure is not None:
            await self._fail(reader, writer, kind)
        elif kind == "audio-stop":
            await send(writer, "transcript", {"text": heard(pcm), "language": "en"})
        else:
            await self._speak(writer, str(data["text"]))

    async def _speak(self, writer: asyncio.StreamWriter, text: str) -> None:
        rate, width, channels = (int(str(value)) for value in self.form.values())
        sound = spoken(text, rate, width, channels)
        await send(writer, "audio-start", self.form)
        size = 1024 * width * channels
        for start in range(0, len(sound), size):
            await send(writer, "audio-chunk", self.form, sound[start : start + size])
        await send(writer, "audio-stop", {"timestamp": None})

    async def _fail(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: str
    ) -> None:
        begun = b'{"type": "transcript", "data_length": 100}\n{"text": "turn'
        blind = "transcript" if kind == "audio-stop" else "audio-stop"
        match self.failure:
            case Failure.CLOSES:
                writer.write(begun)
                writer.close()
            case Failure.RESETS:
                writer.transport.abort()
            case Failure.HANGS:
                writer.write(begun)
                await reader.read()
            case Failure.ERROR:
                await send(writer, "error", {"text": "CUDA out of memory\n(see log)", "code": "x"})
            case Failure.BLIND:
                await send(writer, blind, {})
            case Failure.GARBAGE:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n<html>")
            case Failure.NO_OBJECT:
                writer.write(b'["transcript"]\n')
            case Failure.ENDLESS_LINE:
                writer.write(b"{" * (3 << 20) + b"\n")
            case Failure.HUGE_PAYLOAD:
                writer.write(b'{"type": "audio-chunk", "payload_length": 99999999999}\n')
            case Failure.NEGATIVE:
                writer.write(b'{"type": "audio-chunk", "payload_length": -1}\n')
        with contextlib.suppress(ConnectionError):
            await writer.drain()


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def listening(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server on loopback; at the end nothing of it goes on."""

    clients: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            clients.add(task)
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


async def send(
    writer: asyncio.StreamWriter, kind: str, data: Mapping[str, Json], payload: bytes = b""
) -> None:
    """An event, with its data in the header, as the protocol allows."""
    header = {"type": kind, "data": dict(data), "payload_length": len(payload)}
    writer.write(json.dumps(header).encode() + b"\n" + payload)
    await writer.drain()
