"""Hosts on the LAN: what is read of an announcement, and real announcements over loopback."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.hosts.discovery import (
    LARES,
    WYOMING,
    Announcement,
    FoundHost,
    LanDiscovery,
    announce,
    clean_fingerprint,
    clean_name,
    read_service,
    unique_names,
)
from laresd.errors import Permanent

NAME = re.compile(r"[a-z0-9_-]{1,40}")
FINGERPRINT = "ab" * 32
TOWER = f"Tower.{LARES}"


def test_an_announcement_says_what_the_host_runs() -> None:
    txt = {b"engine": b"llama-server", b"model": b"Ministral 3B", b"mac": b"3C-7C-3F-00-A1-B2"}
    host = read_service(LARES, TOWER, ["192.168.1.20"], 8080, txt)
    assert host == FoundHost(
        TOWER,
        "tower",
        ("192.168.1.20",),
        8080,
        "llama-server",
        "http",
        model="Ministral 3B",
        mac="3c:7c:3f:00:a1:b2",
    )
    assert host.url == "http://192.168.1.20:8080"


def test_a_certificate_in_the_announcement_means_https() -> None:
    txt: dict[bytes, bytes | None] = {b"tls": ":".join(["AB"] * 32).encode(), b"scheme": b"http"}
    host = read_service(LARES, TOWER, ["192.168.1.20"], 443, txt)
    assert host is not None
    assert (host.scheme, host.fingerprint) == ("https", FINGERPRINT)


def test_https_may_be_announced_without_a_certificate() -> None:
    host = read_service(LARES, TOWER, ["192.168.1.20"], 443, {b"scheme": b"https"})
    assert host is not None
    assert (host.url, host.fingerprint) == ("https://192.168.1.20:443", "")


def test_a_speech_server_says_nothing_but_where_it_is() -> None:
    txt: dict[bytes, bytes | None] = {b"engine": b"vllm", b"tls": FINGERPRINT.encode()}
    host = read_service(WYOMING, f"piper.{WYOMING}", ["192.168.1.20"], 10200, txt)
    assert host is not None
    assert (host.kind, host.url, host.fingerprint) == ("wyoming", "tcp://192.168.1.20:10200", "")


def test_the_best_address_comes_first() -> None:
    told = ["::1", "fd00::7", "fe80::1", "127.0.0.1", "192.168.1.20", "garbage", "0.0.0.0"]
    host = read_service(LARES, TOWER, told, 8080, {})
    assert host is not None
    assert host.addresses == ("192.168.1.20", "fd00::7", "127.0.0.1", "::1")
    assert host.urls[1] == "http://[fd00::7]:8080"


@pytest.mark.parametrize(
    ("addresses", "port"),
    [
        ([], 8080),
        (["fe80::1"], 8080),
        (["224.0.0.1"], 8080),
        (["10.0.0.1"], 0),
        (["10.0.0.1"], None),
    ],
)
def test_a_service_that_cannot_be_reached_is_no_host(addresses: list[str], port: int) -> None:
    assert read_service(LARES, TOWER, addresses, port, {}) is None


TXT = st.dictionaries(
    st.sampled_from([b"engine", b"model", b"scheme", b"tls", b"mac"]) | st.binary(max_size=8),
    st.none() | st.binary(max_size=300) | st.sampled_from([b"wyoming", b"https", b"\xff" * 64]),
)


@given(st.text(max_size=63), TXT, st.sampled_from([LARES, WYOMING]))
def test_whatever_an_announcement_says_the_host_is_well_formed(
    label: str, txt: dict[bytes, bytes | None], type_: str
) -> None:
    host = read_service(type_, f"{label}.{type_}", ["10.0.0.1"], 1, txt)
    assert host is not None
    assert NAME.fullmatch(host.name)
    assert (host.kind == "wyoming") is (host.scheme == "tcp") is (type_ == WYOMING)
    assert host.model.isprintable()
    assert host.fingerprint == clean_fingerprint(host.fingerprint)
    assert re.fullmatch(r"|([0-9a-f]{2}:){5}[0-9a-f]{2}", host.mac)


@pytest.mark.parametrize(
    ("label", "name"),
    [("Tower", "tower"), ("Anna's PC (2)", "anna-s-pc-2"), ("客厅", "host"), ("x" * 63, "x" * 40)],
)
def test_a_name_for_people_becomes_one_for_the_configuration(label: str, name: str) -> None:
    assert clean_name(label) == name


def found(*services: str) -> list[FoundHost]:
    return [
        FoundHost(service, clean_name(service), ("10.0.0.1",), 1, "auto", "http")
        for service in services
    ]


def test_of_two_hosts_of_one_name_the_later_has_a_number() -> None:
    assert unique_names(found("b c", "b-c", "d"), {}, ()) == {
        "b c": "b-c",
        "b-c": "b-c-2",
        "d": "d",
    }


def test_a_name_that_a_host_has_is_kept_whoever_comes() -> None:
    assert unique_names(found("a b", "a-b"), {"a-b": "a-b"}, ()) == {"a-b": "a-b", "a b": "a-b-2"}


def test_a_name_of_the_configuration_is_not_given_away() -> None:
    assert unique_names(found("tower"), {}, ["tower"]) == {"tower": "tower-2"}


@given(
    st.lists(st.text("aB -", min_size=1, max_size=45), unique=True, max_size=8),
    st.sets(st.text("ab-", min_size=1, max_size=40), max_size=8),
    st.integers(0, 8),
)
def test_every_host_has_a_name_of_its_own(labels: list[str], taken: set[str], keep: int) -> None:
    hosts = found(*labels)
    first = unique_names(hosts[:keep], {}, taken)
    names = unique_names(hosts, first, taken)
    assert len(set(names.values())) == len(hosts)
    assert not taken & set(names.values())
    assert all(NAME.fullmatch(name) for name in names.values())
    assert {service: names[service] for service in first} == first


# Over the wire: two real responders, on loopback alone.

LOOPBACK = ["127.0.0.1"]


def multicast_works() -> bool:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.settimeout(5)
        try:
            receiver.bind(("", 0))
            membership = struct.pack("4s4s", *map(socket.inet_aton, ("224.0.0.251", LOOPBACK[0])))
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
            here = socket.inet_aton(LOOPBACK[0])
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
            sender.sendto(b"heard", ("224.0.0.251", receiver.getsockname()[1]))
            return receiver.recv(16) == b"heard"
        except OSError:
            return False


@pytest.fixture
def loopback() -> None:
    if not multicast_works():
        pytest.skip("this machine's loopback does not carry multicast")


@contextlib.asynccontextmanager
async def announced(what: Announcement, *addresses: str) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(announce(what, interfaces=LOOPBACK, addresses=addresses))
        yield
        task.cancel()


Watch = AsyncGenerator[tuple[FoundHost, ...], None]


async def until(
    watch: Watch, right: Callable[[dict[str, FoundHost]], bool]
) -> dict[str, FoundHost]:
    async with asyncio.timeout(60):
        async for hosts in watch:
            now = {host.name: host for host in hosts}
            if right(now):
                return now
    raise AssertionError("the watch ended")


@pytest.mark.slow
@pytest.mark.usefixtures("loopback")
async def test_hosts_are_found_as_they_come_and_go() -> None:
    tower = Announcement("LT Tower", 8080, "llama-server", "a 3B", mac="3c:7c:3f:00:a1:b2")
    vault = Announcement("LT Vault", 8443, "vllm", fingerprint=FINGERPRINT)
    async with contextlib.aclosing(LanDiscovery(LOOPBACK).watch()) as watch:
        async with announced(tower, "127.0.0.1"):
            now = await until(watch, lambda now: "lt-tower" in now)
            assert now["lt-tower"].url == "http://127.0.0.1:8080"
            assert (now["lt-tower"].model, now["lt-tower"].mac) == ("a 3B", tower.mac)
            async with announced(vault, "127.0.0.9"):
                now = await until(watch, lambda now: "lt-vault" in now)
                assert now["lt-vault"].url == "https://127.0.0.9:8443"
                assert now["lt-vault"].fingerprint == FINGERPRINT
            await until(watch, lambda now: "lt-vault" not in now and "lt-tower" in now)
        await until(watch, lambda now: "lt-tower" not in now)


@pytest.mark.slow
@pytest.mark.usefixtures("loopback")
async def test_a_host_that_comes_back_elsewhere_is_found_there() -> None:
    def at(url: str) -> Callable[[dict[str, FoundHost]], bool]:
        return lambda now: "lt-mover" in now and now["lt-mover"].url == url

    what = Announcement("LT Mover", 8080)
    async with contextlib.aclosing(LanDiscovery(LOOPBACK).watch()) as watch:
        for address in ("127.0.0.1", "127.0.0.2"):
            async with announced(what, address):
                await until(watch, at(f"http://{address}:8080"))


@pytest.mark.slow
@pytest.mark.usefixtures("loopback")
async def test_a_server_of_wyoming_is_announced_as_home_assistant_looks_for_it() -> None:
    what = Announcement("LT Wyoming", 10300, service=WYOMING)
    async with (
        contextlib.aclosing(LanDiscovery(LOOPBACK).watch()) as watch,
        announced(what, "127.0.0.1"),
    ):
        now = await until(watch, lambda now: "lt-wyoming" in now)
    assert (now["lt-wyoming"].kind, now["lt-wyoming"].url) == ("wyoming", "tcp://127.0.0.1:10300")


@pytest.mark.slow
@pytest.mark.usefixtures("loopback")
async def test_a_host_announces_the_address_by_which_it_reaches_the_lan() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("224.0.0.251", 5353))
        except OSError:
            pytest.skip("this machine is on no network")
        address = probe.getsockname()[0]
    async with (
        contextlib.aclosing(LanDiscovery(LOOPBACK).watch()) as watch,
        announced(Announcement("LT Here", 8080)),
    ):
        now = await until(watch, lambda now: "lt-here" in now)
    assert now["lt-here"].addresses == (address,)


async def test_a_label_that_cannot_be_announced_is_said() -> None:
    with pytest.raises(Permanent, match="no name for a host"):
        await announce(Announcement("x" * 64, 8080))
