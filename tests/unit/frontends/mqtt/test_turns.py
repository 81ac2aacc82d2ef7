"""Each turn over MQTT, as it is documented, and without what was said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from laresd.config import Config, HomeAssistant
from laresd.frontends.mqtt.turns import UNTOLD, TurnTopic
from laresd.turns import Closing
from laresd.types import (
    Action,
    Command,
    Json,
    Outcome,
    Reply,
    ReplyKind,
    Span,
    Status,
    Transcript,
    Turn,
)
from tests.fakes.bus import FakeBus
from tests.fakes.virtual_time import virtual_time
from tests.unit.frontends.mqtt.document import blocks, rows, validator

SAID, ANSWERED = "turn on the light", "Turned on the light."
REPLY = Reply(
    "7",
    ReplyKind.DONE,
    ANSWERED,
    "grammar",
    "HassTurnOn",
    (Outcome(Action("light.a", Command.TURN_ON), Status.CONFIRMED),),
    (Span("understand", 12.0, 12.1),),
)
TURN = Turn(
    "7",
    "microphone",
    "done",
    wake_word="okay_nabu",
    transcript=Transcript(SAID),
    reply=REPLY,
    spans=(Span("wake", 10.0, 10.5), *REPLY.spans),
)


@asynccontextmanager
async def telling(*, texts: bool = False) -> AsyncIterator[tuple[TurnTopic, FakeBus]]:
    bus = FakeBus()
    topic = TurnTopic(bus, Config(home_assistant=HomeAssistant(texts=texts)))
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(topic.run())
        yield topic, bus
        run.cancel()


def told(bus: FakeBus) -> list[dict[str, Json]]:
    assert all(topic == "lares/lares/turn" and not retained for topic, _, retained in bus.published)
    forms = [json.loads(payload) for _, payload, _ in bus.published]
    assert all(validator("event", "turn").is_valid(form) for form in forms)
    return forms


@virtual_time
async def test_a_spoken_turn_is_told_with_its_stages_and_what_was_done() -> None:
    async with telling() as (topic, bus):
        topic.spoken(TURN)
        await asyncio.sleep(0.1)
        (form,) = told(bus)
        assert (form["id"], form["closing"], form["wake_word"]) == ("7", "done", "okay_nabu")
        assert form["outcomes"] == [
            {"entity_id": "light.a", "command": "turn_on", "status": "confirmed"}
        ]
        assert form["spans"] == [
            {"name": "wake", "at_ms": 0.0, "ms": 500.0},
            {"name": "understand", "at_ms": 2000.0, "ms": 100.0},
        ]


@virtual_time
async def test_what_was_said_is_told_only_where_the_house_wants_it() -> None:
    async with telling() as (topic, bus):
        topic.spoken(TURN)
        topic.asked(REPLY, "mqtt")
        await asyncio.sleep(0.1)
        assert len(told(bus)) == 2
        assert not any(
            SAID in body.decode() or ANSWERED in body.decode() for _, body, _ in bus.published
        )
    async with telling(texts=True) as (topic, bus):
        topic.spoken(TURN)
        topic.asked(REPLY, "mqtt")
        topic.asked(replace(REPLY, secret=True), "mqtt")
        await asyncio.sleep(0.1)
        spoken, asked, secret = told(bus)
        assert (spoken["heard"], spoken["reply"]) == (SAID, ANSWERED)
        assert (asked["heard"], asked["reply"]) == ("", ANSWERED)
        assert "reply" not in secret and "heard" not in secret


@virtual_time
async def test_a_turn_without_an_answer_is_told_too() -> None:
    async with telling(texts=True) as (topic, bus):
        topic.spoken(Turn("8", "microphone", "no_speech"))
        await asyncio.sleep(0.1)
        (form,) = told(bus)
        assert form["kind"] is None and form["outcomes"] == form["spans"] == []


@virtual_time
async def test_what_a_broker_that_is_away_misses_is_not_told_later() -> None:
    async with telling() as (topic, bus):
        bus.break_connection()
        topic.spoken(TURN)
        await asyncio.sleep(0.1)
        bus.mend()
        topic.asked(REPLY, "control")
        await asyncio.sleep(0.1)
        assert [form["source"] for form in told(bus)] == ["control"]


@virtual_time
async def test_a_flood_of_requests_waits_in_bounded_memory() -> None:
    async with telling() as (topic, bus):
        for number in range(3 * UNTOLD):
            topic.asked(replace(REPLY, request_id=str(number)), "mqtt")
        await asyncio.sleep(0.1)
        assert [form["id"] for form in told(bus)] == [str(n) for n in range(2 * UNTOLD, 3 * UNTOLD)]


@pytest.mark.parametrize("closing", [*Closing])
def test_every_closing_is_documented(closing: Closing) -> None:
    form = rows("shown", "turn")[0]
    assert isinstance(form, dict)
    assert validator("event", "turn").is_valid({**form, "closing": str(closing)})


def test_the_words_that_are_documented_are_those_of_the_code() -> None:
    schema = blocks()["json", "event", "turn"]
    assert isinstance(schema, dict)
    fields = schema["properties"]
    assert isinstance(fields, dict)
    assert fields["closing"] == {"enum": [str(closing) for closing in Closing]}
    assert fields["kind"] == {"enum": [*(str(kind) for kind in ReplyKind), None]}
