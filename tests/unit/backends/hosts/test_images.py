"""Pictures over the OpenAI images API."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import zlib

import pytest

from laresd.backends.hosts.http import Address, HttpClient
from laresd.backends.hosts.images import OpenAiPainter
from laresd.errors import Permanent, Temporary
from laresd.types import Json
from tests.fakes.wyoming_host import listening


def soon() -> float:
    return asyncio.get_running_loop().time() + 60


def png(width: int, height: int) -> bytes:
    """A black picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = (b"\x00" + b"\x00" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


class Painting:
    """Draws what the test gives it; `asked`: the body of every request."""

    def __init__(self, answer: Json) -> None:
        self._answer = json.dumps(answer).encode()
        self.asked: list[dict[str, Json]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert head.startswith("POST /v1/images/generations ")
        length = int(head.split("Content-Length: ")[1].split("\r\n")[0])
        self.asked.append(json.loads(await reader.readexactly(length)))
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(self._answer), self._answer)
        )
        await writer.drain()


async def drawn(painting: Painting, width: int = 64, height: int = 128) -> bytes:
    async with (
        listening(painting.serve) as port,
        HttpClient(Address("tower", f"http://127.0.0.1:{port}")) as http,
    ):
        painter = OpenAiPainter(http, "flux")
        return await painter.draw("a lamp", width=width, height=height, deadline=soon())


async def test_a_picture_is_drawn() -> None:
    picture = png(64, 128)
    painting = Painting({"data": [{"b64_json": base64.b64encode(picture).decode()}]})
    assert await drawn(painting) == picture
    assert painting.asked == [
        {
            "model": "flux",
            "prompt": "a lamp",
            "n": 1,
            "size": "64x128",
            "response_format": "b64_json",
        }
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"data": []},
        {"data": [{"url": "http://elsewhere/picture.png"}]},
        {"data": [{"b64_json": "not base64!"}]},
        {"data": [{"b64_json": base64.b64encode(b"\xff\xd8\xff\xe0 a JPEG").decode()}]},
        {"data": [{"b64_json": base64.b64encode(png(8, 8)[:20]).decode()}]},
        {"data": [{"b64_json": base64.b64encode(png(8, 8).replace(b"IHDR", b"XXXX")).decode()}]},
        {"data": [{"b64_json": "ä"}]},
    ],
)
async def test_what_is_no_picture_is_an_error(answer: Json) -> None:
    with pytest.raises(Temporary, match="the host tower sends what is no answer: no picture"):
        await drawn(Painting(answer))


@pytest.mark.parametrize(("width", "height"), [(0, 64), (64, 5000), (-64, 64)])
async def test_a_size_that_cannot_be_is_refused_before_it_is_asked_for(
    width: int, height: int
) -> None:
    painting = Painting({})
    with pytest.raises(Permanent, match="cannot be drawn"):
        await drawn(painting, width, height)
    assert painting.asked == []
