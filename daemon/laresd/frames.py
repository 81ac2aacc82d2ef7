"""Frames between the daemon and its workers: one JSON line, then the bytes it announces.

The header is a JSON object without newlines; `bytes` (optional) is the length of the payload that
follows the newline. The same shape as Wyoming's events, with a request `id` for many in flight.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from laresd.errors import Permanent
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
    """The frame on the wire."""
    header = {"op": frame.op, "id": frame.id, "body": dict(frame.body), "bytes": len(frame.payload)}
    return json.dumps(header, ensure_ascii=False).encode() + b"\n" + frame.payload


def decode_header(line: bytes) -> tuple[Frame, int]:
    """The frame of a header line, without its payload, and the payload's length in bytes.

    Raises Permanent when the line is no header or announces more than MAX_PAYLOAD.
    """
    try:
        header = json.loads(line)
        frame = Frame(str(header["op"]), int(header["id"]), dict(header.get("body") or {}))
        length = int(header.get("bytes", 0))
    except (ValueError, KeyError, TypeError) as error:
        raise Permanent(f"not a frame header: {line[:80]!r}") from error
    if not 0 <= length <= MAX_PAYLOAD:
        raise Permanent(f"a frame of {length} bytes is outside 0 to {MAX_PAYLOAD}")
    return frame, length
