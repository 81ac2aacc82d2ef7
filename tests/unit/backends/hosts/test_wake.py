"""A host's power: what wakes it goes out as a real packet, what puts it to sleep is a command."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.hosts.wake import COPIES, LAST_WORDS, Waker, mac_bytes, magic_packet
from laresd.config import HostSettings
from laresd.errors import ConfigError, Permanent, Temporary

MAC = "3c:7c:3f:00:a1:b2"


def host(*command: str, mac: str = MAC) -> HostSettings:
    return HostSettings(url="http://127.0.0.1:8080", mac=mac, rest_command=command)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


@given(st.binary(min_size=6, max_size=6), st.sampled_from([":", "-", ""]), st.booleans())
def test_the_address_of_a_card_may_be_written_in_every_usual_way(
    address: bytes, between: str, upper: bool
) -> None:
    written = between.join(f"{byte:02x}" for byte in address)
    written = written.upper() if upper else written
    if address in (b"\x00" * 6, b"\xff" * 6):
        with pytest.raises(ConfigError):
            mac_bytes(written)
    else:
        assert mac_bytes(written) == address


@pytest.mark.parametrize(
    "mac", ["", "tower", "3c:7c:3f:00:a1", "3c:7c:3f:00:a1:b2:c3", "3c:7c-3f:00:a1:b2", "zz" * 6]
)
def test_what_is_no_address_of_a_card_is_said_with_an_example(mac: str) -> None:
    with pytest.raises(ConfigError, match="aa:bb:cc:dd:ee:ff"):
        magic_packet(mac)


class Card(asyncio.DatagramProtocol):
    """The network card of a host that sleeps."""

    def __init__(self) -> None:
        self.seen: asyncio.Queue[tuple[bytes, object]] = asyncio.Queue(16)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        self.seen.put_nowait((data, addr[0]))


@contextlib.asynccontextmanager
async def card(address: str) -> AsyncIterator[tuple[Card, int]]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        Card, local_addr=(address, 0), allow_broadcast=True
    )
    with contextlib.closing(transport):
        yield protocol, transport.get_extra_info("sockname")[1]


@pytest.mark.parametrize("broadcast", ["127.0.0.1", "127.255.255.255", "255.255.255.255"])
async def test_the_packet_is_received_from_the_network_that_leads_to_the_host(
    broadcast: str,
) -> None:
    async with card("0.0.0.0") as (asleep, port):
        await Waker("tower", host(), broadcast=broadcast, port=port).wake()
        async with asyncio.timeout(30):
            packets = [await asleep.seen.get() for _ in range(COPIES)]
    packet = b"\xff" * 6 + bytes.fromhex("3c7c3f00a1b2") * 16
    assert set(packets) == {(packet, "127.0.0.1")}


async def test_a_host_whose_card_is_not_known_cannot_be_woken() -> None:
    with pytest.raises(Permanent, match=r"tower.*hosts\.tower"):
        await Waker("tower", host(mac="")).wake()


async def test_a_packet_that_does_not_leave_the_box_is_an_error() -> None:
    """An address that the kernel refuses to send to from loopback, as with no network at all."""
    with pytest.raises(Temporary, match="wakes tower"):
        await Waker("tower", host(), broadcast="8.8.8.8").wake()


async def test_a_host_without_a_rest_command_is_left_as_it_is() -> None:
    await Waker("tower", host()).rest()


async def test_the_rest_command_gets_its_words_as_they_are(tmp_path: Path) -> None:
    """No shell reads them."""
    told = tmp_path / "told"
    code = f"import pathlib, sys; pathlib.Path({str(told)!r}).write_text('|'.join(sys.argv[1:]))"
    await Waker("tower", host(*python(code), "$HOME; echo *", "two words")).rest()
    assert told.read_text() == "$HOME; echo *|two words"


async def test_a_rest_command_that_fails_is_reported_with_its_last_words() -> None:
    code = f"import sys; print('x' * {LAST_WORDS * 1000}); print('no route'); sys.exit(3)"
    with pytest.raises(Temporary, match=r"status 3: x+\nno route") as raised:
        await Waker("tower", host(*python(code))).rest()
    assert len(raised.value.message) < LAST_WORDS + 100


async def test_a_rest_command_that_does_not_end_in_time_has_failed() -> None:
    with pytest.raises(Temporary, match=r"sleep did not end in 0\.1 s"):
        code = "import time; time.sleep(600)"
        await Waker("tower", host(*python(code)), rest_seconds=0.1).rest()


async def test_a_rest_command_that_is_not_there_is_said() -> None:
    with pytest.raises(Permanent, match="/nowhere/sleep"):
        await Waker("tower", host("/nowhere/sleep")).rest()


async def test_giving_up_ends_the_command_and_all_that_it_started(tmp_path: Path) -> None:
    started = tmp_path / "pids"
    code = (
        "import os, pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"path = pathlib.Path({str(tmp_path)!r})\n"
        "(path / 'new').write_text(f'{os.getpid()} {child.pid}')\n"
        "(path / 'new').rename(path / 'pids')\n"
        "time.sleep(600)"
    )
    async with asyncio.TaskGroup() as group:
        resting = group.create_task(Waker("tower", host(*python(code)), rest_seconds=600).rest())
        await _there(started)
        resting.cancel()
    pids = started.read_text().split()
    assert len(pids) == 2
    for pid in pids:
        assert await _gone(int(pid))


async def _there(file: Path) -> None:
    async with asyncio.timeout(60):
        while True:
            if file.exists():
                return
            await asyncio.sleep(0.01)


async def _gone(pid: int) -> bool:
    """Whether the process ends; a zombie that waits for init has ended."""
    async with asyncio.timeout(60):
        while True:
            try:
                stat = Path(f"/proc/{pid}/stat").read_text()
            except FileNotFoundError:
                return True
            if stat.rpartition(")")[2].split()[0] in "ZX":
                return True
            await asyncio.sleep(0.01)
