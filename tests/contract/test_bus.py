"""What every `Bus` does: on the fake, on the embedded broker, and on mosquitto."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

import pytest

from laresd.backends.broker.outbox import Outbox
from laresd.errors import DeadlineExceeded, Temporary
from laresd.ports import Bus, Subscription
from laresd.types import Message, Sent
from tests.contract.brokers import (
    PATIENCE,
    Amqtt,
    Broker,
    Mosquitto,
    connected,
    needs_mosquitto,
    soon,
)
from tests.fakes.bus import FakeBus


class Home(Protocol):
    """A bus and the broker behind it."""

    @property
    def bus(self) -> Bus: ...

    async def break_broker(self) -> None: ...

    async def mend_broker(self) -> None: ...


class FakeHome:
    def __init__(self) -> None:
        self._bus = FakeBus()

    @property
    def bus(self) -> Bus:
        return self._bus

    async def break_broker(self) -> None:
        self._bus.break_connection()

    async def mend_broker(self) -> None:
        self._bus.mend()


class RealHome:
    def __init__(self, bus: Bus, broker: Broker) -> None:
        self._bus = bus
        self._broker = broker

    @property
    def bus(self) -> Bus:
        return self._bus

    async def break_broker(self) -> None:
        await self._broker.stop()
        async with asyncio.timeout(PATIENCE):
            while self._bus.connected:
                await asyncio.sleep(0)
                with suppress(Temporary):
                    await self._bus.publish("probe", b"")

    async def mend_broker(self) -> None:
        await self._broker.start()
        await self._bus.wait_connected(deadline=soon())


@pytest.fixture(params=["fake", "amqtt", "mosquitto"])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "mosquitto":
        needs_mosquitto()
    return str(request.param)


@asynccontextmanager
async def home(kind: str, folder: Path) -> AsyncIterator[Home]:
    if kind == "fake":
        yield FakeHome()
        return
    broker: Broker = Amqtt() if kind == "amqtt" else Mosquitto(folder)
    await broker.start()
    try:
        async with Outbox(folder / "outbox.db") as outbox, connected(broker, "test", outbox) as bus:
            yield RealHome(bus, broker)
    finally:
        await broker.stop()


async def read(subscription: Subscription) -> Message:
    async with asyncio.timeout(PATIENCE):
        return await anext(subscription)


async def test_a_message_reaches_every_subscription_that_wants_it(
    kind: str, tmp_path: Path
) -> None:
    async with home(kind, tmp_path) as place:
        lamps, all_of_it = place.bus.subscribe("lamp/+/set"), place.bus.subscribe("shed/#")
        await place.bus.publish("lamp/desk/set", "on")
        await place.bus.publish("shed/door", "open")
        assert await read(lamps) == Message("lamp/desk/set", b"on")
        assert await read(all_of_it) == Message("shed/door", b"open")


async def test_messages_keep_their_order(kind: str, tmp_path: Path) -> None:
    async with home(kind, tmp_path) as place:
        numbers = place.bus.subscribe("count")
        for number in range(50):
            await place.bus.publish("count", str(number))
        assert [int((await read(numbers)).payload) for _ in range(50)] == list(range(50))


async def test_what_was_retained_before_comes_marked_and_what_comes_live_does_not(
    kind: str, tmp_path: Path
) -> None:
    async with home(kind, tmp_path) as place:
        await place.bus.publish("lamp/state", "on", retain=True)
        states = place.bus.subscribe("lamp/state")
        assert await read(states) == Message("lamp/state", b"on", retained=True)
        await place.bus.publish("lamp/state", "off", retain=True)
        assert await read(states) == Message("lamp/state", b"off")


@pytest.mark.parametrize("payload", [b"", b"\x00\xff\xfe", b"\xf0" * 1_000_000], ids=len)
async def test_any_bytes_survive_up_to_a_megabyte(
    kind: str, tmp_path: Path, payload: bytes
) -> None:
    async with home(kind, tmp_path) as place:
        feed = place.bus.subscribe("raw")
        await place.bus.publish("raw", payload)
        assert await read(feed) == Message("raw", payload)


async def test_filters_may_be_added_and_removed_while_reading(kind: str, tmp_path: Path) -> None:
    async with home(kind, tmp_path) as place:
        await place.bus.publish("late/state", "known", retain=True)
        feed = place.bus.subscribe("early")
        feed.add("late/state", "end")
        assert await read(feed) == Message("late/state", b"known", retained=True)
        feed.remove("early")
        await place.bus.publish("early", "not for us")
        await place.bus.publish("end", "for us")
        assert await read(feed) == Message("end", b"for us")


async def test_a_closed_subscription_ends(kind: str, tmp_path: Path) -> None:
    async with home(kind, tmp_path) as place:
        feed = place.bus.subscribe("last")
        await place.bus.publish("last", "words")
        assert await read(feed) == Message("last", b"words")
        feed.close()
        with pytest.raises(StopAsyncIteration):
            await read(feed)


async def test_publishing_without_a_broker_says_so_and_works_again_when_it_is_back(
    kind: str, tmp_path: Path
) -> None:
    async with home(kind, tmp_path) as place:
        feed = place.bus.subscribe("lamp")
        await place.break_broker()
        assert not place.bus.connected
        with pytest.raises(Temporary):
            await place.bus.publish("lamp", "lost")
        await place.mend_broker()
        await place.bus.publish("lamp", "found")
        assert await read(feed) == Message("lamp", b"found")


async def test_waiting_for_an_absent_broker_ends_at_the_deadline(kind: str, tmp_path: Path) -> None:
    async with home(kind, tmp_path) as place:
        await place.break_broker()
        with pytest.raises(Temporary):
            await place.bus.wait_connected(deadline=asyncio.get_running_loop().time() + 0.05)


async def test_where_the_answer_is_waited_for_and_until_when_comes_along(
    kind: str, tmp_path: Path
) -> None:
    async with home(kind, tmp_path) as place:
        feed = place.bus.subscribe("ask")
        before = asyncio.get_running_loop().time()
        await place.bus.publish(
            "ask", "time?", expiry_s=60, response_topic="mine/answer", correlation=b"\x00\x07"
        )
        message = await read(feed)
        assert (message.topic, message.payload) == ("ask", b"time?")
        if kind == "amqtt":  # MQTT 3.1.1 has none of it
            assert message == Message("ask", b"time?")
            return
        assert (message.response_topic, message.correlation) == ("mine/answer", b"\x00\x07")
        assert message.expires_at is not None
        assert before < message.expires_at <= asyncio.get_running_loop().time() + 60


async def test_what_is_kept_for_an_absent_broker_goes_out_in_order_when_it_is_back(
    kind: str, tmp_path: Path
) -> None:
    async with home(kind, tmp_path) as place:
        feed = place.bus.subscribe("lamp/+")
        assert await place.bus.publish("lamp/0", "on", keep_until=time.time() + 60) is Sent.NOW
        await read(feed)
        await place.break_broker()
        for number in range(1, 20):
            until = time.time() + 60
            sent = await place.bus.publish(f"lamp/{number}", "on", keep_until=until)
            assert sent is Sent.LATER
        await place.mend_broker()
        arrived = [(await read(feed)).topic for _ in range(1, 20)]
        assert arrived == [f"lamp/{number}" for number in range(1, 20)]


async def test_what_is_kept_too_long_does_not_go_out(kind: str, tmp_path: Path) -> None:
    async with home(kind, tmp_path) as place:
        feed = place.bus.subscribe("lamp", "fan")
        await place.break_broker()
        await place.bus.publish("lamp", "on", keep_until=time.time() + 0.05)
        await place.bus.publish("fan", "on", keep_until=time.time() + 60)
        await asyncio.sleep(0.1)
        await place.mend_broker()
        assert (await read(feed)).topic == "fan"
        await place.bus.publish("lamp", "now")
        assert (await read(feed)).payload == b"now"


async def test_a_time_that_has_passed_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    async with home(kind, tmp_path) as place:
        with pytest.raises(DeadlineExceeded):
            await place.bus.publish("lamp", "on", keep_until=time.time() - 1)


async def test_a_durable_subscription_needs_no_retained_messages(kind: str, tmp_path: Path) -> None:
    async with home(kind, tmp_path) as place:
        await place.bus.publish("ask", "old", retain=True)
        feed = place.bus.subscribe("ask", durable=True)
        await place.bus.publish("ask", "new")
        message = await read(feed)
        if kind == "amqtt" and message.retained:  # MQTT 3.1.1 cannot leave them out, and says so
            message = await read(feed)
        assert message == Message("ask", b"new")
