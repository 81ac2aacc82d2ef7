"""A host on the LAN from its first announcement to the day that somebody else answers for it.

Real announcements over loopback's multicast, real TLS, real requests to a fake engine.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from laresd.backends.clock import SystemClock
from laresd.backends.hosts.directory import HostDirectory, Stranger
from laresd.backends.hosts.discovery import Announcement, LanDiscovery, announce
from laresd.backends.hosts.host import HttpHost
from laresd.backends.hosts.http import Address, HttpClient
from laresd.backends.hosts.trust import TrustStore
from laresd.config import HostSettings
from laresd.errors import LaresError, Permanent
from laresd.jobs import HostKind
from tests.fakes.certificates import Certificate, certificate
from tests.fakes.wyoming_host import listening

pytestmark = pytest.mark.slow
LOOPBACK = ["127.0.0.1"]
MODELS = b'{"object": "list", "data": [{"id": "big", "object": "model", "owned_by": "me"}]}'


@dataclass
class Engine:
    """Some server of the OpenAI API. `heads`: of every request that it got."""

    heads: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(MODELS), MODELS)
            )
            await writer.drain()


def make(settings: HostSettings, name: str) -> HttpHost:
    """As the daemon builds one."""
    address = Address(name, settings.url, settings.token_file, settings.fingerprint)
    return HttpHost(HttpClient(address), kind=HostKind.OPENAI)


@contextlib.asynccontextmanager
async def running(state: Path) -> AsyncIterator[HostDirectory]:
    directory = HostDirectory({}, TrustStore(state), LanDiscovery(LOOPBACK), make, SystemClock())
    async with directory, asyncio.TaskGroup() as group:
        run = group.create_task(directory.run())
        yield directory
        run.cancel()


@contextlib.asynccontextmanager
async def announced(port: int, address: str = "127.0.0.1", tls: str = "") -> AsyncIterator[None]:
    what = Announcement("Trust Tower", port, "openai", scheme="http", fingerprint=tls)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(announce(what, interfaces=LOOPBACK, addresses=[address]))
        yield
        task.cancel()


async def until(right: Callable[[], bool]) -> None:
    """What the LAN tells comes when it comes."""
    async with asyncio.timeout(60):
        while True:
            if right():
                return
            await asyncio.sleep(0.02)


def stranger(directory: HostDirectory) -> Stranger | None:
    return next((one for one in directory.found() if one.name == "trust-tower"), None)


def url_of(directory: HostDirectory) -> str:
    try:
        return directory.settings("trust-tower").url
    except LaresError:
        return ""


async def probed(directory: HostDirectory) -> str:
    """The model that the trusted host answers with."""
    (host,) = directory.trusted()
    return (await host.probe(deadline=asyncio.get_running_loop().time() + 30)).model


async def test_nothing_is_sent_to_a_host_before_it_is_trusted_nor_after_it_has_changed(
    tmp_path: Path,
) -> None:
    engine, other = Engine(), Engine()
    async with running(tmp_path) as directory, listening(engine.serve) as port:
        async with announced(port):
            await until(lambda: stranger(directory) is not None)
            assert directory.trusted() == ()
            assert engine.heads == []
            await directory.trust("trust-tower", "sesame")
            assert await probed(directory) == "big"
            assert all("Bearer sesame" in head for head in engine.heads)
        async with listening(other.serve) as second, announced(second):
            await until(lambda: (one := stranger(directory)) is not None and one.changed)
            assert directory.trusted() == ()
    async with running(tmp_path) as directory:
        assert directory.trusted() == ()  # the doubt outlives a restart
        async with announced(port):
            await until(lambda: url_of(directory) == f"http://127.0.0.1:{port}")
    assert other.heads == []


@pytest.fixture(scope="module")
def tower(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tower"), "tower")


@pytest.fixture(scope="module")
def thief(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("thief"), "tower")


async def test_a_host_with_a_certificate_may_move_and_nobody_can_take_its_place(
    tmp_path: Path, tower: Certificate, thief: Certificate
) -> None:
    engine, stolen = Engine(), Engine()
    tower_tls = await asyncio.to_thread(tower.context)
    thief_tls = await asyncio.to_thread(thief.context)
    async with running(tmp_path) as directory:
        async with (
            listening(engine.serve, tower_tls) as port,
            announced(port, tls=tower.fingerprint),
        ):
            await until(lambda: stranger(directory) is not None)
            trusted = await directory.trust("trust-tower", "sesame")
            assert trusted.fingerprint == tower.fingerprint
            assert await probed(directory) == "big"
        async with (
            listening(engine.serve, tower_tls) as port,
            announced(port, tls=tower.fingerprint),
        ):
            await until(lambda: url_of(directory) == f"https://127.0.0.1:{port}")
            assert await probed(directory) == "big"
        # Somebody announces the same name with the same fingerprint, and has not its key.
        async with (
            listening(stolen.serve, thief_tls) as port,
            announced(port, tls=tower.fingerprint),
        ):
            await until(lambda: url_of(directory) == f"https://127.0.0.1:{port}")
            with pytest.raises(Permanent, match="another certificate"):
                await probed(directory)
        # Or with his own.
        async with (
            listening(stolen.serve, thief_tls) as port,
            announced(port, tls=thief.fingerprint),
        ):
            await until(lambda: (one := stranger(directory)) is not None and one.changed)
            assert directory.trusted() == ()
    assert stolen.heads == []
    assert "sesame" not in (tmp_path / "hosts.json").read_text()
