"""The kernel's alarm for memory, on its own file and on pipes that play it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from laresd.backends.board.pressure import TRIGGER, Trigger, available_of, stall_of
from laresd.types import Stall

PRESSURE = Path("/proc/pressure/memory")


def never() -> None:
    raise AssertionError


def test_a_line_of_the_kernels() -> None:
    told = "some avg10=1.50 avg60=0 avg300=0 total=1\nfull avg10=0.25 avg60=0 avg300=0 total=1\n"
    assert stall_of(told) == Stall(1.5, 0.25)
    assert stall_of(told.splitlines()[0]) == Stall(1.5, 0.0)
    assert stall_of("") is None


@pytest.mark.parametrize(
    "text", ["", "MemTotal: 0 kB\nMemAvailable: 1 kB\n", "MemTotal: x\nMemAvailable: 1\n"]
)
def test_memory_that_is_not_told(text: str) -> None:
    assert available_of(text) is None


async def test_the_kernel_takes_the_trigger_where_it_may_be_asked() -> None:
    with Trigger(never, environment={}) as trigger:
        if not trigger.armed:
            pytest.skip("this kernel, or this user, may not watch memory")
    assert not trigger.armed


async def test_where_there_is_no_file_nothing_is_called(tmp_path: Path) -> None:
    with Trigger(never, environment={}, file=tmp_path / "absent") as trigger:
        assert not trigger.armed


async def test_what_cannot_be_waited_for_is_not_armed(tmp_path: Path) -> None:
    file = tmp_path / "pressure"
    file.touch()  # a regular file has no events: epoll refuses it
    with Trigger(never, environment={}, file=file) as trigger:
        assert not trigger.armed
    assert file.read_bytes() == TRIGGER


async def test_systemd_names_the_file_and_what_is_written_to_it(tmp_path: Path) -> None:
    file = tmp_path / "memory.pressure"
    file.touch()
    words = b"some 150000 2000000\0"
    told = {
        "MEMORY_PRESSURE_WATCH": str(file),
        "MEMORY_PRESSURE_WRITE": base64.b64encode(words).decode(),
    }
    with Trigger(never, environment=told):
        pass
    assert file.read_bytes() == words


async def test_systemds_word_for_not_watched_is_heeded() -> None:
    with Trigger(never, environment={"MEMORY_PRESSURE_WATCH": "/dev/null"}) as trigger:
        assert not trigger.armed
