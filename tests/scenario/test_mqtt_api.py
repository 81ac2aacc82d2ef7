"""The request API over a real broker, a real daemon and the demo home."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from laresd.app import Box
from laresd.backends.broker.client import MqttBus
from laresd.backends.clock import SystemClock
from laresd.config import Box as BoxSettings
from laresd.config import Config, MqttApi
from laresd.core import arbitration
from laresd.frontends.mqtt import WakeArbiter
from laresd.sound import write_wav
from laresd.types import Json, Message
from tests.contract.brokers import Mosquitto, connected, needs_mosquitto
from tests.scenario.boxes import PATIENCE, a_box, settings
from tests.unit.frontends.mqtt.document import is_documented_answer

pytestmark = pytest.mark.slow
BASE = "lares/lares"


class Asker:
    """Another client of the broker, which has answers sent to a topic of its own."""

    def __init__(self, bus: MqttBus, box: Box) -> None:
        self.box = box
        self._bus = bus
        self._answers = bus.subscribe("asker/answers", f"{BASE}/answer/+")
        self._count = 0

    async def record(self, text: str, name: str) -> None:
        """A recording by the box's own voice, in the folder that requests may name."""
        deadline = self.box.clock.now() + PATIENCE
        pcm = await self.box.mind.work.synthesize(text, language="en", deadline=deadline)
        folder = self.box.config.mqtt_api.audio_dir
        assert folder is not None
        await asyncio.to_thread(write_wav, folder / name, pcm)

    async def message(self) -> Message:
        async with asyncio.timeout(PATIENCE):
            return await anext(self._answers)

    async def send(
        self,
        operation: str,
        payload: dict[str, Json] | str | bytes,
        *,
        expiry_s: float | None = None,
    ) -> bytes:
        """The correlation data that the answer must have."""
        self._count += 1
        correlation = str(self._count).encode()
        data = json.dumps(payload) if isinstance(payload, dict) else payload
        await self._bus.publish(
            f"{BASE}/{operation}",
            data,
            response_topic="asker/answers",
            correlation=correlation,
            expiry_s=expiry_s,
        )
        return correlation

    async def ask(self, operation: str, payload: dict[str, Json] | str | bytes) -> dict[str, Json]:
        correlation = await self.send(operation, payload)
        message = await self.message()
        assert (message.topic, message.correlation) == ("asker/answers", correlation)
        answer = json.loads(message.payload)
        assert is_documented_answer(answer), answer
        assert isinstance(answer, dict)
        return answer


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[Asker]:
    needs_mosquitto()
    recordings = folder / "recordings"
    recordings.mkdir()
    async with AsyncExitStack() as stack:
        broker = Mosquitto(folder)
        await broker.start()
        stack.push_async_callback(broker.stop)
        config = dataclasses.replace(
            settings(folder, port=broker.port), mqtt_api=MqttApi(audio_dir=recordings)
        )
        box = await stack.enter_async_context(a_box(config))
        bus = await stack.enter_async_context(connected(broker, box="asker"))
        yield Asker(bus, box)


async def test_every_operation_answers_to_the_response_topic_with_its_correlation_data(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as asker:
        done = await asker.ask("ask", {"text": "turn on the desk lamp", "id": "a7"})
        assert (done["id"], done["kind"]) == ("a7", "done")
        assert done["text"] == "Turned on the desk lamp."

        await asker.record("turn off the desk lamp", "lamp.wav")
        heard = await asker.ask("ask", {"audio": "lamp.wav"})
        assert heard["kind"] == "done", heard
        assert heard["text"] == "Turned off the desk lamp."

        said = await asker.ask("from/panel/say", "Dinner is ready.")
        assert (said["kind"], said["text"]) == ("done", "Dinner is ready.")

        started = await asker.ask("timer", {"verb": "start", "seconds": 300, "name": "tea"})
        assert started["outcome"] == "started"
        assert (await asker.ask("timer", "status"))["timers"]

        scene = await asker.ask("scene", "Movie night")
        assert scene["kind"] == "done"
        outcomes = scene["outcomes"]
        assert isinstance(outcomes, list)
        assert "scene.movie_night" in json.dumps(outcomes)

        unknown = await asker.ask("kb/ask", "when was the boiler serviced")
        assert (unknown["kind"], unknown["claims"]) == ("refused", [])
        assert code(await asker.ask("listen", "")) == "refused"  # this box has no microphone


def code(answer: dict[str, Json]) -> Json:
    error = answer["error"]
    assert isinstance(error, dict)
    return error["code"]


async def test_what_no_request_should_be_costs_an_error_and_the_next_one_is_answered(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as asker:
        for payload in (b"x" * (1 << 20), b"\xff\xfe", b'{"text": ', b'{"text": "hi", "x": 1}'):
            assert code(await asker.ask("ask", payload)) in {"refused", "bad_request"}
        await asker._bus.publish(
            f"{BASE}/ask", '{"text": "turn on the desk lamp", "id": "x"}',
            response_topic="demo/desk_lamp/power/set",
        )  # fmt: skip
        message = await asker.message()
        assert message.topic == f"{BASE}/answer/x"
        assert code(json.loads(message.payload)) == "refused"
        assert (await asker.ask("ask", "turn on the desk lamp"))["kind"] == "done"


async def test_a_message_that_is_delivered_twice_is_done_once(tmp_path: Path) -> None:
    async with house(tmp_path) as asker:
        switched = asker.box.bus.subscribe("demo/desk_lamp/power/set")
        for _ in range(3):
            await asker.send("ask", {"text": "turn on the desk lamp", "id": "once"})
        await asker.message()
        last = await asker.ask("ask", {"text": "is the desk lamp on", "id": "then"})
        assert last["id"] == "then"
        switched.close()
        assert [message.payload async for message in switched] == [b"ON"]


async def test_of_three_boxes_on_a_real_broker_exactly_one_answers_each_wake_word(
    tmp_path: Path,
) -> None:
    needs_mosquitto()
    names = ("bath", "hall", "kitchen")
    async with AsyncExitStack() as stack:
        broker = Mosquitto(tmp_path)
        await broker.start()
        stack.push_async_callback(broker.stop)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        arbiters, tasks = {}, []
        for name in names:
            bus = await stack.enter_async_context(connected(broker, box=name))
            config = Config(box=BoxSettings(name=name))
            ballot = arbitration.Ballot
            # A busy test machine may take long for a message: more patience, the same rules.
            arbiters[name] = WakeArbiter(config, bus, SystemClock(), ballot, wait=0.5)
            tasks.append(group.create_task(arbiters[name].run()))
        for one in arbiters.values():
            async with asyncio.timeout(PATIENCE):
                await one.known(len(names) - 1)
        for loudest in names:
            levels = {name: -20.0 if name == loudest else -45.0 for name in names}
            answers = await asyncio.gather(
                *(arbiters[name].may_answer(0.97, levels[name]) for name in names)
            )
            assert dict(zip(names, answers, strict=True)) == {n: n == loudest for n in names}
            await asyncio.sleep(arbitration.SAME + 0.1)
        for task in tasks:
            task.cancel()
