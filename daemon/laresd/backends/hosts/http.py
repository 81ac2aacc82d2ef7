"""HTTP to one host: one session, its token, its certificate. Only this file imports aiohttp.

Nothing is followed elsewhere, kept as a cookie or sent through a proxy. With a fingerprint the
certificate is compared before the first byte of a request goes out, the token included.
"""

from __future__ import annotations

import asyncio
import io
import json
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Self

import aiohttp

from laresd.backends.hosts import faults
from laresd.backends.hosts.sse import EventReader
from laresd.backends.hosts.tls import fingerprint_bytes
from laresd.errors import DeadlineExceeded, LaresError, Permanent
from laresd.types import Json

CONNECT_S = 1.0  # a LAN answers in milliseconds; a host that is off does not answer at all
MAX_BODY = 64 << 20  # bytes of an answer that is not a stream; a picture fits
SIDE_BY_SIDE = 64  # connections

EVENTS = "text/event-stream"
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 2), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 3))
_UNHEARD_MS = 5000  # sent bytes that nobody acknowledges end the connection


@dataclass(frozen=True, slots=True)
class Address:
    """Where a host is and how it is spoken to. `host`: its name in the configuration. `url`: with
    or without a path; a path of "/v1" may be left out. `fingerprint`: SHA-256 of its certificate,
    in hexadecimal; "": an authority that this machine trusts must have signed it.
    """

    host: str
    url: str
    token_file: Path | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `seconds`: from the request to its end, on a connection that stands."""

    status: int
    content_type: str  # without parameters, in lower case
    body: bytes
    seconds: float

    @property
    def ok(self) -> bool:
        return self.status == HTTPStatus.OK


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in a form."""

    name: str
    content: bytes
    content_type: str


class HttpClient:
    """Requests to one host, inside `async with`; each has a connection of its own, since a server
    may hang up on one that waits for its next request just when that is sent.

    Every method raises Temporary (not reachable, lost, DeadlineExceeded) or Permanent (the token,
    the certificate, a redirect). Deadlines are on the event loop's clock.
    """

    def __init__(self, address: Address) -> None:
        """Raises Permanent for an address or a fingerprint that cannot be."""
        self.host = address.host
        self._base = _base(address)
        self._token_file = address.token_file
        self._token: str | None = None
        digest = fingerprint_bytes(address.fingerprint)
        self._ssl: aiohttp.Fingerprint | bool = aiohttp.Fingerprint(digest) if digest else True
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=SIDE_BY_SIDE, ssl=self._ssl, force_close=True, socket_factory=_socket
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            headers={"Accept-Encoding": "identity", "User-Agent": "lares"},
            trace_configs=[_stopwatches()],
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(self, path: str, *, deadline: float) -> Answer:
        """The answer, whatever its status (but for those of the token and redirects)."""
        return await self._whole("GET", path, None, deadline)

    async def post(self, path: str, body: Mapping[str, Json], *, deadline: float) -> Answer:
        """The same, for a JSON object that is sent."""
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        return await self._whole("POST", path, data, deadline)

    async def post_form(
        self, path: str, fields: Mapping[str, str | Upload], *, deadline: float
    ) -> Answer:
        """The same, for a form (multipart/form-data)."""
        form = aiohttp.FormData()
        for name, value in fields.items():
            if isinstance(value, Upload):
                content = io.BytesIO(value.content)  # bytes of a megabyte would hold up the loop
                form.add_field(name, content, filename=value.name, content_type=value.content_type)
            else:
                form.add_field(name, value)
        return await self._whole("POST", path, form, deadline)

    def refusal(self, answer: Answer) -> LaresError:
        """The error for an answer that is not a success."""
        return faults.refusal(self.host, answer.status, answer.body, secret=self._token or "")

    def reported(self, error: Json) -> LaresError:
        """The error for a message of one in the middle of a stream."""
        return faults.reported(self.host, error, secret=self._token or "")

    def json(self, answer: Answer) -> Json:
        """What a successful answer holds. Raises what `refusal` gives, and Temporary where it
        holds something else than JSON.
        """
        if not answer.ok:
            raise self.refusal(answer)
        try:
            value: Json = json.loads(answer.body)
        except (ValueError, RecursionError):
            kind = answer.content_type or "nothing known"
            raise faults.no_answer(self.host, f"{kind} in place of JSON") from None
        return value

    async def events(
        self, path: str, body: Mapping[str, Json], *, deadline: float
    ) -> AsyncGenerator[bytes, None]:
        """The data of each server-sent event that answers, as it comes. It ends with the stream;
        closing it ends the connection. Raises Temporary for what is no such stream, too.
        """
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        reader = EventReader()
        watch = _Stopwatch()
        async with self._response("POST", path, data, deadline, watch) as response:
            if response.status != HTTPStatus.OK or response.content_type.lower() != EVENTS:
                raise self._no_stream(await self._answer(response, deadline, watch))
            async with aclosing(self._pieces(response, deadline)) as pieces:
                async for piece in pieces:
                    try:
                        found = reader.feed(piece)
                    except ValueError as error:
                        raise faults.no_answer(self.host, str(error)) from None
                    for event in found:
                        yield event

    def _no_stream(self, answer: Answer) -> LaresError:
        if not answer.ok:
            return self.refusal(answer)
        if answer.content_type == "application/json" and b'"error"' in answer.body[:4096]:
            said = faults.saying(answer.body, secret=self._token or "")
            return faults.no_answer(self.host, said)
        kind = answer.content_type or "nothing known"
        return faults.no_answer(self.host, f"{kind} in place of a stream of events")

    async def _whole(
        self, method: str, path: str, data: bytes | aiohttp.FormData | None, deadline: float
    ) -> Answer:
        watch = _Stopwatch()
        async with self._response(method, path, data, deadline, watch) as response:
            return await self._answer(response, deadline, watch)

    async def _answer(
        self, response: aiohttp.ClientResponse, deadline: float, watch: _Stopwatch
    ) -> Answer:
        body = bytearray()
        async with aclosing(self._pieces(response, deadline)) as pieces:
            async for piece in pieces:
                body += piece
                if len(body) > MAX_BODY:
                    what = f"an answer of more than {MAX_BODY >> 20} MiB"
                    raise faults.no_answer(self.host, what)
        kind = response.content_type.lower()
        return Answer(response.status, kind, bytes(body), watch.seconds())

    @asynccontextmanager
    async def _response(
        self,
        method: str,
        path: str,
        data: bytes | aiohttp.FormData | None,
        deadline: float,
        watch: _Stopwatch,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer whose head has come. It is hung up on where it is not read to its end."""
        headers = await self._headers(data)
        async with self._in_time(deadline):
            response = await self._open().request(
                method,
                self._base + path,
                data=data,
                headers=headers,
                allow_redirects=False,
                trace_request_ctx=watch,
            )
        try:
            if faults.denied(response.status):
                self._token = None  # the file may hold another one by the next request
                raise faults.refusal(self.host, response.status, b"")
            if 300 <= response.status < 400:
                raise faults.refusal(self.host, response.status, b"")
            yield response
        finally:
            if not response.content.at_eof():
                response.close()
            response.release()

    async def _pieces(
        self, response: aiohttp.ClientResponse, deadline: float
    ) -> AsyncGenerator[bytes, None]:
        while True:
            async with self._in_time(deadline):
                piece = await response.content.readany()
            if not piece:
                return
            yield piece

    @asynccontextmanager
    async def _in_time(self, deadline: float) -> AsyncIterator[None]:
        """What the network does, in the errors of the ports."""
        try:
            async with asyncio.timeout_at(deadline) as limit:
                yield
        except aiohttp.ServerFingerprintMismatch:
            raise faults.other_certificate(self.host) from None
        except aiohttp.ClientPayloadError:
            raise faults.broke_off(self.host) from None
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, TimeoutError) and limit.expired():
                raise DeadlineExceeded(f"the host {self.host} did not answer in time") from None
            if isinstance(error, aiohttp.ServerDisconnectedError):
                error = ConnectionResetError()
            raise faults.unreachable(self.host, error) from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise Permanent(f"the connection to the host {self.host} was closed")
        return self._session

    async def _headers(self, data: bytes | aiohttp.FormData | None) -> dict[str, str]:
        headers = {"Content-Type": "application/json"} if isinstance(data, bytes) else {}
        if self._token_file is not None:
            if self._token is None:
                self._token = await asyncio.to_thread(_read_token, self.host, self._token_file)
            headers["Authorization"] = f"Bearer {self._token}"
        return headers


class _Stopwatch:
    """Runs from the moment at which a connection stands."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        self._begun = time.perf_counter()

    def seconds(self) -> float:
        return time.perf_counter() - self._begun


def _stopwatches() -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(_connected)
    return trace


async def _connected(
    session: aiohttp.ClientSession,
    context: SimpleNamespace,
    told: aiohttp.TraceConnectionCreateEndParams,
) -> None:
    watch: _Stopwatch = context.trace_request_ctx
    watch.start()


def _base(address: Address) -> str:
    """The address without what comes from the paths of the APIs."""
    base = address.url.rstrip("/").removesuffix("/v1")
    if not base.startswith(("http://", "https://")):
        raise Permanent(
            f"the address of the host {address.host} is not one of http or https",
            remedy=f"set hosts.{address.host}.url, e.g. http://192.168.1.20:8080",
        )
    if address.fingerprint and not base.startswith("https://"):
        raise Permanent(
            f"the host {address.host} has a fingerprint, and an address without TLS",
            remedy=f"write https:// in hosts.{address.host}.url",
        )
    return base


def _read_token(host: str, file: Path) -> str:
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Permanent(
            f"the token of the host {host} cannot be read from {file}: {why}",
            remedy="check the path, and that this user may read it",
        ) from None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise Permanent(
            f"the file {file} holds no token",
            remedy="it has one line: the key that the server was started with",
        )
    return token


def _socket(address: tuple[object, ...]) -> socket.socket:
    """A socket that notices a host which is gone; `address`: an entry of getaddrinfo."""
    family, kind, protocol = address[:3]
    made = socket.socket(family, kind, protocol)  # type: ignore[arg-type]  # getaddrinfo's
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        made.setsockopt(socket.IPPROTO_TCP, option, value)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNHEARD_MS)
    return made
