"""Records become entries of systemd's journal, with fields of their own, and none is lost."""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.journal import FIELDS, JournalHandler, entry, is_journal


class Journald:
    """The other end of the socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def taken(self) -> dict[str, str]:
        return parsed(self._socket.recv(1 << 16))

    def close(self) -> None:
        self._socket.close()


def parsed(data: bytes) -> dict[str, str]:
    """As journald reads it."""
    fields = {}
    while data:
        line, _, rest = data.partition(b"\n")
        name, plain, value = line.partition(b"=")
        if not plain:
            (length,) = struct.unpack("<Q", rest[:8])
            value, data = rest[8 : 8 + length], rest[8 + length + 1 :]
        else:
            data = rest
        fields[name.decode()] = value.decode()
    return fields


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[Journald]:
    listening = Journald(tmp_path / "journal")
    yield listening
    listening.close()


def record(message: str, level: int = logging.INFO, **fields: str) -> logging.LogRecord:
    made = logging.LogRecord("laresd.app", level, "file", 1, message, None, None)
    setattr(made, FIELDS, fields)
    return made


def test_a_record_is_an_entry_with_its_fields(journald: Journald, tmp_path: Path) -> None:
    handler = JournalHandler(logging.NullHandler(), tmp_path / "journal")
    handler.handle(record("turn=7", LARES_TURN="7", LARES_STAGE_MS_ECHO="41"))
    handler.close()
    assert journald.taken() == {
        "MESSAGE": "turn=7",
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "laresd",
        "LOGGER": "laresd.app",
        "LARES_TURN": "7",
        "LARES_STAGE_MS_ECHO": "41",
    }


@pytest.mark.parametrize(
    ("level", "priority"),
    [(logging.DEBUG, "7"), (logging.WARNING, "4"), (logging.ERROR, "3"), (logging.CRITICAL, "2")],
)
def test_levels_are_the_journals(level: int, priority: str) -> None:
    assert parsed(entry(record("x", level), "x"))["PRIORITY"] == priority


@given(st.text(), st.text())
def test_no_text_can_add_a_field(message: str, value: str) -> None:
    found = parsed(entry(record("", LARES_TURN=value), message))
    assert set(found) == {"MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "LOGGER", "LARES_TURN"}
    assert found["MESSAGE"] == message.encode(errors="replace").decode()


@pytest.mark.parametrize("name", ["_UID", "lower", "A=B", "A\nMESSAGE", "", "A" * 65])
def test_a_name_that_is_none_of_a_programs_is_left_out(name: str) -> None:
    made = record("")
    setattr(made, FIELDS, {name: "x"})
    assert set(parsed(entry(made, "m"))) == {
        "MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "LOGGER",
    }  # fmt: skip


def test_what_a_journal_that_is_gone_does_not_take_is_written_elsewhere(tmp_path: Path) -> None:
    lines = StringIO()
    handler = JournalHandler(logging.StreamHandler(lines), tmp_path / "gone")
    handler.handle(record("still told"))
    handler.close()
    assert lines.getvalue() == "still told\n"


def test_an_entry_too_long_for_a_datagram_is_written_elsewhere(
    journald: Journald, tmp_path: Path
) -> None:
    lines = StringIO()
    handler = JournalHandler(logging.StreamHandler(lines), tmp_path / "journal")
    handler.handle(record("x" * (8 << 20)))
    handler.close()
    assert len(lines.getvalue()) > 8 << 20


def test_a_stream_is_the_journal_when_systemd_says_which_one_is(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as stream:
        status = (tmp_path / "stream").stat()
        told = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert is_journal(stream, told)
        assert not is_journal(stream, {"JOURNAL_STREAM": "1:1"})
        assert not is_journal(stream, {})
    assert not is_journal(StringIO(), told)
