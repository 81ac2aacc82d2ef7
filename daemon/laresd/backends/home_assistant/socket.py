"""One connection to Home Assistant's websocket API. Only this file of the box imports aiohttp.

Source: https://developers.home-assistant.io/docs/api/websocket/: after `auth` each command has an
id, and its result comes with it; events come with the id of their subscription. It gives states and
changes as they happen, where REST would have to be asked again and again.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from laresd.backends.home_assistant.reading import Row, row, text
from laresd.config import HomeAssistant
from laresd.errors import ConfigError, DeadlineExceeded, LaresError, Permanent, Temporary
from laresd.types import Json

CONNECT_S = 5.0
ANSWER_S = 10.0  # for what is read; a service has its own deadline
HEARTBEAT_S = 15.0  # a Home Assistant that is gone without a word is noticed in about that time
MAX_MESSAGE = 64 << 20  # bytes: get_states of a large home
MAX_ERROR = 200  # characters of what Home Assistant says

OnEvent = Callable[[str, Row], None]
"""(event type, data)"""


class HomeAssistantSocket:
    """Made by `connected`; usable until its block ends."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, on_event: OnEvent) -> None:
        self._socket = socket
        self._on_event = on_event
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}

    async def read(self) -> None:
        """Hand on what comes in, until the connection ends. Raises Temporary then."""
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(message.data)
        finally:
            for answer in self._waiting.values():
                answer.cancel()
        raise Temporary("the connection to Home Assistant was lost")

    async def ask(self, command: str, *, deadline: float | None = None, **fields: Json) -> Json:
        """The result of a command; `deadline` on the loop's clock, None: ANSWER_S from now.

        Raises Permanent for what Home Assistant refuses, Temporary when the connection ends first,
        DeadlineExceeded.
        """
        loop = asyncio.get_running_loop()
        number = next(self._ids)
        answer: asyncio.Future[Json] = loop.create_future()
        self._waiting[number] = answer
        try:
            async with asyncio.timeout_at(deadline or loop.time() + ANSWER_S):
                await self._socket.send_str(json.dumps({"id": number, "type": command, **fields}))
                return await asyncio.shield(answer)
        except TimeoutError:
            raise DeadlineExceeded("Home Assistant did not answer in time") from None
        except (aiohttp.ClientError, ConnectionError):
            raise Temporary("the connection to Home Assistant was lost") from None
        except asyncio.CancelledError:
            if answer.cancelled():
                raise Temporary("the connection to Home Assistant was lost") from None
            raise
        finally:
            self._waiting.pop(number, None)
            answer.cancel()

    def _take(self, data: str) -> None:
        try:
            message = row(json.loads(data))
        except (ValueError, RecursionError):
            return
        if text(message, "type") == "event":
            event = row(message.get("event"))
            self._on_event(text(event, "event_type"), row(event.get("data")))
            return
        number = message.get("id")
        answer = self._waiting.get(number) if isinstance(number, int) else None
        if answer is None or answer.done():
            return
        if message.get("success") is True:
            answer.set_result(message.get("result"))
        else:
            answer.set_exception(_refusal(row(message.get("error"))))


@asynccontextmanager
async def connected(
    settings: HomeAssistant, on_event: OnEvent
) -> AsyncIterator[HomeAssistantSocket]:
    """A connection that has been let in; `read` must run in the block.

    Raises Temporary (not reachable) or Permanent (the address, the token).
    """
    address = socket_url(settings.url)
    token = await asyncio.to_thread(_token, settings.token_file)
    async with aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as http:
        socket = await _open(http, address, settings.url)
        try:
            await _let_in(socket, token)
            yield HomeAssistantSocket(socket, on_event)
        finally:
            await socket.close()


def check(settings: HomeAssistant) -> None:
    """Raises ConfigError for an address that is none, and where the token's file is not named."""
    socket_url(settings.url)
    if settings.token_file is None:
        raise ConfigError(
            "home_assistant.url needs home_assistant.token_file",
            remedy="make a long-lived access token in your profile of Home Assistant",
        )


def socket_url(url: str) -> str:
    """Raises ConfigError for an address that is none."""
    scheme, separator, rest = url.rstrip("/").partition("://")
    if not separator or scheme not in ("http", "https") or not rest:
        raise ConfigError(
            "home_assistant.url is not an address of http or https",
            remedy='write it like "http://homeassistant.local:8123"',
        )
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/api/websocket"


async def _open(
    http: aiohttp.ClientSession, address: str, url: str
) -> aiohttp.ClientWebSocketResponse:
    try:
        async with asyncio.timeout(CONNECT_S):
            return await http.ws_connect(
                address, heartbeat=HEARTBEAT_S, max_msg_size=MAX_MESSAGE, autoclose=True
            )
    except aiohttp.WSServerHandshakeError as error:
        raise Temporary(
            f"Home Assistant at {url} does not open its websocket ({error.status})",
            remedy="check home_assistant.url; it may still be starting",
        ) from None
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        why = "it does not answer" if isinstance(error, TimeoutError) else _why(error)
        raise Temporary(
            f"Home Assistant at {url} cannot be reached: {why}", remedy="check home_assistant.url"
        ) from None


def _why(error: Exception) -> str:
    cause = getattr(error, "os_error", error)
    return getattr(cause, "strerror", None) or type(error).__name__


async def _let_in(socket: aiohttp.ClientWebSocketResponse, token: str) -> None:
    """Raises Permanent for a token that is not accepted."""
    try:
        async with asyncio.timeout(ANSWER_S):
            first = row(await socket.receive_json())
            if text(first, "type") == "auth_required":
                await socket.send_str(json.dumps({"type": "auth", "access_token": token}))
                first = row(await socket.receive_json())
    except (aiohttp.ClientError, TypeError, ValueError, TimeoutError, ConnectionError):
        raise Temporary("Home Assistant does not let this box in: it broke off") from None
    if text(first, "type") != "auth_ok":
        raise Permanent(
            "Home Assistant does not accept the token",
            remedy="make a long-lived access token in your profile there, and put it into "
            "home_assistant.token_file",
        )


def _token(file: Path | None) -> str:
    if file is None:
        raise ConfigError("home_assistant.token_file is not set")
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Permanent(
            f"the token of Home Assistant cannot be read from {file}: {why}",
            remedy="check the path, and that this user may read it",
        ) from None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise Permanent(f"the file {file} holds no token", remedy="it has one line: the token")
    return token


def _refusal(error: Mapping[str, Json]) -> LaresError:
    said = " ".join(text(error, "message").split())[:MAX_ERROR]
    return Permanent(
        f"Home Assistant refused it: {said or text(error, 'code') or 'without a word'}"
    )
