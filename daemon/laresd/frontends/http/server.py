"""The one file of this box that imports aiohttp: its requests become Calls, and Replies answers.

Every way out of a request passes `_exchange`: a fault is told in OpenAI's form, and one line of the
log tells of the request, without its query, its headers and its bodies.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from laresd.errors import LaresError
from laresd.frontends.http.clients import client_of
from laresd.frontends.http.faults import RETRY_S, Fault, Rejected, fault_of
from laresd.frontends.http.guard import Guard
from laresd.frontends.http.relay import relay
from laresd.frontends.http.traffic import Traffic
from laresd.frontends.http.wire import (
    Account,
    ByteStream,
    Call,
    EventStream,
    Reply,
    Route,
    encoded,
    event,
)
from laresd.ports import Clock
from laresd.rates import TokenBuckets

log = logging.getLogger(__name__)

GONE = 499  # in the log: the client went away before its answer
STOP_S = 0.1  # seconds that answers under way have when the server stops

_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Work = Callable[[Account], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds unless the name says otherwise."""

    body_bytes: int = 1 << 20
    requests_per_minute: int = 600  # of one client; 0: without limit
    at_once: int = 32  # requests with a body
    large_at_once: int = 3  # of those, with one that may be larger than body_bytes
    connections: int = 256
    body_s: float = 30.0  # for a request's body to come
    pause_s: float = 10.0  # without a word of a stream, until a sign of life
    send_s: float = 30.0  # for a client to take what is sent
    idle_s: float = 75.0  # that a connection is kept without a request


class Server:
    """`not_ready`: "" when the daemon is ready, else why it is not."""

    def __init__(
        self, guard: Guard, limits: Limits, clock: Clock, not_ready: Callable[[], str]
    ) -> None:
        self.traffic = Traffic()
        self._guard = guard
        self._limits = limits
        self._clock = clock
        self._not_ready = not_ready
        self._buckets = TokenBuckets(limits.requests_per_minute)
        self._free: frozenset[str] = frozenset()
        self._busy = 0
        self._large = 0
        self._door: _Door | None = None

    @asynccontextmanager
    async def serving(
        self, routes: Sequence[Route], sockets: Sequence[socket.socket]
    ) -> AsyncIterator[None]:
        """Answer on sockets that listen; closes them. Leaving cuts off who is being answered."""
        self._free = frozenset(route.path for route in routes if route.free)

        @web.middleware
        async def exchange(request: web.Request, handler: _Next) -> web.StreamResponse:
            if request.match_info.http_exception is None:
                return await handler(request)  # which goes by _exchange itself
            return await self._exchange(request, "other", lambda account: handler(request))

        app = web.Application(middlewares=[exchange])  # bodies are read by _body
        for route in routes:
            handle = partial(self._handle, route)
            if route.method == "GET":
                app.router.add_get(route.path, handle)  # HEAD, too
            else:
                app.router.add_route(route.method, route.path, handle)
        runner = web.AppRunner(
            app,
            handler_cancellation=True,  # a client that is gone frees what computes for it
            access_log=None,
            keepalive_timeout=self._limits.idle_s,
            shutdown_timeout=STOP_S,
        )
        await runner.setup()
        assert runner.server is not None
        self._door = _Door(runner.server, self._limits)
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(self._door, sock=one) for one in sockets]
        try:
            yield
        finally:
            for server in servers:
                server.close()
            await runner.cleanup()

    async def _exchange(self, request: web.Request, route: str, work: _Work) -> web.StreamResponse:
        account, began, status = Account(), self._clock.now(), GONE
        if self._door is not None:
            self._door.spoke(request.protocol)
        try:
            response = await self._answered(request, lambda: work(account))
            status = GONE if account.gone else response.status
            return response
        finally:
            self.traffic.count(route, status)
            _log(request, status, account, self._clock.now() - began)

    async def _answered(
        self, request: web.Request, work: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            if request.path not in self._free:
                self._let_in(request)
            return await work()
        except LaresError as error:
            return _told(fault_of(error, self._not_ready()))
        except web.HTTPException as error:
            return _told(_router_fault(request, error), dict(error.headers))

    def _let_in(self, request: web.Request) -> None:
        wait = self._buckets.take(client_of(request.remote or ""), self._clock.now())
        if wait:
            raise Rejected(
                "too many requests",
                status=429,
                code="rate_limit_exceeded",
                remedy="ask less often, or raise http.requests_per_minute",
                retry_s=wait,
            )
        self._guard.check(_headers(request))

    async def _handle(self, route: Route, request: web.Request) -> web.StreamResponse:
        async def work(account: Account) -> web.StreamResponse:
            if route.method == "GET":
                return await self._run(route, request, b"", account)
            with self._place(large=bool(route.body_bytes)):
                body = await self._body(request, route.body_bytes or self._limits.body_bytes)
                return await self._run(route, request, body, account)

        return await self._exchange(request, route.path, work)

    async def _run(
        self, route: Route, request: web.Request, body: bytes, account: Account
    ) -> web.StreamResponse:
        said = await route.handler(Call(_headers(request), dict(request.match_info), body, account))
        if isinstance(said, EventStream):
            return await self._stream(request, said, account)
        if isinstance(said, ByteStream):
            return await self._pour(request, said, account)
        return _response(said)

    @contextmanager
    def _place(self, *, large: bool) -> Iterator[None]:
        limits = self._limits
        if self._busy >= limits.at_once or (large and self._large >= limits.large_at_once):
            raise Rejected(
                f"{self._large if large else self._busy} requests are being answered",
                status=503,
                code="overloaded",
                remedy="come again later",
                retry_s=RETRY_S,
            )
        self._busy += 1
        self._large += large
        try:
            yield
        finally:
            self._busy -= 1
            self._large -= large

    async def _body(self, request: web.Request, limit: int) -> bytes:
        """Of what is longer no more is kept than the limit."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_s):
                if (request.content_length or 0) > limit:
                    raise _too_large(limit)
                async for piece in request.content.iter_any():
                    body += piece
                    if len(body) > limit:
                        raise _too_large(limit)
        except TimeoutError:
            raise Rejected(
                f"the body did not come within {self._limits.body_s:g} s",
                status=408,
                code="slow_body",
            ) from None
        except web.RequestPayloadError as error:
            raise Rejected("the body cannot be read", code="invalid_body") from error
        return bytes(body)

    async def _pour(
        self, request: web.Request, stream: ByteStream, account: Account
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": stream.content_type})
        async with aclosing(stream.pieces) as pieces:
            try:
                async for piece in pieces:
                    async with asyncio.timeout(self._limits.send_s):
                        if not response.prepared:
                            await response.prepare(request)
                        await response.write(piece)
                await response.write_eof()
            except LaresError as error:
                if not response.prepared:
                    raise
                log.warning("an answer broke off: %s", error)
                _cut_off(request, account)
            except (OSError, TimeoutError):
                _cut_off(request, account)
        return response

    async def _stream(
        self, request: web.Request, stream: EventStream, account: Account
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-cache",
                "X-Accel-Buffering": "no",  # a proxy before us must not collect them
            }
        )

        async def send(data: bytes) -> None:
            async with asyncio.timeout(self._limits.send_s):
                if not response.prepared:
                    await response.prepare(request)
                await response.write(data)

        pause = self._limits.pause_s
        try:
            try:
                await relay(stream.events, send, clock=self._clock, pause_s=pause)
            except LaresError as error:
                if not response.prepared:
                    raise
                await send(event(fault_of(error, self._not_ready()).form()))
            await response.write_eof()
        except (OSError, TimeoutError):
            _cut_off(request, account)
        return response


class _Door:
    """Makes the protocol of each connection, and bounds how many there are: some clients connect
    and never say anything.
    """

    def __init__(self, server: web.Server, limits: Limits) -> None:
        self._server = server
        self._limits = limits
        self._silent: set[asyncio.Protocol] = set()

    def __call__(self) -> asyncio.Protocol:
        if len(self._server.connections) >= self._limits.connections:
            return _TurnedAway()
        protocol = self._server()
        self._silent.add(protocol)
        asyncio.get_running_loop().call_later(self._limits.idle_s, self._drop, protocol)
        return protocol

    def spoke(self, protocol: asyncio.Protocol) -> None:
        self._silent.discard(protocol)

    def _drop(self, protocol: web.RequestHandler) -> None:
        if protocol in self._silent:
            self._silent.discard(protocol)
            if protocol.transport is not None:
                protocol.transport.abort()


class _TurnedAway(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _cut_off(request: web.Request, account: Account) -> None:
    account.gone = True
    if request.transport is not None:
        request.transport.abort()


def _too_large(limit: int) -> Rejected:
    return Rejected(
        f"the body is too large: {limit >> 10} KiB are taken here (see http.body_limit_kb)",
        status=413,
        code="body_too_large",
    )


def _log(request: web.Request, status: int, account: Account, seconds: float) -> None:
    log.info(
        "%s %s %d %.0f ms%s",
        request.method,
        request.rel_url.raw_path[:200],
        status,
        seconds * 1000.0,
        f", {account.tokens} tokens by {account.where}" if account.where else "",
    )


def _headers(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _response(reply: Reply) -> web.Response:
    headers = {**reply.headers, "Content-Type": reply.content_type}
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def _told(fault: Fault, headers: dict[str, str] | None = None) -> web.Response:
    allow = {"Allow": headers["Allow"]} if headers and "Allow" in headers else {}
    response = _response(
        Reply(fault.status, encoded(fault.form()), headers={**fault.headers(), **allow})
    )
    if fault.status in (408, 413):
        response.force_close()  # the rest of the body is not waited for
    return response


def _router_fault(request: web.Request, error: web.HTTPException) -> Fault:
    path = request.rel_url.raw_path[:80]
    match error.status:
        case 404:
            return Fault(404, "not_found", f"there is no {path} (GET /openapi.json tells what is)")
        case 405:
            return Fault(405, "method_not_allowed", f"{path} does not take {request.method[:20]}")
        case _:
            return Fault(error.status, "http", error.reason)
