"""The broker of a first run: when it starts, how it ends, what it does when it dies."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from laresd.backends.broker.client import MqttBus
from laresd.backends.broker.embedded import EmbeddedBroker, listens, wanted
from laresd.backends.broker.embedded_process import level
from laresd.errors import ConfigError
from tests.contract.brokers import free_port, running, settings, soon


async def test_it_is_wanted_on_loopback_when_nothing_listens_there() -> None:
    assert await wanted(settings(free_port()))
    assert not await wanted(settings(free_port(), host="broker.invalid"))
    assert not await wanted(settings(free_port(), embedded="never"))
    async with EmbeddedBroker() as broker:
        assert not await wanted(settings(broker.port))
        assert await wanted(settings(broker.port, embedded="always"))


async def test_it_is_gone_after_its_context() -> None:
    async with EmbeddedBroker() as broker:
        assert await listens("127.0.0.1", broker.port)
    assert not await listens("127.0.0.1", broker.port)


async def test_a_taken_port_is_said_with_the_remedy() -> None:
    async with EmbeddedBroker() as broker:
        with pytest.raises(ConfigError, match=r"it is taken.*auto"):
            async with EmbeddedBroker(port=broker.port):
                pass


async def test_killed_it_starts_again_on_its_port() -> None:
    async with EmbeddedBroker() as broker, asyncio.TaskGroup() as group:
        task = group.create_task(broker.run())
        async with running(MqttBus(settings(broker.port), box="t", first_delay=0.05)) as bus:
            await bus.wait_connected(deadline=soon())
            lost = bus.subscribe("lares/t/availability")
            assert (await anext(lost)).payload == b"online"
            assert broker.pid is not None
            os.kill(broker.pid, signal.SIGKILL)
            assert (await anext(lost)).payload == b"online"  # said again after the reconnect
        task.cancel()


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x10\x20\x00\x04MQTT\x05", 5),
        (b"\x10\x20\x00\x04MQTT\x04", 4),
        (b"\x10\xa0\x01\x00\x04MQTT\x05", 5),
        (b"GET / HTTP", 0),
        (b"", 0),
    ],
)
def test_the_protocol_level_is_read_from_the_first_bytes(head: bytes, expected: int) -> None:
    assert level(head) == expected
