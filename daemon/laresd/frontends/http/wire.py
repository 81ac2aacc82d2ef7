"""What goes between the server and the handlers: calls, replies, streams of events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from laresd.types import EMPTY, Json

JSON = "application/json"
DONE = b"data: [DONE]\n\n"  # how a stream of OpenAI's ends


@dataclass(slots=True)
class Account:
    """What the access log tells of a call when it has ended; its handler fills it in. `gone`: the
    client did not take its stream to the end.
    """

    where: str = ""
    tokens: int = 0
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `headers` by their names in small letters; `variables`: those of the path."""

    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    variables: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    body: bytes = b""
    account: Account = field(default_factory=Account)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class EventStream:
    """Server-sent events as bytes. What is raised before the first is answered as a status; after
    it, as a last event. The generator is closed however the call ends.
    """

    events: AsyncGenerator[bytes, None]


@dataclass(frozen=True, slots=True)
class ByteStream:
    """A body that comes piece by piece. What is raised before the first is answered as a status;
    after it, the connection is cut, so that nobody takes it for the whole. The generator is closed
    however the call ends.
    """

    pieces: AsyncGenerator[bytes, None]
    content_type: str


Handler = Callable[[Call], Awaitable[Reply | EventStream | ByteStream]]


@dataclass(frozen=True, slots=True)
class Route:
    """`path` may have variables: `{name}`, or `{name:regex}`. `free`: for everybody, without a
    token and however often. `body_bytes`: what a body may have, where it is more than elsewhere;
    of such large ones only few are taken at once.
    """

    method: str
    path: str
    handler: Handler
    free: bool = False
    body_bytes: int = 0


def encoded(form: Json) -> bytes:
    """JSON in UTF-8; half a surrogate pair, which JSON can write and UTF-8 cannot, becomes `?`."""
    return json.dumps(form, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def event(form: Json) -> bytes:
    """One server-sent event."""
    return b"data: " + encoded(form) + b"\n\n"


def header_text(words: str) -> str:
    """Words as a header can carry them: printable ASCII, at most 200 characters."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in words[:200])
