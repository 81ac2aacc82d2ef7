"""Requests wait at the broker while the daemon restarts; states do not, nor what is too old."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from laresd.backends.broker.client import MqttBus
from laresd.backends.broker.link import Dialect
from laresd.backends.broker.outbox import Outbox
from tests.contract.brokers import (
    PATIENCE,
    Mosquitto,
    connected,
    needs_mosquitto,
    running,
    settings,
    soon,
)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    needs_mosquitto()
    made = Mosquitto(tmp_path)
    await made.start()
    yield made
    await made.stop()


@asynccontextmanager
async def daemon(
    broker: Mosquitto, folder: Path, *, mqtt5: bool, later: float = 0.0
) -> AsyncIterator[MqttBus]:
    """One run of the daemon's bus; `later`: seconds that its clock is ahead."""
    async with Outbox(folder / "outbox.db") as outbox:
        bus = MqttBus(
            settings(broker.port),
            box="kitchen",
            outbox=outbox,
            first_delay=0.05,
            wall=lambda: time.time() + later,
            dialect=Dialect(mqtt5),
        )
        async with running(bus):
            yield bus


async def heard(bus: MqttBus, other: MqttBus) -> list[str]:
    """What the request and the state topic bring until a last message."""
    asks, states = bus.subscribe("ask", durable=True), bus.subscribe("lamp/state")
    await bus.wait_connected(deadline=soon())
    await bus.publish("probe", "subscribed")
    for topic in ("ask", "lamp/state"):
        await other.publish(topic, "end")
    found = []
    async with asyncio.timeout(PATIENCE):
        for feed in (asks, states):
            while (message := await anext(feed)).payload != b"end":
                found.append(f"{message.topic} {message.payload.decode()}")
    return found


@pytest.mark.parametrize("mqtt5", [True, False], ids=["mqtt5", "mqtt3"])
async def test_a_request_that_came_while_the_daemon_was_away_is_heard_and_a_state_is_not(
    broker: Mosquitto, tmp_path: Path, mqtt5: bool
) -> None:
    async with connected(broker, "other") as other:
        async with daemon(broker, tmp_path, mqtt5=mqtt5) as first:
            assert await heard(first, other) == []
        await other.publish("ask", "are you there?")
        await other.publish("lamp/state", "old news")
        async with daemon(broker, tmp_path, mqtt5=mqtt5) as second:
            assert await heard(second, other) == ["ask are you there?"]
        async with daemon(broker, tmp_path, mqtt5=mqtt5) as third:
            assert await heard(third, other) == []


@pytest.mark.slow
async def test_a_request_that_expired_meanwhile_is_not_heard(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with connected(broker, "other") as other:
        async with daemon(broker, tmp_path, mqtt5=True) as first:
            await heard(first, other)
        await other.publish("ask", "quick!", expiry_s=1)
        await other.publish("ask", "no hurry", expiry_s=100)
        await asyncio.sleep(2.1)
        async with daemon(broker, tmp_path, mqtt5=True) as second:
            assert await heard(second, other) == ["ask no hurry"]


async def test_a_session_of_mqtt_3_which_never_ends_is_thrown_away_when_it_is_too_old(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with connected(broker, "other") as other:
        async with daemon(broker, tmp_path, mqtt5=False) as first:
            await heard(first, other)
        await other.publish("ask", "from yesterday")
        async with daemon(broker, tmp_path, mqtt5=False, later=86_400) as second:
            assert await heard(second, other) == []


async def test_what_came_is_held_for_a_reader_that_is_only_being_started(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with connected(broker, "other") as other:
        async with daemon(broker, tmp_path, mqtt5=True) as first:
            await heard(first, other)
        await other.publish("ask", "are you there?")
        async with daemon(broker, tmp_path, mqtt5=True) as second:
            second.subscribe("say", durable=True)
            await second.wait_connected(deadline=soon())
            await second.publish("probe", "all of it has come")
            late = second.subscribe("ask", durable=True)
            async with asyncio.timeout(PATIENCE):
                assert (await anext(late)).payload == b"are you there?"
