"""Whatever arrives on the broker, the devices that were there go on working."""

import json
import logging
from pathlib import Path

import pytest

from laresd.types import ReplyKind
from tests.contract.brokers import Mosquitto, needs_mosquitto
from tests.scenario.boxes import PATIENCE, a_box, ask, settings

pytestmark = pytest.mark.slow

GARBAGE = {
    "homeassistant/light/broken/config": b"{not json",
    "homeassistant/light/bytes/config": b"\xff\xfe\x00\x80",
    "homeassistant/light/list/config": b"[1, 2, 3]",
    "homeassistant/light/huge/config": b'{"name": "' + b"x" * 1_000_000 + b'"}',
    "homeassistant/device/odd/config": b'{"dev": 1, "cmps": "none"}',
    "demo/kitchen_light": b"\xff\xff not a state",
    "demo/desk_lamp/power": b"x" * 1_000_000,
}


async def test_garbage_costs_warnings_that_name_its_topic(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    needs_mosquitto()
    broker = Mosquitto(tmp_path)
    await broker.start()
    try:
        async with a_box(settings(tmp_path, port=broker.port)) as box:
            known = set(box.devices.home().entities)
            with caplog.at_level(logging.WARNING):
                for topic, payload in GARBAGE.items():
                    await box.bus.publish(topic, payload)
                done = await ask(box, "turn on the kitchen light")
            assert done.kind is ReplyKind.DONE
            assert set(box.devices.home().entities) == known
            warned = caplog.text
            assert "homeassistant/light/broken/config" in warned
            assert "homeassistant/light/huge/config" in warned
    finally:
        await broker.stop()


async def test_requests_over_mqtt_that_are_none_get_an_error_as_answer(tmp_path: Path) -> None:
    needs_mosquitto()
    broker = Mosquitto(tmp_path)
    await broker.start()
    try:
        async with a_box(settings(tmp_path, port=broker.port)) as box:
            answers = box.bus.subscribe("lares/lares/answer/#")
            for payload in (b"\xff\xfe", b"x" * 1_000_000, b'{"text": 5}', b"{broken"):
                await box.bus.publish("lares/lares/ask", payload)
                answer = json.loads((await anext(answers)).payload)
                assert answer["error"]["message"]
            await box.bus.publish(
                "lares/lares/ask", json.dumps({"text": "turn on the desk lamp", "id": "a7"})
            )
            message = await anext(answers)
            assert message.topic == "lares/lares/answer/a7"
            assert json.loads(message.payload)["text"] == "Turned on the desk lamp."
            await box.devices.settled(deadline=box.clock.now() + PATIENCE)
    finally:
        await broker.stop()
