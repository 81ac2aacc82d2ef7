"""A command's side of the control socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from laresd.config import SERVICE_RUNTIME_DIR, Config
from laresd.errors import Permanent, Temporary, from_kind
from laresd.types import Json

TIMEOUT = 120.0  # seconds without a line


class DaemonAway(Temporary):
    """No laresd answers on the control socket."""


def parts(
    config: Config, fields: Mapping[str, Json], payload: bytes = b""
) -> Iterator[dict[str, Json]]:
    """The parts of a running daemon's answer, as they come.

    Raises DaemonAway when there is no daemon, or it goes away; else what the daemon raises.
    """
    header = {**fields, "bytes": len(payload)} if payload else dict(fields)
    with _connected(config.control_socket) as connection, connection.makefile("rb") as lines:
        try:
            connection.sendall(json.dumps(header, ensure_ascii=False).encode() + b"\n" + payload)
            yield from _answer(lines)
        except TimeoutError as error:
            raise Temporary(
                f"laresd has said nothing for {TIMEOUT:.0f} s", remedy="see its log, restart it"
            ) from error
        except ConnectionError as error:
            raise DaemonAway(
                "laresd went away in the middle of it", remedy="see its log"
            ) from error


def _answer(lines: Iterable[bytes]) -> Iterator[dict[str, Json]]:
    for raw in lines:
        line = json.loads(raw)
        if "error" in line:
            error = line["error"]
            raise from_kind(error["kind"], error["message"], error["remedy"])
        if "end" in line:
            return
        yield line["part"]
    raise ConnectionResetError


@contextmanager
def _connected(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT)
        try:
            connection.connect(str(path))
        except PermissionError as error:
            raise Permanent(
                f"this user may not talk to laresd ({path})",
                remedy="type sudo before it, or run it as laresd's user",
            ) from error
        except OSError as error:
            service = Path(SERVICE_RUNTIME_DIR)
            if service.is_dir() and path.parent != service:
                what = "no laresd of this user is running; the one of this machine is a service"
                raise DaemonAway(what, remedy="type sudo before it") from error
            raise DaemonAway(
                "laresd is not running",
                remedy="start it with: make run, or systemctl start laresd",
            ) from error
        yield connection
