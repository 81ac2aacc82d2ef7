"""Where clients come in: a TCP port and a unix socket, and what any one of them may take.

A client that sends what is no event, or too much, gets an error event and is left; so is one that
says nothing for long, or does not take what it asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import socket
import stat
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from laresd.errors import ConfigError, LaresError, Permanent, Refused, Temporary
from laresd.frames.wyoming import Bounds, Event, encode, read
from laresd.types import Json

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one client, but for `connections`. Seconds unless the name says otherwise."""

    connections: int = 16
    idle_s: float = 300.0  # without an event
    send_s: float = 20.0  # to take what is sent
    audio_s: float = 300.0  # of sound in one request
    text: int = 10_000  # characters of one request
    event: Bounds = field(default_factory=lambda: Bounds(line=64 << 10, payload=1 << 20))


class Connection:
    """One client: events to and fro. `peer`: its address, "" for one of this machine."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: Limits,
        *,
        number: int,
        peer: str = "",
    ) -> None:
        self.number = number
        self.peer = peer
        self.limits = limits
        self._reader = reader
        self._writer = writer

    async def receive(self) -> Event | None:
        """The next event; None at the end. Raises Permanent for what is none, Refused for a client
        that says nothing, Temporary for one that breaks off.
        """
        try:
            async with asyncio.timeout(self.limits.idle_s):
                return await read(self._reader, self.limits.event)
        except TimeoutError:
            raise Refused(f"nothing was said for {self.limits.idle_s:g} s") from None

    async def send(self, *events: Event) -> None:
        """Raises Temporary when they are not taken in time."""
        for event in events:
            self._writer.write(encode(event))
            try:
                async with asyncio.timeout(self.limits.send_s):
                    await self._writer.drain()
            except TimeoutError:
                raise Temporary("the client does not take what it is sent") from None

    async def close(self) -> None:
        """Let go of the client, once it has what was sent, or does not take it."""
        self._writer.close()
        over = False
        try:
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
            over = True
        except TimeoutError:
            pass
        except OSError:
            over = True
        finally:
            if not over:  # where it is, a pipe has no loop any more that could abort it
                self._writer.transport.abort()


def told(error: LaresError) -> Event:
    """The protocol's error event."""
    text = f"{error.message} ({error.remedy})" if error.remedy else error.message
    data: dict[str, Json] = {"text": text, "code": error.kind}
    return Event("error", data)


Serve = Callable[[Connection], Awaitable[None]]
"""Talks with one client to the end."""


class Doors:
    """Enter them to take the addresses, then `run()`; `serve` is called for each client.

    `clients`: addresses and networks that may come in over TCP, none: all; this machine always
    may. `sockets`: that listen already, in place of host and port; they are closed as if they were
    its own. Raises ConfigError for one that is none, Permanent for an address that cannot be had.
    """

    def __init__(
        self,
        serve: Serve,
        limits: Limits,
        *,
        host: str,
        port: int,
        path: Path | None = None,
        clients: Sequence[str] = (),
        sockets: Sequence[socket.socket] = (),
    ) -> None:
        self._serve = serve
        self._limits = limits
        self._address = (host, port)
        self._path = path
        self._clients = networks(clients)
        self._given = tuple(sockets)
        self._sockets: list[socket.socket] = []
        self._connected = 0
        self._count = 0

    @property
    def port(self) -> int:
        """Of TCP; 0 where there is none."""
        names = [one.getsockname() for one in self._sockets if one.family != socket.AF_UNIX]
        return int(names[0][1]) if names else 0

    @property
    def local(self) -> bool:
        """Whether only programs of this machine reach it."""
        names = [one.getsockname() for one in self._sockets if one.family != socket.AF_UNIX]
        return all(ipaddress.ip_address(name[0]).is_loopback for name in names)

    async def __aenter__(self) -> Self:
        host, port = self._address
        try:
            self._sockets.extend(self._given)
            if host and not self._given:
                await self._take(host, port)
            if self._path is not None:
                self._sockets.append(await asyncio.to_thread(_unix, self._path))
        except OSError as error:
            self._release()
            raise Permanent(
                f"Wyoming cannot be served at {host}:{port}: {error.strerror or error}",
                remedy="another program may have the port: choose another one",
            ) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()
        if self._path is not None:
            await asyncio.to_thread(self._path.unlink, missing_ok=True)

    async def run(self) -> None:
        """Serve until cancelled; clients that are served then are cut off."""
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:

            def tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                peer = str(writer.get_extra_info("peername", ("",))[0])
                group.create_task(self._one(reader, writer, peer), name=f"wyoming {peer}")

            def unix(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                group.create_task(self._one(reader, writer, ""), name="wyoming on this machine")

            line = self._limits.event.line
            for one in self._sockets:
                if one.family == socket.AF_UNIX:
                    server = await asyncio.start_unix_server(unix, sock=one, limit=line)
                else:
                    server = await asyncio.start_server(tcp, sock=one, limit=line)
                stack.callback(server.close)
            await asyncio.Event().wait()

    async def _take(self, host: str, port: int) -> None:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, _, _, _, address in found:
            one = socket.socket(family, socket.SOCK_STREAM)
            self._sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
            one.listen(self._limits.connections)

    def _release(self) -> None:
        for one in self._sockets:
            one.close()
        self._sockets.clear()

    async def _one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str
    ) -> None:
        self._count += 1
        self._connected += 1
        client = Connection(reader, writer, self._limits, number=self._count, peer=peer)
        try:
            self._let_in(peer)
            await self._serve(client)
        except LaresError as error:
            log.info("a client of Wyoming %s was left: %s", peer, error.message)
            with contextlib.suppress(OSError, LaresError):
                await client.send(told(error))
        except OSError as error:
            log.debug("a client of Wyoming %s went away: %s", peer, error)
        finally:
            self._connected -= 1
            await client.close()

    def _let_in(self, peer: str) -> None:
        if self._connected > self._limits.connections:
            raise Refused(f"{self._limits.connections} clients are connected already")
        if peer and not may(peer, self._clients):
            raise Refused(f"{peer} is not among those who may come in")


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Raises ConfigError for a text that is neither an address nor a network."""
    try:
        return tuple(ipaddress.ip_network(text, strict=False) for text in texts)
    except ValueError as error:
        raise ConfigError(
            f"{error}", remedy='name addresses and networks: ["192.168.1.10", "10.0.0.0/24"]'
        ) from error


def may(peer: str, clients: Sequence[Network]) -> bool:
    """Whether a client with this address may come in; all may where none are named."""
    address = ipaddress.ip_address(peer.partition("%")[0])
    return not clients or address.is_loopback or any(address in each for each in clients)


def _unix(path: Path) -> socket.socket:
    """For its owner and their group. A socket that another process left is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise FileExistsError(None, f"{path} is a file, and no socket")
        path.unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        listening.bind(str(path))
        listening.listen()
    except BaseException:
        listening.close()
        raise
    finally:
        os.umask(before)
    return listening
