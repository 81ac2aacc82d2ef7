"""systemd is told when the daemon serves, and gets signs of life while its work goes on."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from laresd.backends.systemd import ServiceManager, inherited
from tests.fakes.virtual_time import virtual_time


class Systemd:
    """The other end of the socket."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        self._socket.setblocking(False)

    def told(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    listening = Systemd(str(tmp_path / "notify"))
    yield listening
    listening.close()


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(tmp_path / "notify"), **more}


def test_it_is_told_what_the_daemon_does(systemd: Systemd, tmp_path: Path) -> None:
    with ServiceManager(environment(tmp_path)) as manager:
        manager.ready("12 devices")
        manager.status("hearing\nnothing")
        manager.stopping()
    assert systemd.told() == ["READY=1\nSTATUS=12 devices", "STATUS=hearing nothing", "STOPPING=1"]


def test_a_reload_says_when_it_began(systemd: Systemd, tmp_path: Path) -> None:
    with ServiceManager(environment(tmp_path)) as manager:
        manager.reloading()
    (told,) = systemd.told()
    first, second = told.split("\n")
    assert first == "RELOADING=1"
    name, _, microseconds = second.partition("=")
    assert name == "MONOTONIC_USEC"
    assert int(microseconds) > 0


def test_an_abstract_socket_is_found(tmp_path: Path) -> None:
    name = f"lares-{tmp_path.name}"
    listening = Systemd("\0" + name)
    with ServiceManager({"NOTIFY_SOCKET": "@" + name}) as manager:
        manager.ready("up")
    assert listening.told() == ["READY=1\nSTATUS=up"]
    listening.close()


def test_without_systemd_nothing_happens() -> None:
    with ServiceManager({}) as manager:
        manager.ready("up")


def test_a_systemd_that_is_gone_does_no_harm(tmp_path: Path) -> None:
    with ServiceManager(environment(tmp_path)) as manager:
        manager.ready("up")


@virtual_time
async def watched(tmp_path: Path, stuck: str, seconds: float, **more: str) -> None:
    with ServiceManager(environment(tmp_path, **more), pid=7) as manager:
        watching = asyncio.create_task(manager.watch(lambda: stuck))
        await asyncio.sleep(seconds)
        watching.cancel()


def test_signs_of_life_come_four_times_as_often_as_they_must(
    systemd: Systemd, tmp_path: Path
) -> None:
    watched(tmp_path, "", 19.0, WATCHDOG_USEC="20000000", WATCHDOG_PID="7")
    assert systemd.told() == ["WATCHDOG=1"] * 4


def test_none_come_while_something_is_stuck(
    systemd: Systemd, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched(tmp_path, "the microphone's sound is not heard", 19.0, WATCHDOG_USEC="20000000")
    assert systemd.told() == []
    assert caplog.text.count("the microphone's sound is not heard") == 1


@pytest.mark.parametrize(
    "more", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "8"}]
)
def test_none_come_when_nobody_watches_this_process(
    systemd: Systemd, tmp_path: Path, more: dict[str, str]
) -> None:
    watched(tmp_path, "", 100.0, **more)
    assert systemd.told() == []


def test_listening_sockets_are_taken_by_their_name() -> None:
    handed = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    copies = _from_three_on(handed)
    environment = {"LISTEN_PID": "7", "LISTEN_FDS": str(len(copies)), "LISTEN_FDNAMES": "a:http"}
    (taken,) = inherited("http", environment, pid=7, first=copies[0])
    with taken:
        assert taken.getsockname() == handed[1].getsockname()
        assert not taken.get_inheritable() and not taken.getblocking()
    os.close(copies[0])
    for each in handed:
        each.close()


def _from_three_on(handed: list[socket.socket]) -> list[int]:
    """Descriptors of them that follow each other, as systemd's do."""
    first = fcntl.fcntl(handed[0].fileno(), fcntl.F_DUPFD, 100)
    os.dup2(handed[1].fileno(), first + 1)
    return [first, first + 1]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LISTEN_PID": "8", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "http"},
        {"LISTEN_PID": "7", "LISTEN_FDS": "many", "LISTEN_FDNAMES": "http"},
        {"LISTEN_PID": "7", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "wyoming"},
        {"LISTEN_PID": "7", "LISTEN_FDS": "1"},
    ],
)
def test_nothing_is_taken_that_is_not_meant(environment: dict[str, str]) -> None:
    assert inherited("http", environment, pid=7) == []
