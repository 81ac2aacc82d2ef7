"""Events as the protocol's own package reads and writes them, and what comes from anybody else."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.event import Event as PackageEvent
from wyoming.event import async_read_event, async_write_event

from laresd.errors import LaresError, Permanent, Temporary
from laresd.frames.wyoming import (
    SPLIT,
    Bounds,
    Event,
    Format,
    address,
    audio,
    encode,
    format_of,
    read,
    take,
)

BOUNDS = Bounds(line=1 << 16, payload=1 << 16)
TEXT = st.text(st.characters(codec="utf-8"))
DATA = st.dictionaries(
    TEXT, st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT), max_size=5
)


class Sink:
    """What the package needs of a StreamWriter."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def writelines(self, pieces: list[bytes]) -> None:
        self.written += b"".join(pieces)

    async def drain(self) -> None:
        """All is written."""


def stream(wire: bytes, limit: int = 1 << 16) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=limit)
    reader.feed_data(wire)
    reader.feed_eof()
    return reader


@given(TEXT, DATA, st.binary(max_size=100))
def test_the_package_reads_what_is_written(kind: str, data: dict[str, object], pcm: bytes) -> None:
    async def there() -> None:
        event = Event(kind, data, pcm)  # type: ignore[arg-type]
        back = await async_read_event(stream(encode(event)))
        assert back is not None
        assert (back.type, back.data, back.payload or b"") == (kind, data, pcm)

    asyncio.run(there())


@given(TEXT, DATA, st.binary(max_size=100))
def test_what_the_package_writes_is_read(kind: str, data: dict[str, object], pcm: bytes) -> None:
    async def here() -> None:
        sink = Sink()
        await async_write_event(PackageEvent(kind, data, pcm), sink)  # type: ignore[arg-type]
        event = await read(stream(sink.written), BOUNDS)
        assert event is not None
        assert (event.type, event.data, event.payload) == (kind, data, pcm)

    asyncio.run(here())


@given(st.binary(max_size=200))
def test_anything_else_is_an_error_with_words_or_the_end(wire: bytes) -> None:
    async def broken() -> None:
        reader = stream(wire)
        try:
            while await read(reader, BOUNDS) is not None:
                pass
        except LaresError as error:
            assert error.message

    asyncio.run(broken())


async def test_the_end_between_events_is_none_and_inside_one_an_error() -> None:
    whole = encode(Event("ping", {"text": "there?"}, b"1234"))
    reader = stream(whole)
    assert await read(reader, BOUNDS) == Event("ping", {"text": "there?"}, b"1234")
    assert await read(reader, BOUNDS) is None
    for cut in range(1, len(whole)):
        with pytest.raises(Temporary, match="broke off"):
            await read(stream(whole[:cut]), BOUNDS)


@pytest.mark.parametrize(
    "wire",
    [
        b'{"type": "x", "payload_length": 65537}\n',
        b'{"type": "x", "data_length": 65537}\n',
        b'{"type": "x", "payload_length": -1}\n',
        b'{"type": "x", "payload_length": true}\n',
        b'{"type": 5}\n',
        b'{"data": {}}\n',
        b'["type"]\n',
        b'{"type": "x", "data_length": 2}\n[]',
        b'{"type": "' + b"x" * (1 << 16) + b'"}\n',
        b"[" * 60_000 + b"\n",
        b"GET / HTTP/1.1\r\n",
        b"\xff\xfe\n",
    ],
)
async def test_what_is_no_event_or_too_long_a_one_is_permanent(wire: bytes) -> None:
    with pytest.raises(Permanent):
        await read(stream(wire), BOUNDS)


async def test_a_text_that_is_no_unicode_can_be_sent_back() -> None:
    event = await read(stream(b'{"type": "ping", "data": {"text": "\\ud800"}}\n'), BOUNDS)
    assert event is not None
    assert await read(stream(encode(event)), BOUNDS) == Event("ping", {"text": "?"})


def test_sound_is_cut_at_whole_samples_with_its_time() -> None:
    form = Format(48_000, 3, 2)
    chunks = audio(bytes(48_000 * 6), form, begin_ms=100)
    assert b"".join(chunk.payload for chunk in chunks) == bytes(48_000 * 6)
    assert all(len(chunk.payload) % 6 == 0 and len(chunk.payload) <= SPLIT for chunk in chunks)
    assert [chunk.data["timestamp"] for chunk in chunks[:2]] == [100, 156]
    assert format_of(chunks[0]) == form


@pytest.mark.parametrize("data", [{"rate": 0}, {"width": 5}, {"channels": 0}, {"channels": None}])
def test_sound_that_cannot_be_is_refused(data: dict[str, int]) -> None:
    with pytest.raises(Permanent):
        format_of(Event("audio-start", {"rate": 16_000, "width": 2, "channels": 1, **data}))


@given(st.lists(st.tuples(TEXT, DATA, st.binary(max_size=50)), max_size=4), st.integers(1, 40))
def test_events_are_taken_out_of_a_buffer_however_they_come(
    events: list[tuple[str, dict[str, object], bytes]], size: int
) -> None:
    sent = [Event(kind, data, pcm) for kind, data, pcm in events]  # type: ignore[arg-type]
    wire, buffer, came = b"".join(map(encode, sent)), bytearray(), []
    for start in range(0, len(wire), size):
        buffer += wire[start : start + size]
        while (event := take(buffer, BOUNDS)) is not None:
            came.append(event)
    assert came == sent and not buffer


def test_a_line_without_an_end_fills_no_buffer() -> None:
    with pytest.raises(Permanent):
        take(bytearray(b"x" * (BOUNDS.line + 1)), BOUNDS)


@pytest.mark.parametrize("url", ["", "http://x:1", "tcp://x", "tcp://x:99999", "tcp://[x:1"])
def test_an_address_is_tcp_with_a_port(url: str) -> None:
    assert address(url) is None
    assert address("tcp://[::1]:10300") == ("::1", 10300)
