"""What a message takes on the wire, and what is believed of a broker that hangs up at it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties, VariableByteIntegers

from laresd.backends.broker import messages
from laresd.backends.broker.client import MqttBus
from laresd.backends.broker.link import Dialect
from laresd.backends.broker.messages import Outgoing
from laresd.backends.broker.sizes import BELIEVED_S, LARGE, MAX_HANG_UPS, Sizes
from laresd.errors import Permanent, Temporary
from laresd.types import Sent
from tests.contract.brokers import (
    Mosquitto,
    connected,
    needs_mosquitto,
    running,
    settings,
    soon,
)
from tests.unit.backends.broker.test_mqtt_client import serving


@given(st.integers(0, 300_000), st.text(min_size=1, max_size=20), st.booleans(), st.booleans())
def test_a_packet_is_as_large_as_mqtt_5_writes_it(
    length: int, topic: str, expires: bool, acknowledged: bool
) -> None:
    message = Outgoing(topic, b"x" * length, qos=int(acknowledged), expiry_s=9 if expires else None)
    more = messages.outgoing(message)
    written = (more or Properties(PacketTypes.PUBLISH)).pack()  # type: ignore[no-untyped-call]
    rest = 2 + len(topic.encode()) + (2 if acknowledged else 0) + len(written) + length
    head = 1 + len(VariableByteIntegers.encode(rest))  # type: ignore[no-untyped-call]
    assert messages.packet_size(message, more) == head + rest


class TestABrokerThatHangsUp:
    def test_is_believed_after_some_times_and_then_told_nothing_so_large(self) -> None:
        sizes = Sizes()
        for _ in range(MAX_HANG_UPS):
            sizes.check("house", 5000, None, 0.0)
            sizes.hung_up(5000, 0.0)
        with pytest.raises(Permanent, match="hung up 3 times when it was sent 5000"):
            sizes.check("house", 6000, None, 1.0)
        sizes.check("house", 4999, None, 1.0)

    def test_at_a_short_message_is_only_gone(self) -> None:
        sizes = Sizes()
        for _ in range(10):
            sizes.hung_up(LARGE - 1, 0.0)
        sizes.check("house", 10_000_000, None, 0.0)

    def test_and_then_takes_it_was_only_gone_too(self) -> None:
        sizes = Sizes()
        for _ in range(MAX_HANG_UPS):
            sizes.hung_up(5000, 0.0)
            sizes.taken(5000)
        sizes.check("house", 5000, None, 0.0)

    def test_is_asked_again_after_a_while(self) -> None:
        sizes = Sizes()
        for _ in range(MAX_HANG_UPS):
            sizes.hung_up(5000, 0.0)
        sizes.check("house", 5000, None, BELIEVED_S)


async def test_what_is_larger_than_the_broker_says_it_takes_is_an_error_and_not_sent(
    tmp_path: Path,
) -> None:
    needs_mosquitto()
    broker = Mosquitto(tmp_path, "allow_anonymous true\nmax_packet_size 2000")
    async with serving(broker), connected(broker) as bus:
        with pytest.raises(Permanent, match="the broker takes 2000") as caught:
            await bus.publish("house/plan", b"x" * 2000)
        assert "max_packet_size" in caught.value.remedy
        assert bus.connected
        assert await bus.publish("house/plan", b"x" * 1900) is Sent.NOW


async def test_a_broker_of_mqtt_3_which_only_hangs_up_is_not_sent_it_for_ever(
    tmp_path: Path,
) -> None:
    needs_mosquitto()
    broker = Mosquitto(tmp_path, "allow_anonymous true\nmax_packet_size 2000")
    mqtt3 = Dialect(mqtt5=False)
    async with serving(broker):
        bus = MqttBus(settings(broker.port), box="test", dialect=mqtt3, first_delay=0.05)
        async with running(bus):
            for _ in range(MAX_HANG_UPS):
                await bus.wait_connected(deadline=soon())
                with pytest.raises(Temporary):
                    await bus.publish("house/plan", b"x" * 2000)
            await bus.wait_connected(deadline=soon())
            with pytest.raises(Permanent, match="hung up"):
                await bus.publish("house/plan", b"x" * 2000)
            assert await bus.publish("lamp/set", "ON") is Sent.NOW


async def test_nobody_can_send_this_box_what_no_device_announces(tmp_path: Path) -> None:
    needs_mosquitto()
    broker = Mosquitto(tmp_path)
    async with serving(broker), connected(broker, "a") as sender, connected(broker, "b") as bus:
        feed = bus.subscribe("house/+")
        await bus.publish("house/ready", "1")
        assert (await anext(feed)).payload == b"1"
        await sender.publish("house/flood", b"x" * messages.LARGEST)
        await sender.publish("house/lamp", "ON")
        assert (await anext(feed)).topic == "house/lamp"
        assert bus.connected
