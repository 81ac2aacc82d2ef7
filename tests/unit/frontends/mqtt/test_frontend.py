"""Requests over MQTT: everything that comes in is answered, nothing is carried out twice."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator

import pytest

from laresd.config import MqttApi
from laresd.errors import Temporary
from laresd.types import Json, Priority
from tests.fakes.virtual_time import virtual_time
from tests.unit.frontends.mqtt.rig import BASE, FakeSeen, Rig, error_of

SECRET = "the combination of the safe is nineteen"  # what must not get into a log


@pytest.fixture
async def home() -> AsyncIterator[Rig]:
    async with Rig().running() as rig:
        yield rig


async def test_plain_text_is_answered_at_last(home: Rig) -> None:
    home.send("turn on the lamp")
    message = await home.message()
    assert message.topic == f"{BASE}/answer/last"
    assert not message.retained
    assert b'"text": "Done."' in message.payload
    request = home.assistant.requests[0]
    assert (request.language, request.source, request.site) == ("en", "mqtt", "mqtt")
    assert request.priority is Priority.AUTOMATION


async def test_json_names_who_asks_where_and_how_long(home: Rig) -> None:
    home.send(
        {
            "text": "turn on the lamp",
            "id": "a-7",
            "language": "de",
            "area": "kitchen",
            "site": "tablet",
            "user": "Ada",
            "conversation": "c1",
            "deadline_s": 5,
        }
    )
    message = await home.message()
    assert message.topic == f"{BASE}/answer/a-7"
    request = home.assistant.requests[0]
    assert (request.id, request.language, request.area) == ("a-7", "de", "kitchen")
    assert (request.site, request.user, request.conversation) == ("tablet", "Ada", "c1")
    assert request.deadline <= asyncio.get_running_loop().time() + 5


async def test_a_client_that_the_topic_names_is_the_user_unless_another_is_named(home: Rig) -> None:
    await home.ask("turn on the lamp", "from/panel-3/ask")
    request = home.assistant.requests[0]
    assert (request.user, request.site) == ("panel-3", "mqtt/panel-3")


async def test_the_client_of_the_topic_is_believed_before_that_of_the_payload(home: Rig) -> None:
    await home.ask({"text": "turn on the lamp", "client": "other"}, "from/panel-3/ask")
    assert home.assistant.requests[0].user == "panel-3"


async def test_the_answer_goes_where_the_message_says_with_its_correlation_data(home: Rig) -> None:
    home.send("turn on the lamp", respond_to="client/7/in-tray", correlation=b"\x00\xff")
    message = await home.message()
    assert (message.topic, message.correlation) == ("client/7/in-tray", b"\x00\xff")


async def test_an_error_goes_there_too(home: Rig) -> None:
    home.send(b"{broken", respond_to="client/7/in-tray", correlation=b"c")
    message = await home.message()
    assert message.topic == "client/7/in-tray"
    assert message.correlation == b"c"


@pytest.mark.parametrize(
    "topic",
    [
        "client/+/x", "a/#", "$SYS/broker", "x" * 300, "/".join("x" * 20), "a\x00b", "a\nb",
        "lares/lares/ask", "lares/other/ask", "lares", "lares/wake/claim", "lares/lares/from/x/ask",
        "homeassistant/status", "homeassistant/light/x/config", "zigbee2mqtt/lamp/set",
        "zigbee2mqtt/bridge/request/permit_join", "cmnd/plug/POWER", "node/light/l/command",
        "shelly/rpc", "domoticz/in", "home/lamp/state",
    ],
)  # fmt: skip
async def test_a_response_topic_that_is_not_the_askers_own_is_not_published_on(topic: str) -> None:
    async with Rig(device_topics=["home/lamp/state"]).running() as home:
        home.send({"text": "turn on the lamp", "id": "7"}, respond_to=topic)
        message = await home.message()
        assert message.topic == f"{BASE}/answer/7"
        assert b"response topic" in message.payload
        assert not home.assistant.requests


async def test_correlation_data_is_bounded(home: Rig) -> None:
    home.send("turn on the lamp", respond_to="client/7/in-tray", correlation=b"x" * 2000)
    assert b"bad_request" in (await home.message()).payload


@pytest.mark.parametrize(
    ("payload", "code", "said"),
    [
        (b"\xff\xfe", "bad_request", "not UTF-8"),
        (b'{"text": ', "bad_request", "begins like JSON"),
        (b"{" * 50_000, "bad_request", "begins like JSON"),
        (b'{"a":' * 10_000, "bad_request", "begins like JSON"),
        (b'{"text": "hi", "deadline_s": ' + b"9" * 6000 + b"}", "bad_request", "number"),
        (b"x" * (1 << 20), "refused", "too long"),
        (b"", "bad_request", "empty"),
        (b"y" * 2000, "bad_request", "2000 characters"),
        (b"a\x00b", "bad_request", "control characters"),
        (b'{"text": "a\\ud800"}', "bad_request", "Unicode"),
        (b'{"text": 5}', "bad_request", "`text` must be"),
        (b'{"txt": "hi"}', "bad_request", "not known"),
        (b'{"text": "hi", "audio": "a.wav"}', "bad_request", "not known"),
        (b'{"text": "hi", "language": []}', "bad_request", "`language` must be"),
        (b'{"text": "hi", "deadline_s": 0}', "bad_request", "`deadline_s` must be"),
        (b'{"text": "hi", "deadline_s": NaN}', "bad_request", "number"),
        (b'{"text": "hi", "deadline_s": "soon"}', "bad_request", "`deadline_s` must be"),
        (b'{"text": "hi", "id": "a/b#"}', "bad_request", "`id` must be"),
        (b'{"text": "hi", "reply": "loud"}', "bad_request", "`reply` must be"),
    ],
)
async def test_what_cannot_be_read_is_answered_with_the_reason(
    payload: bytes, code: str, said: str, home: Rig
) -> None:
    told, message = error_of(await home.ask(payload))
    assert told == code
    assert said in message
    assert not home.assistant.requests


async def test_an_error_names_the_request_as_far_as_it_could_be_read(home: Rig) -> None:
    answer = await home.ask({"id": 7, "text": ""})
    assert answer["id"] == "7"


async def test_an_error_does_not_repeat_what_was_sent(home: Rig) -> None:
    for payload in (f'{{"{SECRET}": 1}}', f'{{"text": "{SECRET}", "deadline_s": "{SECRET}"}}'):
        assert SECRET not in str(await home.ask(payload))


async def test_nothing_that_was_sent_is_logged(home: Rig, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for payload in (SECRET, f"{{{SECRET}", f'{{"text": "{SECRET}", "id": "1", "x": 1}}'):
            await home.ask(payload)
        home.send({"text": SECRET, "id": "2"})
        home.send({"text": SECRET, "id": "2"})
        home.send(SECRET, retain=True)
        home.send(SECRET, f"from/{SECRET}/ask")
        await home.idle()
    assert SECRET not in caplog.text
    assert "came a second time" in caplog.text


async def test_a_second_delivery_is_not_carried_out_again(home: Rig) -> None:
    await home.ask({"text": "turn on the lamp", "id": "once"})
    home.send({"text": "turn on the lamp", "id": "once"})
    answer = await home.ask({"text": "turn on the lamp", "id": "other"})
    assert answer["id"] == "other"
    assert [request.id for request in home.assistant.requests] == ["once", "other"]


async def test_another_request_with_the_id_of_a_recent_one_is_not_lost_in_silence(
    home: Rig,
) -> None:
    await home.ask({"text": "turn on the lamp", "id": "1"})
    code, message = error_of(await home.ask({"text": "tell me a story", "id": "1"}))
    assert code == "bad_request"
    assert "another request" in message


async def test_a_request_that_was_begun_before_a_restart_is_not_begun_again() -> None:
    seen = FakeSeen()
    request: dict[str, Json] = {"text": "turn on the lamp", "id": "1"}
    async with Rig(seen=seen).running() as home:
        await home.ask(request)
    async with Rig(seen=seen).running() as home:
        code, message = error_of(await home.ask(request))
        assert code == "refused"
        assert "begun once before" in message
        assert not home.assistant.requests
    async with Rig(seen=seen).running() as home:
        assert (await home.ask({**request, "text": "tell me a story"}))["kind"] == "done"


async def test_what_cannot_be_remembered_is_not_begun() -> None:
    async with Rig(seen=FakeSeen(failure=Temporary("the disk is full"))).running() as home:
        code, _ = error_of(await home.ask({"text": "turn on the lamp", "id": "1"}))
        assert code == "failed"
        assert not home.assistant.requests


async def test_requests_that_come_while_the_broker_is_away_are_asked_for(home: Rig) -> None:
    home.bus.break_connection()
    home.send("turn on the lamp")
    await home.idle()
    home.bus.mend()
    assert (await home.answer())["text"] == "Done."


async def test_two_clients_may_use_the_same_id(home: Rig) -> None:
    for client in ("a", "b"):
        await home.ask({"text": "turn on the lamp", "id": "1"}, f"from/{client}/ask")
    assert len(home.assistant.requests) == 2


async def test_a_retained_request_is_not_carried_out(home: Rig) -> None:
    home.send("turn on the lamp", retain=True)
    await home.answer()  # the first delivery is an ordinary one
    late = Rig()
    late.send("turn on the lamp", retain=True)
    async with late.running():
        await late.ask({"text": "turn on the lamp", "id": "1"})
    assert [request.id for request in late.assistant.requests] == ["1"]


async def test_a_message_that_has_expired_is_told_so_and_not_carried_out(home: Rig) -> None:
    home.send({"text": "turn on the lamp", "id": "e"}, expiry_s=0)
    code, _ = error_of(await home.answer())
    assert code == "expired"
    assert not home.assistant.requests


async def test_a_request_that_says_that_it_is_old_is_told_so(home: Rig) -> None:
    sent = home.clock.wall() - 60
    code, _ = error_of(await home.ask({"text": "turn on the lamp", "sent_at": sent}))
    assert code == "expired"
    fresh: dict[str, Json] = {
        "text": "turn on the lamp",
        "sent_at": home.clock.wall() - 1,
        "deadline_s": 30,
    }
    assert (await home.ask(fresh))["text"] == "Done."


async def test_requests_that_wait_for_the_start_are_answered_when_the_home_is_known() -> None:
    rig = Rig()
    rig.ready.clear()
    async with rig.running():
        rig.send("turn on the lamp")
        await rig.idle()
        assert not rig.assistant.requests
        rig.ready.set()
        assert (await rig.answer())["text"] == "Done."


@virtual_time
async def test_more_than_may_wait_are_told_that_the_box_is_busy() -> None:
    async with Rig(MqttApi(at_once=2, waiting=3)).running() as home:
        for one in range(5):
            home.send({"text": "wait", "id": f"w{one}"})
        code, _ = error_of(await home.ask({"text": "turn on the lamp", "id": "late"}))
        assert code == "busy"
        assert len(home.assistant.requests) == 2


@virtual_time
async def test_a_busy_box_forgets_the_id_so_that_it_can_be_sent_again() -> None:
    async with Rig(MqttApi(at_once=1, waiting=0)).running() as home:
        home.send({"text": "wait", "id": "w", "deadline_s": 1})
        await home.ask({"text": "turn on the lamp", "id": "again"})
        error_of(await home.answer())  # the first one's time is over
        answer = await home.ask({"text": "turn on the lamp", "id": "again"})
        assert (answer["id"], answer["kind"]) == ("again", "done")


@virtual_time
async def test_what_waited_beyond_its_deadline_is_not_done_late() -> None:
    async with Rig(MqttApi(at_once=1)).running() as home:
        home.send({"text": "wait", "id": "w", "deadline_s": 60})
        code, _ = error_of(
            await home.ask({"text": "turn on the lamp", "id": "late", "deadline_s": 2})
        )
        assert code == "expired"
        assert asyncio.get_running_loop().time() < 3
        assert home.texts() == ["wait"]


@virtual_time
async def test_an_assistant_that_does_not_come_back_is_not_waited_for_without_end() -> None:
    async with Rig().running() as home:
        code, _ = error_of(await home.ask({"text": "wait", "deadline_s": 3}))
        assert code == "expired"
        assert asyncio.get_running_loop().time() < 10


@virtual_time
async def test_a_client_that_asks_too_often_is_told_to_wait_and_others_are_not() -> None:
    async with Rig(MqttApi(requests_per_minute=60)).running() as home:
        for _ in range(10):
            await home.ask({"text": "turn on the lamp", "client": "eager"})
        code, _ = error_of(await home.ask({"text": "turn on the lamp", "client": "eager"}))
        assert code == "busy"
        calm = await home.ask({"text": "turn on the lamp", "client": "calm"})
        assert calm["kind"] == "done"


@virtual_time
async def test_what_cannot_be_read_counts_as_a_request_too() -> None:
    async with Rig(MqttApi(requests_per_minute=60)).running() as home:
        codes = [error_of(await home.ask(b"\xff"))[0] for _ in range(12)]
        assert codes == ["bad_request"] * 10 + ["busy"] * 2


async def test_a_client_that_takes_many_names_is_bounded_all_the_same() -> None:
    async with Rig(MqttApi(requests_per_minute=60)).running() as home:
        kinds = [
            (await home.ask({"text": "turn on the lamp", "client": f"c{one}"}))["kind"]
            for one in range(150)
        ]
        assert kinds.count("done") <= 110


async def test_a_flood_of_large_messages_costs_errors_and_no_memory(home: Rig) -> None:
    begun = time.monotonic()
    for _ in range(2000):
        home.send(b"{" + b"x" * 70_000)
    for _ in range(500):
        assert error_of(await home.answer())[0] in {"refused", "busy"}
    assert time.monotonic() - begun < 60  # only a hang takes so long


async def test_the_answer_waits_for_a_broker_that_comes_back(home: Rig) -> None:
    home.send("turn on the lamp")
    home.bus.break_connection()
    await home.idle()
    home.bus.mend()
    assert (await home.answer())["text"] == "Done."


async def test_an_answer_may_come_in_parts_and_then_whole(home: Rig) -> None:
    parts: list[Json] = [
        await home.ask({"text": "tell me a story", "id": "s", "reply": "parts"}),
        await home.answer(),
        await home.answer(),
    ]
    assert parts == [
        {"id": "s", "part": 1, "text": "Once upon a time."},
        {"id": "s", "part": 2, "text": "There was a house."},
        {"id": "s", "part": 3, "text": "It was warm."},
    ]
    whole = await home.answer()
    assert (whole["kind"], str(whole["text"])[:4]) == ("done", "Once")


@virtual_time
async def test_sentences_that_are_generated_come_as_they_are_told() -> None:
    async with Rig(seconds=2.0).running() as home:
        loop = asyncio.get_running_loop()
        begun, came = loop.time(), []
        home.send({"text": "how far is the moon", "id": "m", "reply": "parts"})
        for _ in range(4):
            answer = await home.answer()
            came.append((answer.get("part"), answer["text"], round(loop.time() - begun)))
    assert came == [
        (1, "It is far.", 2),
        (2, "Some say very far.", 4),
        (3, "Nobody walks there.", 6),
        (None, "It is far. Some say very far. Nobody walks there.", 6),
    ]


@virtual_time
async def test_who_wants_the_whole_gets_no_parts() -> None:
    async with Rig().running() as home:
        whole = await home.ask({"text": "how far is the moon"})
    assert whole["text"] == "It is far. Some say very far. Nobody walks there."


@virtual_time
async def test_parts_that_stop_coming_end_with_an_error() -> None:
    async with Rig().running() as home:
        part = await home.ask({"text": "how far is the sun", "reply": "parts", "deadline_s": 3})
        assert part["text"] == "It is farther."
        assert error_of(await home.answer())[0] == "expired"
        assert (await home.ask("turn on the lamp"))["kind"] == "done"


async def test_who_wants_no_answer_gets_only_errors(home: Rig) -> None:
    home.send({"text": "turn on the lamp", "id": "q", "reply": "none"})
    home.send({"text": "turn on the lamp", "id": "q2", "reply": "none", "sent_at": 1})
    answer = await home.answer()
    assert answer["id"] == "q2"
    assert error_of(answer)[0] == "expired"
    await home.idle()
    assert home.texts() == ["turn on the lamp"]
