"""Recordings that requests name: files below one folder, and, where allowed, addresses on the LAN.

Both are off until the configuration has them. A name cannot leave the folder, not by a link
either; an address must be a private one, is asked once, by HTTP/1.0, and not followed anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import socket
import stat
from collections.abc import Callable
from urllib.parse import urlsplit

from laresd.config import MqttApi
from laresd.errors import LaresError, Permanent, Refused, Temporary
from laresd.frontends.mqtt.faults import Expired
from laresd.sound import read_wav

MAX_BYTES = 8 << 20  # of a wav file: 20 seconds of stereo at 96 kHz
MAX_SECONDS = 30.0  # of speech in one request
MAX_HEAD = 16 << 10  # bytes of an HTTP answer's head

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def on_lan(address: IpAddress) -> bool:
    """A private address of another machine: not this one, and not a link's own services."""
    return address.is_private and not (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
        or address.is_reserved
    )


class Recordings:
    """`allowed`: which addresses may be asked."""

    def __init__(self, settings: MqttApi, allowed: Callable[[IpAddress], bool] = on_lan) -> None:
        self._folder = settings.audio_dir
        self._urls = settings.audio_urls
        self._allowed = allowed

    async def sound(self, name: str, *, deadline: float) -> bytes:
        """16 kHz mono s16 of the recording. Raises Refused, Temporary, Permanent or Expired; no
        message says more of a file than that it cannot be had.
        """
        try:
            async with asyncio.timeout_at(deadline):
                if name.startswith("http://"):
                    wav = await self._fetched(name)
                else:
                    wav = await asyncio.to_thread(self._read, name)
                return await asyncio.to_thread(_pcm, wav)
        except TimeoutError:
            raise Expired("the recording did not come in time: nothing was done") from None

    def _read(self, name: str) -> bytes:
        if self._folder is None:
            raise Refused(
                "recordings by name are not allowed here", remedy="set mqtt_api.audio_dir"
            )
        folder = self._folder.resolve()
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            raise Refused("the recording is outside of the folder for recordings")
        try:
            with open(path, "rb", opener=_plainly) as file:  # Path has no opener
                wav = file.read(MAX_BYTES + 1)
        except OSError:
            raise Permanent(
                "there is no such recording in the folder for recordings",
                remedy="`audio` is relative to mqtt_api.audio_dir; laresd must be able to read it",
            ) from None
        return _bounded(wav)

    async def _fetched(self, url: str) -> bytes:
        if not self._urls:
            raise Refused(
                "recordings by address are not allowed here",
                remedy="set mqtt_api.audio_urls = true, if all who can publish may have Lares "
                "fetch from the LAN",
            )
        host, port, target = _parts(url)
        address = await self._address(host, port)
        try:
            return _bounded(await _get(address, port, host, target))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise Temporary("the recording could not be fetched") from None

    async def _address(self, host: str, port: int) -> str:
        """The one address that is asked: a name that changes its mind is not asked again."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except OSError:
            raise Permanent("the recording's address is not known") from None
        first = str(found[0][4][0])
        if not self._allowed(ipaddress.ip_address(first.partition("%")[0])):
            raise Refused("recordings are fetched from private addresses of the LAN only")
        return first


def _plainly(path: str, flags: int) -> int:
    """Open a plain file, and nothing that waits or acts when it is opened, such as a pipe."""
    number = os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError
    return number


def _bounded(wav: bytes) -> bytes:
    if len(wav) > MAX_BYTES:
        raise Refused(f"the recording is too long: at most {MAX_BYTES >> 20} MiB")
    return wav


def _pcm(wav: bytes) -> bytes:
    try:
        return read_wav(wav, max_seconds=MAX_SECONDS).pcm
    except LaresError as error:
        raise Permanent(f"the recording cannot be used: {error.message}") from None


def _parts(url: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError:
        raise Permanent("the recording's address is none") from None
    target = parts.path or "/"
    return parts.hostname or "", port, f"{target}?{parts.query}" if parts.query else target


async def _get(address: str, port: int, host: str, target: str) -> bytes:
    """The body of a 200 answer, one byte more than MAX_BYTES at most."""
    reader, writer = await asyncio.open_connection(address, port, limit=MAX_HEAD)
    try:
        ask = f"GET {target} HTTP/1.0\r\nHost: {host}:{port}\r\nAccept: audio/wav, */*\r\n\r\n"
        writer.write(ask.encode("ascii"))
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        status = head.split(b" ", 2)[1:2]
        if not head.startswith(b"HTTP/1.") or status != [b"200"]:
            raise Temporary("the recording could not be fetched: its server does not give it")
        body = bytearray()
        while len(body) <= MAX_BYTES and (piece := await reader.read(1 << 16)):
            body += piece
        return bytes(body)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
