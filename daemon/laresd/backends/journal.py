"""Log records as entries of systemd's journal, with fields of their own.

The format is systemd's "Native Journal Protocol" (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram
of NAME=value lines; a value with a line break is its length, 64 bits little-endian, and its bytes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

SOCKET = Path("/run/systemd/journal/socket")
FIELDS = "journal_fields"  # of a record: a Mapping[str, str], by logging's `extra`

_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")  # as journald takes them from a program


def is_journal(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether what is written to a stream goes to the journal (JOURNAL_STREAM, systemd.exec(5))."""
    device, _, inode = environment.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))


class JournalHandler(logging.Handler):
    """Hands records to the journal; what it does not take goes to the other handler."""

    def __init__(self, otherwise: logging.Handler, path: Path = SOCKET) -> None:
        super().__init__()
        self._otherwise, self._path = otherwise, str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def emit(self, record: logging.LogRecord) -> None:
        """Never waits: a journal that is full or gone costs the fields, not the line."""
        try:
            self._socket.sendto(entry(record, self.format(record)), self._path)
        except OSError:
            self._otherwise.handle(record)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()
        super().close()


def entry(record: logging.LogRecord, message: str) -> bytes:
    """One entry. Fields of the record whose names are none of a program's are left out."""
    priority = next((said for level, said in _PRIORITIES if record.levelno >= level), _DEBUG)
    fields = {
        "MESSAGE": message,
        "PRIORITY": str(priority),
        "SYSLOG_IDENTIFIER": "laresd",
        "LOGGER": record.name,
    }
    own = getattr(record, FIELDS, None)
    if isinstance(own, Mapping):
        fields |= {name: str(value) for name, value in own.items() if _NAME.fullmatch(name)}
    return b"".join(_field(name, value) for name, value in fields.items())


def _field(name: str, value: str) -> bytes:
    data = value.encode(errors="replace")
    if b"\n" not in data:
        return name.encode() + b"=" + data + b"\n"
    return name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
