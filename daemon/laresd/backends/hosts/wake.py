"""A host's power: the magic packet that wakes it, and the operator's command that puts it to sleep.

The packet is AMD's "Magic Packet Technology" (publication 20213): six bytes of FF, then the
address of the network card sixteen times, anywhere in a frame that reaches the card; in a UDP
datagram to the broadcast address by custom.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from urllib.parse import urlsplit

from laresd.config import HostSettings
from laresd.errors import ConfigError, Permanent, Temporary
from laresd.jobs import HostCosts

PORT = 9  # discard: nobody listens, and nobody needs to
BROADCAST = "255.255.255.255"
COPIES = 3  # a datagram can be lost, and a card that is awake ignores it
REST_SECONDS = 30.0
LAST_WORDS = 400  # bytes of what a failed command said

_MAC = re.compile(r"(?:[0-9a-f]{2}([:-]?))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}")


def mac_bytes(mac: str) -> bytes:
    """The six bytes of a network card's address: aa:bb:cc:dd:ee:ff, with - or without either.

    Raises ConfigError for anything else, and for the addresses of all cards and of none.
    """
    written = mac.strip().lower()
    found = bytes.fromhex(re.sub("[:-]", "", written)) if _MAC.fullmatch(written) else b""
    if not found or found in (b"\x00" * 6, b"\xff" * 6):
        raise ConfigError(
            f"{mac[:40]!r} is not the address of a network card",
            remedy="write it as in `ip link`: aa:bb:cc:dd:ee:ff",
        )
    return found


def magic_packet(mac: str) -> bytes:
    """102 bytes. Raises ConfigError as `mac_bytes`."""
    return b"\xff" * 6 + mac_bytes(mac) * 16


def costs(settings: HostSettings) -> HostCosts:
    """What the operator says of the host, as the port has it."""
    return HostCosts(
        watts=settings.watts,
        price=settings.price,
        wake_s=settings.wake_s if settings.mac else None,
        rest_after_s=settings.rest_after_s if settings.rest_command else 0.0,
    )


class Waker:
    """The power part of port `Host`: `wake` and `rest`."""

    def __init__(
        self,
        name: str,
        settings: HostSettings,
        *,
        broadcast: str = BROADCAST,
        port: int = PORT,
        rest_seconds: float = REST_SECONDS,
    ) -> None:
        self._name = name
        self._packet = magic_packet(settings.mac) if settings.mac else b""
        self._command = settings.rest_command
        self._address = urlsplit(settings.url).hostname or ""
        self._target = (broadcast, port)
        self._rest_seconds = rest_seconds

    async def wake(self) -> None:
        """Send the packet, out of the network card that leads to the host.

        Raises Permanent when no address of its card is known, Temporary when there is no network.
        """
        if not self._packet:
            raise Permanent(
                f"the host {self._name} cannot be woken: the address of its card is not known",
                remedy=f'set mac = "aa:bb:cc:dd:ee:ff" in [hosts.{self._name}]',
            )
        local = await _local_address(self._address)
        try:
            transport, sent = await asyncio.get_running_loop().create_datagram_endpoint(
                _Sent,
                local_addr=(local, 0) if local else None,
                remote_addr=self._target,
                allow_broadcast=True,
            )
            with contextlib.closing(transport):
                for _ in range(COPIES):
                    transport.sendto(self._packet)
            if sent.fault is not None:
                raise sent.fault
        except OSError as error:
            raise Temporary(
                f"cannot send the packet that wakes {self._name}: {error.strerror or error}",
                remedy="check this box's network",
            ) from error

    async def rest(self) -> None:
        """Run the command to its end; nothing where there is none.

        Raises Permanent when there is no such program, Temporary when it fails or takes longer
        than `rest_seconds`, with its last words.
        """
        if not self._command:
            return
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, start_new_session=True
            )
        except (OSError, ValueError) as error:
            raise Permanent(
                f"cannot run {self._command[0]!r}, which puts {self._name} to sleep: {error}",
                remedy=f"check rest_command in [hosts.{self._name}]",
            ) from error
        said = bytearray()
        try:
            async with asyncio.timeout(self._rest_seconds):
                status = await _finished(process, said)
        except BaseException as error:
            await _kill(process)
            if isinstance(error, TimeoutError):
                raise self._failed(f"did not end in {self._rest_seconds:g} s", said) from error
            raise
        if status:
            raise self._failed(f"failed with status {status}", said)

    def _failed(self, how: str, said: bytearray) -> Temporary:
        words = said.decode(errors="replace").strip()
        return Temporary(
            f"the command that puts {self._name} to sleep {how}" + (f": {words}" if words else ""),
            remedy=f"check rest_command in [hosts.{self._name}]",
        )


class _Sent(asyncio.DatagramProtocol):
    """Keeps the error that the event loop hands over instead of raising it."""

    def __init__(self) -> None:
        self.fault: OSError | None = None

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, OSError):
            self.fault = exc


async def _local_address(towards: str) -> str:
    """This box's own address on the network of a host; "" where that is not known.

    Linux sends a broadcast out of the card whose address the socket has.
    """
    if not towards:
        return ""
    try:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(towards, PORT), family=socket.AF_INET
        )
    except OSError:
        return ""
    with contextlib.closing(transport):
        return str(transport.get_extra_info("sockname")[0])


async def _finished(process: Process, said: bytearray) -> int:
    """The exit status; the end of what it says is kept in `said`."""
    if process.stdout is not None:
        while words := await process.stdout.read(1 << 16):
            said += words
            del said[:-LAST_WORDS]
    return await process.wait()


async def _kill(process: Process) -> None:
    """Nothing of it goes on: neither the program nor what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
