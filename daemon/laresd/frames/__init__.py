"""Frames between the daemon and its workers: one JSON line, then the bytes it announces.

The header is a JSON object without newlines; `bytes` (optional) is the length of the payload that
follows the newline. The same shape as Wyoming's events, with a request `id` for many in flight.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from laresd.errors import Permanent, Refused
from laresd.types import Json

MAX_HEADER = 1 << 20  # bytes; a prompt fits, a runaway does not
MAX_PAYLOAD = 64 << 20  # bytes; 30 minutes of audio


@dataclass(frozen=True, slots=True)
class Frame:
    """One message. `op` from the daemon: the request's name. From a worker: ready, progress, part,
    result or error."""

    op: str
    id: int = 0
    body: Mapping[str, Json] = field(default_factory=dict)
    payload: bytes = b""


def encode(frame: Frame) -> bytes:
    """The frame on the wire. Raises Refused for a body that is too long to be read."""
    header = {"op": frame.op, "id": frame.id, "body": dict(frame.body), "bytes": len(frame.payload)}
    line = json.dumps(header, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    if len(line) > MAX_HEADER:
        raise Refused(
            f"the request is too long: {len(line)} bytes; the most is {MAX_HEADER}",
            remedy="ask for less at once",
        )
    return line + frame.payload


def decode_header(line: bytes) -> tuple[Frame, int]:
    """The frame of a header line, without its payload, and the payload's length in bytes.

    Raises Permanent when the line is no header or announces more than MAX_PAYLOAD.
    """
    try:
        header = json.loads(line)
        frame = Frame(str(header["op"]), int(header["id"]), dict(header.get("body") or {}))
        length = int(header.get("bytes", 0))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise Permanent(f"not a frame header: {line[:80]!r}") from error
    if not 0 <= length <= MAX_PAYLOAD:
        raise Permanent(f"a frame of {length} bytes is outside 0 to {MAX_PAYLOAD}")
    return frame, length


class Fields:
    """A frame's body, read by type: a missing or wrong field raises Permanent, naming it."""

    def __init__(self, body: Mapping[str, Json]) -> None:
        self._body = body

    def text(self, key: str, default: str | None = None) -> str:
        value = self._get(key, default)
        return value if isinstance(value, str) else self._wrong(key, "a text")

    def integer(self, key: str, default: int | None = None) -> int:
        value = self._get(key, default)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return self._wrong(key, "a whole number")

    def real(self, key: str, default: float | None = None) -> float:
        value = self._get(key, default)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        return self._wrong(key, "a number")

    def flag(self, key: str, default: bool | None = None) -> bool:
        value = self._get(key, default)
        return value if isinstance(value, bool) else self._wrong(key, "true or false")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when the key is absent."""
        return tuple(
            v if isinstance(v, str) else self._wrong(key, "texts") for v in self._list(key)
        )

    def integers(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers; empty when the key is absent."""
        return tuple(
            v if isinstance(v, int) and not isinstance(v, bool) else self._wrong(key, "numbers")
            for v in self._list(key)
        )

    def rows(self, key: str) -> tuple[Fields, ...]:
        """A list of objects; empty when the key is absent."""
        return tuple(
            Fields(v) if isinstance(v, dict) else self._wrong(key, "objects")
            for v in self._list(key)
        )

    def row(self, key: str) -> Fields | None:
        """An object; None when the key is absent or null."""
        value = self._body.get(key)
        if value is None or isinstance(value, dict):
            return None if value is None else Fields(value)
        return self._wrong(key, "an object")

    def mapping(self, key: str) -> Mapping[str, Json]:
        """An object; empty when the key is absent."""
        value = self._body.get(key, {})
        return value if isinstance(value, dict) else self._wrong(key, "an object")

    def _list(self, key: str) -> list[Json]:
        value = self._body.get(key, [])
        return value if isinstance(value, list) else self._wrong(key, "a list")

    def _get(self, key: str, default: Json) -> Json:
        value = self._body.get(key)
        return default if value is None else value

    def _wrong(self, key: str, wanted: str) -> NoReturn:
        raise Permanent(f"field {key!r} must be {wanted}, not {self._body.get(key)!r:.80}")
