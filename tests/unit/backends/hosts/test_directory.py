"""The hosts that may be used: configured, or found and trusted; the same objects all along."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from laresd.backends.hosts.directory import HostDirectory
from laresd.backends.hosts.discovery import LARES, WYOMING, FoundHost, clean_name
from laresd.backends.hosts.trust import TrustStore
from laresd.backends.hosts.wyoming import WyomingHost
from laresd.config import HostSettings
from laresd.errors import Permanent, Refused, Temporary
from laresd.ports import Host
from tests.fakes.certificates import Certificate, certificate
from tests.fakes.clock import FakeClock
from tests.fakes.wyoming_host import listening

CONFIGURED = {"desk": HostSettings(url="http://10.0.0.5:8080")}


def found(label: str, address: str = "10.0.0.1", port: int = 8080) -> FoundHost:
    service = f"{label}.{LARES}"
    return FoundHost(service, clean_name(label), (address,), port, "llama-server", "http")


class FakeDiscovery:
    """Sees what the test shows it; `show` returns when the directory has taken it in."""

    def __init__(self) -> None:
        self._shown: asyncio.Queue[tuple[FoundHost, ...] | Temporary] = asyncio.Queue(8)

    async def show(self, *hosts: FoundHost) -> None:
        await self._shown.put(hosts)
        await self._shown.join()

    async def fail(self) -> None:
        await self._shown.put(Temporary("the network is down"))
        await self._shown.join()

    async def watch(self) -> AsyncGenerator[tuple[FoundHost, ...], None]:
        while True:
            hosts = await self._shown.get()
            try:
                if isinstance(hosts, Temporary):
                    raise hosts
                yield hosts
            finally:
                self._shown.task_done()


class Box:
    """A directory with what is around it. `open`: the hosts that were entered and not left."""

    def __init__(self, folder: Path) -> None:
        self.lan = FakeDiscovery()
        self.clock = FakeClock()
        self.open: list[str] = []
        self.broken: set[str] = set()
        self.store = TrustStore(folder)

    @contextlib.asynccontextmanager
    async def make(self, settings: HostSettings, name: str) -> AsyncIterator[Host]:
        if name in self.broken:
            raise Permanent("its key cannot be read")
        self.open.append(f"{name} {settings.url}")
        yield WyomingHost(name, replace(settings, url="tcp://127.0.0.1:9"))
        self.open.remove(f"{name} {settings.url}")

    @contextlib.asynccontextmanager
    async def running(
        self, configured: Mapping[str, HostSettings] = CONFIGURED
    ) -> AsyncIterator[HostDirectory]:
        directory = HostDirectory(configured, self.store, self.lan, self.make, self.clock)
        async with directory, asyncio.TaskGroup() as group:
            run = group.create_task(directory.run())
            yield directory
            run.cancel()


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def names(directory: HostDirectory) -> list[str]:
    return [host.name for host in directory.trusted()]


def strangers(directory: HostDirectory) -> list[tuple[str, str, bool]]:
    return [(one.name, one.url, one.changed) for one in directory.found()]


async def test_what_is_configured_is_trusted(box: Box) -> None:
    async with box.running() as directory:
        assert names(directory) == ["desk"]
        assert directory.settings("desk") == CONFIGURED["desk"]
        with pytest.raises(Refused, match="stands in the configuration"):
            await directory.trust("desk")
        with pytest.raises(Refused, match=r"take \[hosts\.desk\] out"):
            await directory.forget("desk")
    assert box.open == []


async def test_a_found_host_is_not_used_before_it_is_trusted(box: Box) -> None:
    async with box.running() as directory:
        await box.lan.show(found("Tower"))
        assert names(directory) == ["desk"]
        assert strangers(directory) == [("tower", "http://10.0.0.1:8080", False)]
        trusted = await directory.trust("tower")
        assert (trusted.url, trusted.since) == ("http://10.0.0.1:8080", box.clock.wall())
        assert names(directory) == ["desk", "tower"]
        assert strangers(directory) == []


async def test_trust_lasts_over_restarts_and_absences(box: Box) -> None:
    """A host that sleeps is not seen, and can be woken."""
    async with box.running() as directory:
        await box.lan.show(found("Tower"))
        await directory.trust("tower")
        await box.lan.show()
        assert names(directory) == ["desk", "tower"]
    async with box.running() as directory:
        assert names(directory) == ["desk", "tower"]


async def test_a_host_stays_the_same_object_while_nothing_of_it_changes(box: Box) -> None:
    async with box.running() as directory:
        await box.lan.show(found("Tower"))
        await directory.trust("tower")
        before = directory.trusted()
        await box.lan.show(found("Tower"), found("Other", "10.0.0.2"))
        await directory.trust("other")
        assert directory.trusted()[:2] == before
        await directory.forget("other")
        assert directory.trusted() == before


async def test_a_forgotten_host_is_left_and_its_key_is_deleted(box: Box) -> None:
    async with box.running() as directory:
        await box.lan.show(found("Tower"))
        trusted = await directory.trust("tower", "sesame")
        assert trusted.token_file is not None
        assert directory.settings("tower").token_file == trusted.token_file
        assert trusted.token_file.read_text() == "sesame"
        await directory.forget("tower")
        assert not trusted.token_file.exists()
        assert box.open == ["desk http://10.0.0.5:8080"]
        assert strangers(directory) == [("tower", "http://10.0.0.1:8080", False)]
    async with box.running() as directory:
        assert names(directory) == ["desk"]


async def test_a_host_that_is_away_cannot_be_trusted_again(box: Box) -> None:
    async with box.running() as directory:
        await box.lan.show(found("Tower"))
        await directory.trust("tower")
        await box.lan.show()
        with pytest.raises(Temporary, match="tower does not announce itself now"):
            await directory.trust("tower", "sesame")


@pytest.mark.parametrize("name", ["nobody", "", "../../etc/passwd"])
async def test_a_name_that_no_host_has_is_answered_with_those_there_are(
    box: Box, name: str
) -> None:
    async with box.running() as directory:
        with pytest.raises(Permanent, match="none announces itself"):
            await directory.trust(name)
        await box.lan.show(found("Tower"))
        with pytest.raises(Permanent, match="there are: tower"):
            await directory.trust(name, "sesame")
        with pytest.raises(Permanent, match="there are: tower"):
            await directory.forget(name)
    assert not list(box.store.path.parent.rglob("*"))


async def test_a_plain_host_at_another_address_must_be_trusted_again(box: Box) -> None:
    async with box.running() as directory:
        await box.lan.show(found("Tower"))
        await directory.trust("tower", "sesame")
        await box.lan.show(found("Tower", "10.0.0.9"))
        assert names(directory) == ["desk"]
        assert strangers(directory) == [("tower", "http://10.0.0.9:8080", True)]
        trusted = await directory.trust("tower")
        assert names(directory) == ["desk", "tower"]
        assert directory.settings("tower").url == "http://10.0.0.9:8080"
        assert trusted.token_file is None  # the key was for the host at the old address
        assert not list(box.store.path.parent.glob("host-tokens/*"))


async def test_a_doubt_stays_until_the_host_is_seen_as_it_was(box: Box) -> None:
    """Its old address may be another machine's by now."""
    async with box.running() as directory:
        await box.lan.show(found("Tower"))
        await directory.trust("tower")
        await box.lan.show(found("Tower", "10.0.0.9"))
        await box.lan.show()
        assert names(directory) == ["desk"]
        assert strangers(directory) == [("tower", "http://10.0.0.1:8080", True)]
    async with box.running() as directory:
        assert names(directory) == ["desk"]
        await box.lan.show(found("Tower"))
        assert names(directory) == ["desk", "tower"]


async def test_a_key_that_was_given_is_kept_when_the_same_host_is_trusted_again(box: Box) -> None:
    async with box.running() as directory:
        await box.lan.show(found("Tower"))
        first = await directory.trust("tower", "sesame")
        assert (await directory.trust("tower")).token_file == first.token_file
        assert first.token_file is not None
        assert first.token_file.read_text() == "sesame"


async def test_of_hosts_with_one_name_each_can_be_trusted(box: Box) -> None:
    speech = replace(
        found("Tower", port=10300), service=f"Tower.{WYOMING}", kind="wyoming", scheme="tcp"
    )
    async with box.running() as directory:
        await box.lan.show(speech)
        await box.lan.show(speech, found("Tower"), found("desk", "10.0.0.7"))
        assert [one.name for one in directory.found()] == ["desk-2", "tower", "tower-2"]
        await directory.trust("tower-2")
        await box.lan.show(found("Tower"), speech)
        assert directory.settings("tower-2").url == "http://10.0.0.1:8080"
    async with box.running() as directory:
        await box.lan.show(speech, found("Tower"))
        assert directory.settings("tower-2").url == "http://10.0.0.1:8080"
        assert [one.name for one in directory.found()] == ["tower"]


async def test_a_host_that_is_configured_is_no_stranger(box: Box) -> None:
    async with box.running() as directory:
        await box.lan.show(found("Desktop", "10.0.0.5"))
        assert strangers(directory) == []


async def test_the_configuration_wins_over_a_host_that_was_trusted_under_its_name(box: Box) -> None:
    async with box.running({}) as directory:
        await box.lan.show(found("desk"))
        await directory.trust("desk")
    async with box.running() as directory:
        await box.lan.show(found("desk"))
        assert box.open == ["desk http://10.0.0.5:8080"]
        assert strangers(directory) == [("desk-2", "http://10.0.0.1:8080", False)]
        await directory.trust("desk-2")
        assert names(directory) == ["desk", "desk-2"]


async def test_a_damaged_file_of_trusted_hosts_is_said_and_does_not_stop_the_box(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    box.store.path.write_text("{")
    async with box.running() as directory:
        assert names(directory) == ["desk"]
        assert directory.fault is not None
        assert "damaged" in caplog.text
        await box.lan.show(found("Tower"))
        with pytest.raises(Permanent, match="damaged"):
            await directory.trust("tower")
        with pytest.raises(Permanent, match="damaged"):
            await directory.forget("tower")
    assert box.store.path.read_text() == "{"


async def test_a_trusted_host_that_cannot_be_built_does_not_harm_the_others(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    async with box.running() as directory:
        await box.lan.show(found("Tower"))
        await directory.trust("tower")
    box.broken.add("tower")
    async with box.running() as directory:
        assert names(directory) == ["desk"]
        assert "tower is not used: its key cannot be read" in caplog.text
        box.broken.clear()
        await box.lan.show(found("Tower"))
        assert names(directory) == ["desk", "tower"]


async def test_a_configured_host_that_cannot_be_built_stops_the_start(box: Box) -> None:
    box.broken.add("desk")
    two = {"first": HostSettings(url="http://10.0.0.1"), **CONFIGURED}
    with pytest.raises(Permanent, match="its key cannot be read"):
        async with box.running(two):
            pass
    assert box.open == []


async def test_where_nobody_looks_only_the_trusted_are_there(box: Box) -> None:
    directory = HostDirectory(CONFIGURED, box.store, None, box.make, box.clock)
    async with directory:
        await directory.run()
        assert names(directory) == ["desk"]


async def test_when_the_network_is_down_it_looks_again_later(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    async with box.running() as directory:
        await box.lan.show(found("Tower"))
        async with asyncio.TaskGroup() as group:
            group.create_task(box.clock.asleep())
            group.create_task(box.lan.fail())
        assert "the network is down" in caplog.text
        assert strangers(directory) == []
        async with asyncio.TaskGroup() as group:
            group.create_task(box.clock.advance(60))
            group.create_task(box.lan.show(found("Tower")))
            group.create_task(box.lan.fail())
        assert caplog.text.count("the network is down") == 2


# Over TLS.


@pytest.fixture(scope="module")
def tower(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "tower")


@contextlib.asynccontextmanager
async def serving(shown: Certificate) -> AsyncIterator[FoundHost]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    context = await asyncio.to_thread(shown.context)
    async with listening(serve, context) as port:
        yield replace(found("Tower", "127.0.0.1", port), scheme="https")


async def test_a_certificate_is_pinned_when_the_host_is_trusted(
    box: Box, tower: Certificate
) -> None:
    box.clock = FakeClock(now=asyncio.get_running_loop().time())
    async with box.running() as directory, serving(tower) as host:
        await box.lan.show(host)
        trusted = await directory.trust("tower", "sesame", tower.fingerprint.upper())
        assert trusted.fingerprint == tower.fingerprint
        assert directory.settings("tower").fingerprint == tower.fingerprint
        await box.lan.show(replace(host, addresses=("10.0.0.9",)))
        moved = directory.settings("tower")
        assert (moved.url, moved.fingerprint) == (
            f"https://10.0.0.9:{host.port}",
            tower.fingerprint,
        )
        assert moved.token_file == trusted.token_file
    kept = await asyncio.to_thread(box.store.load)
    assert kept["tower"].url == f"https://10.0.0.9:{host.port}"


@pytest.mark.parametrize("announced", ["", "cd" * 32])
async def test_a_certificate_that_is_not_the_expected_one_is_refused(
    box: Box, tower: Certificate, announced: str
) -> None:
    box.clock = FakeClock(now=asyncio.get_running_loop().time())
    wanted = "" if announced else "cd" * 32
    async with box.running() as directory, serving(tower) as host:
        await box.lan.show(replace(host, fingerprint=announced))
        with pytest.raises(Refused, match=tower.fingerprint):
            await directory.trust("tower", "sesame", wanted)
        assert names(directory) == ["desk"]
    assert not list(box.store.path.parent.glob("host*"))


async def test_a_certificate_cannot_be_expected_of_a_plain_host(box: Box) -> None:
    async with box.running() as directory:
        await box.lan.show(found("Tower"))
        with pytest.raises(Refused, match="has no certificate"):
            await directory.trust("tower", fingerprint="cd" * 32)
