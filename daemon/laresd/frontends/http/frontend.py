"""The life of the HTTP frontend: its token, its sockets, and the server on them."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from laresd.config import Http
from laresd.errors import ConfigError, Permanent
from laresd.frontends.http.audio import Audio, Listening
from laresd.frontends.http.cards import ModelCard
from laresd.frontends.http.guard import TOKEN_REMEDY, Guard, checked_token, is_loopback
from laresd.frontends.http.routes import routes
from laresd.frontends.http.server import Limits, Server
from laresd.frontends.http.services import Knowledge, Services
from laresd.ports import Clock, Embedder, LanguageModel

log = logging.getLogger(__name__)

BACKLOG = 128


class HttpFrontend:
    """The OpenAI-compatible API. Enter it to take the port, then `run()` to answer.

    `embedder`: one that computes on this box, since its port carries no routing. `models`: what a
    program can name beside `lares`. `metrics`: the box's, in Prometheus' text form. `ready`: "" or
    why it is not. `audio`: the box's ears and voice; `listening`: who opens its own ear;
    `knowledge`: who answers from documents. `sockets`: that listen already, in place of the
    configured address. Raises ConfigError for a token that is missing or weak, and Permanent for an
    address that cannot be had.
    """

    def __init__(
        self,
        config: Http,
        language_model: LanguageModel | None,
        embedder: Embedder | None,
        clock: Clock,
        *,
        models: Callable[[], Sequence[ModelCard]],
        metrics: Callable[[], str],
        ready: Callable[[], str],
        audio: Audio | None = None,
        listening: Listening | None = None,
        knowledge: Knowledge | None = None,
        limits: Limits | None = None,
        sockets: Sequence[socket.socket] = (),
    ) -> None:
        self._config = config
        self._given = tuple(sockets)
        self._services = Services(
            language_model, embedder, clock, models, metrics, ready, audio, listening, knowledge
        )
        self._limits = limits or Limits(
            body_bytes=config.body_limit_kb << 10, requests_per_minute=config.requests_per_minute
        )
        self._guard: Guard | None = None
        self._sockets: list[socket.socket] = []

    @property
    def port(self) -> int:
        """Where it listens; 0 before it was entered."""
        return int(self._sockets[0].getsockname()[1]) if self._sockets else 0

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._take)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    async def run(self) -> None:
        """Serve until cancelled; who is being answered is cut off then."""
        if self._guard is None:
            raise Permanent("the HTTP frontend was not entered")
        services = self._services
        server = Server(self._guard, self._limits, services.clock, services.ready)
        async with server.serving(routes(services, server.traffic.text), self._sockets):
            log.info("the API is at http://%s:%d/v1", self._config.host, self.port)
            await asyncio.Event().wait()

    def _take(self) -> None:
        token = _token(self._config.token_file)
        addresses = [] if self._given else _addresses(self._config)
        hosts = [address[0] for _, address in addresses]
        hosts += [each.getsockname()[0] for each in self._given]
        local = all(is_loopback(str(host)) for host in hosts)
        if not local and not token:
            raise ConfigError(
                f"http.host {self._config.host!r} can be reached from other machines, and there "
                "is no token",
                remedy=f"set http.token_file ({TOKEN_REMEDY}), or http.host to 127.0.0.1",
            )
        self._sockets.extend(self._given)
        try:
            for family, address in addresses:
                self._sockets.append(_listening(family, address))
        except OSError as error:
            self._release()
            raise _unusable(self._config, error) from error
        self._guard = Guard(local=local, token=token)

    def _release(self) -> None:
        for listening in self._sockets:
            listening.close()
        self._sockets.clear()
        self._guard = None


def _token(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(
            f"cannot read http.token_file {file}: {reason}", remedy=TOKEN_REMEDY
        ) from error
    return checked_token(text, str(file))


_Address = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


def _addresses(config: Http) -> list[tuple[socket.AddressFamily, _Address]]:
    """Of the configured host, each once; a name may have one of IPv4 and one of IPv6."""
    try:
        found = socket.getaddrinfo(
            config.host or None, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise ConfigError(
            f"there is no address {config.host!r} (http.host): {error.strerror}",
            remedy="take 127.0.0.1, 0.0.0.0, or an address of this machine",
        ) from error
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _listening(family: socket.AddressFamily, address: _Address) -> socket.socket:
    """It listens at once: on Linux, two that only bind would not notice each other."""
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


def _unusable(config: Http, error: OSError) -> Permanent:
    where = f"{config.host}:{config.port}"
    if error.errno == errno.EADDRINUSE:
        return Permanent(
            f"another program has the port of the HTTP API, {where}",
            remedy=f"`ss -ltnp 'sport = :{config.port}'` names it; stop it, or change http.port",
        )
    return Permanent(
        f"cannot listen at {where} for the HTTP API: {error.strerror}",
        remedy="check http.host and http.port; ports below 1024 are the administrator's",
    )
