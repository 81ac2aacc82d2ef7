"""Requests over MQTT: everything that comes in is answered, nothing is carried out twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from laresd.backends.clock import SystemClock
from laresd.config import Config
from laresd.frontends.mqtt import MAX_AT_ONCE, MqttFrontend
from laresd.types import Json, Priority
from tests.fakes.assistant import FakeAssistant
from tests.fakes.bus import FakeBus

ASK = "lares/lares/ask"


class Home:
    """A bus with the frontend on it."""

    def __init__(self, replies: dict[str, str]) -> None:
        self.bus = FakeBus()
        self.assistant = FakeAssistant(replies, seconds=0.0)
        self.answers = self.bus.subscribe("lares/lares/answer/+")
        self.frontend = MqttFrontend(self.bus, self.assistant, SystemClock(), Config())

    def send(self, payload: str | bytes | dict[str, Json]) -> None:
        self.bus.deliver(ASK, json.dumps(payload) if isinstance(payload, dict) else payload)

    async def answer(self) -> tuple[str, dict[str, Json]]:
        async with asyncio.timeout(30):
            message = await anext(self.answers)
        assert not message.retained
        return message.topic.rpartition("/")[2], json.loads(message.payload)

    async def ask(self, payload: str | bytes | dict[str, Json]) -> tuple[str, dict[str, Json]]:
        self.send(payload)
        return await self.answer()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Home]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.frontend.run())
            await asyncio.sleep(0)
            yield self
            task.cancel()


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    made = Home({"turn on the lamp": "Done.", "wait": "hang"})
    async with made.running():
        yield made


async def test_plain_text_is_answered_at_last(home: Home) -> None:
    number, answer = await home.ask("turn on the lamp")
    assert (number, answer["text"], answer["kind"]) == ("last", "Done.", "done")
    request = home.assistant.requests[0]
    assert (request.language, request.source) == ("en", "mqtt")
    assert request.priority is Priority.AUTOMATION


async def test_json_names_the_id_language_room_and_deadline(home: Home) -> None:
    number, answer = await home.ask(
        {
            "text": "turn on the lamp",
            "id": "a-7",
            "language": "de",
            "area": "kitchen",
            "deadline_s": 5,
        }
    )
    assert (number, answer["id"]) == ("a-7", "a-7")
    request = home.assistant.requests[0]
    assert (request.language, request.area) == ("de", "kitchen")
    assert request.deadline <= asyncio.get_running_loop().time() + 5


@pytest.mark.parametrize(
    ("payload", "kind", "said"),
    [
        (b"\xff\xfe", "permanent", "not UTF-8"),
        (b'{"text": ', "permanent", "begins like JSON"),
        (b"{" * 50_000, "permanent", "begins like JSON"),
        (b"x" * (1 << 20), "refused", "too long"),
        (b"", "refused", "1 to 1000 characters"),
        (b"y" * 2000, "refused", "1 to 1000 characters"),
        (b'{"text": 5}', "permanent", "`text` must be text"),
        (b'{"text": "hi", "language": []}', "permanent", "`language` must be text"),
        (b'{"text": "hi", "deadline_s": 0}', "refused", "expired"),
        (b'{"text": "hi", "deadline_s": NaN}', "refused", "expired"),
        (b'{"text": "hi", "deadline_s": "soon"}', "permanent", "`deadline_s` must be"),
        (b'{"text": "hi", "id": "a/b#"}', "permanent", "`id` must be"),
    ],
)
async def test_what_cannot_be_read_is_answered_with_the_reason(
    payload: bytes, kind: str, said: str, home: Home
) -> None:
    number, answer = await home.ask(payload)
    error = answer["error"]
    assert isinstance(error, dict)
    assert (number, answer["kind"], error["kind"]) == ("last", "error", kind)
    assert said in str(error["message"])
    assert not home.assistant.requests


async def test_a_second_delivery_is_not_carried_out_again(home: Home) -> None:
    await home.ask({"text": "turn on the lamp", "id": "once"})
    home.send({"text": "turn on the lamp", "id": "once"})
    number, _ = await home.ask({"text": "turn on the lamp", "id": "other"})
    assert number == "other"
    assert [request.id for request in home.assistant.requests] == ["once", "other"]


async def test_a_retained_request_is_not_carried_out(home: Home) -> None:
    home.bus.deliver(ASK, "turn on the lamp", retain=True)
    await home.answer()  # the first delivery is an ordinary one
    late = Home({"turn on the lamp": "Done."})
    late.bus.deliver(ASK, "turn on the lamp", retain=True)
    async with late.running():
        await late.ask({"text": "turn on the lamp", "id": "1"})
    assert [request.id for request in late.assistant.requests] == ["1"]


async def test_more_than_it_can_do_at_once_is_told_so(home: Home) -> None:
    for one in range(MAX_AT_ONCE):
        home.send({"text": "wait", "id": f"w{one}"})
    number, answer = await home.ask({"text": "turn on the lamp", "id": "late"})
    error = answer["error"]
    assert isinstance(error, dict)
    assert (number, error["kind"]) == ("late", "temporary")


async def test_the_answer_waits_for_a_broker_that_comes_back(home: Home) -> None:
    home.send("turn on the lamp")
    home.bus.break_connection()
    for _ in range(20):
        await asyncio.sleep(0)
    home.bus.mend()
    _, answer = await home.answer()
    assert answer["text"] == "Done."
