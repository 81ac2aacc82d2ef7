"""Events of the Wyoming protocol on a stream: a line of JSON, more JSON, and bytes.

The format is that of the README of OHF-Voice/wyoming. What it leaves open is bounded here, since
whoever sends may be broken, or nobody's friend.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from laresd.errors import Permanent, Temporary
from laresd.frames import Fields
from laresd.types import Json

SPLIT = 16 << 10  # bytes of sound in one event: half a second


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most bytes of one event. `line`: of its header, and of its data, each."""

    line: int = 1 << 20  # a list of many voices
    payload: int = 8 << 20


@dataclass(frozen=True, slots=True)
class Event:
    type: str
    data: Mapping[str, Json] = field(default_factory=dict)
    payload: bytes = b""

    @property
    def fields(self) -> Fields:
        return Fields(self.data)


@dataclass(frozen=True, slots=True)
class Format:
    """Of samples: hertz, bytes of a sample, channels."""

    rate: int
    width: int = 2
    channels: int = 1

    def data(self) -> dict[str, Json]:
        return {"rate": self.rate, "width": self.width, "channels": self.channels}


def format_of(event: Event) -> Format:
    """Of an audio-start or an audio-chunk. Raises Permanent for what no sound can have."""
    told = event.fields
    form = Format(told.integer("rate"), told.integer("width"), told.integer("channels"))
    if 4000 <= form.rate <= 192_000 and 1 <= form.width <= 4 and 1 <= form.channels <= 8:
        return form
    raise Permanent(f"sound that cannot be: {form}")


def address(url: str) -> tuple[str, int] | None:
    """Of tcp://address:port; None for what is no such thing."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return (host, port) if parts.scheme == "tcp" and host and port else None


def encode(event: Event) -> bytes:
    """The event on the wire. Its data follow the header, whose line some readers hold short."""
    header: dict[str, Json] = {"type": event.type}
    data = _json(event.data) if event.data else b""
    if data:
        header["data_length"] = len(data)
    if event.payload:
        header["payload_length"] = len(event.payload)
    return _json(header) + b"\n" + data + event.payload


def _json(value: Mapping[str, Json]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


async def read(reader: asyncio.StreamReader, bounds: Bounds) -> Event | None:
    """The next event; None at the end of the stream.

    Raises Permanent for what is no event, or too long a one: the stream is of no use any more;
    Temporary where it breaks off inside an event.
    """
    try:
        line = await reader.readline()
        if not line:
            return None
        if not line.endswith(b"\n"):
            raise Temporary("the connection broke off inside an event")
        head = _Head.of(line, bounds)
        more = await reader.readexactly(head.data_length)
        payload = await reader.readexactly(head.payload_length)
    except asyncio.IncompleteReadError:
        raise Temporary("the connection broke off inside an event") from None
    except ValueError:  # a line without an end
        raise Permanent("no event of Wyoming") from None
    return head.event(more, payload)


def take(buffer: bytearray, bounds: Bounds) -> Event | None:
    """The first event in the buffer, and out of it; None where it is not whole yet.

    Raises Permanent for what is no event, or too long a one: the rest is of no use.
    """
    end = buffer.find(b"\n") + 1
    if not end:
        if len(buffer) > bounds.line:
            raise Permanent("no event of Wyoming")
        return None
    head = _Head.of(bytes(buffer[:end]), bounds)
    sound = end + head.data_length
    if len(buffer) < sound + head.payload_length:
        return None
    event = head.event(bytes(buffer[end:sound]), bytes(buffer[sound : sound + head.payload_length]))
    del buffer[: sound + head.payload_length]
    return event


@dataclass(frozen=True, slots=True)
class _Head:
    """The line of an event, and how many bytes follow it."""

    type: str
    data: Mapping[str, Json]
    data_length: int
    payload_length: int

    @classmethod
    def of(cls, line: bytes, bounds: Bounds) -> _Head:
        header = Fields({"event": _object(line)}).row("event") or Fields({})
        return cls(
            header.text("type"),
            header.mapping("data"),
            _length(header, "data_length", bounds.line),
            _length(header, "payload_length", bounds.payload),
        )

    def event(self, more: bytes, payload: bytes) -> Event:
        merged = Fields({"data": _object(more)}).mapping("data") if more else {}
        return Event(self.type, {**self.data, **merged}, payload)


def _object(text: bytes) -> Json:
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        raise Permanent("no event of Wyoming") from None
    return value


def _length(header: Fields, key: str, most: int) -> int:
    length = header.integer(key, 0)
    if not 0 <= length <= most:
        raise Permanent(f"an event with {key} {length}")
    return length


def audio(pcm: bytes, form: Format, *, begin_ms: int = 0) -> list[Event]:
    """The audio-chunks of s16 or other samples of one format, from `begin_ms` on."""
    second = form.rate * form.width * form.channels
    size = SPLIT - SPLIT % (form.width * form.channels)
    return [
        Event(
            "audio-chunk",
            {**form.data(), "timestamp": begin_ms + start * 1000 // second},
            pcm[start : start + size],
        )
        for start in range(0, len(pcm), size)
    ]
