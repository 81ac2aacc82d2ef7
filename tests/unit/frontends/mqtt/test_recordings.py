"""Recordings that requests name: nothing but a wav file of the folder, or of the LAN."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from laresd.config import MqttApi
from laresd.errors import LaresError, Permanent, Refused, Temporary
from laresd.frontends.mqtt.faults import Expired
from laresd.frontends.mqtt.recordings import MAX_BYTES, MAX_SECONDS, Recordings, on_lan
from laresd.sound import wav_bytes
from tests.fakes.audio import silence, speech

WAV = wav_bytes(speech(500))


def soon() -> float:
    return asyncio.get_running_loop().time() + 30


async def of(folder: Path, name: str) -> bytes:
    return await Recordings(MqttApi(audio_dir=folder)).sound(name, deadline=soon())


async def test_a_file_of_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.wav").write_bytes(WAV)
    assert await of(tmp_path, "in/a.wav") == speech(500)


@pytest.mark.parametrize("name", ["../out.wav", "in/../../out.wav", "link.wav", "/out.wav"])
async def test_no_name_leaves_the_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    (tmp_path / "out.wav").write_bytes(WAV)
    (folder / "link.wav").symlink_to(tmp_path / "out.wav")
    with pytest.raises(LaresError) as caught:
        await of(folder, name)
    assert isinstance(caught.value, Refused)


async def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(Permanent):
        await of(tmp_path, "pipe.wav")


async def test_what_is_not_there_or_no_recording_is_told_without_its_contents(
    tmp_path: Path,
) -> None:
    (tmp_path / "secret.txt").write_text("the combination of the safe is nineteen")
    for name in ("none.wav", "secret.txt", "."):
        with pytest.raises(Permanent) as caught:
            await of(tmp_path, name)
        assert "nineteen" not in str(caught.value)


async def test_too_long_a_recording_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.wav").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(Refused):
        await of(tmp_path, "a.wav")
    (tmp_path / "b.wav").write_bytes(wav_bytes(silence(1000 * (MAX_SECONDS + 1))))
    with pytest.raises(Permanent):
        await of(tmp_path, "b.wav")


@pytest.mark.parametrize("address", ["192.168.1.20", "10.0.0.7", "172.16.3.4", "fd00::7"])
def test_private_addresses_are_on_the_lan(address: str) -> None:
    assert on_lan(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "8.8.8.8", "0.0.0.0", "224.0.0.1", "fe80::1"]
)
def test_this_machine_the_link_and_the_world_are_not(address: str) -> None:
    assert not on_lan(ipaddress.ip_address(address))


@asynccontextmanager
async def server(answer: bytes, *, hangs: bool = False) -> AsyncIterator[str]:
    """A web server that says the same to everybody."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if hangs:
            await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as served:
        yield f"http://127.0.0.1:{served.sockets[0].getsockname()[1]}/a.wav?b=1"


def anywhere(settings: MqttApi) -> Recordings:
    return Recordings(settings, lambda address: True)


async def test_a_recording_is_fetched_where_the_operator_allows_it() -> None:
    async with server(b"HTTP/1.0 200 OK\r\nContent-Type: audio/wav\r\n\r\n" + WAV) as url:
        with pytest.raises(Refused):
            await anywhere(MqttApi()).sound(url, deadline=soon())
        allowed = MqttApi(audio_urls=True)
        assert await anywhere(allowed).sound(url, deadline=soon()) == speech(500)
        with pytest.raises(Refused):
            await Recordings(allowed).sound(url, deadline=soon())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://8.8.8.8/\r\n\r\n", Temporary),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", Temporary),
        (b"SSH-2.0 hello\r\n\r\n" + WAV, Temporary),
        (b"x" * 100_000, Temporary),
        (b"", Temporary),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", Permanent),
        (b"HTTP/1.0 200 OK\r\n\r\n" + bytes(MAX_BYTES + 1), Refused),
    ],
)
async def test_an_answer_that_is_no_recording_is_none(
    answer: bytes, error: type[LaresError]
) -> None:
    async with server(answer) as url:
        with pytest.raises(error):
            await anywhere(MqttApi(audio_urls=True)).sound(url, deadline=soon())


async def test_a_server_that_hangs_costs_the_deadline_and_no_more() -> None:
    async with server(b"HTTP/1.0 200 OK\r\n\r\n", hangs=True) as url:
        with pytest.raises(Expired):
            deadline = asyncio.get_running_loop().time() + 0.2
            await anywhere(MqttApi(audio_urls=True)).sound(url, deadline=deadline)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/a.wav", "http://x.invalid/a.wav"])
async def test_a_server_that_is_not_there_is_told(url: str) -> None:
    with pytest.raises((Temporary, Permanent)):
        await anywhere(MqttApi(audio_urls=True)).sound(url, deadline=soon())
