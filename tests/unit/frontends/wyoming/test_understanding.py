"""Sentences of clients: what they mean, and who may have them carried out."""

from __future__ import annotations

from dataclasses import replace

from wyoming.asr import Transcript
from wyoming.handle import Handled, HandledChunk, NotHandled
from wyoming.intent import Intent, NotRecognized, Recognize

from laresd.types import Recognition, Scalar
from tests.unit.frontends.wyoming.served import TURN_ON, Server, a_server, serving, until

CONTEXT = {"conversation_id": "c1", "satellite_id": "assist_satellite.hall"}


async def test_a_command_is_carried_out_and_answered() -> None:
    async with a_server() as server, server.client() as client:
        await client.write_event(Transcript(TURN_ON, CONTEXT, "en-US").event())
        events = await until(client, "handled-stop")
        assert [event.type for event in events] == [
            "handled-start",
            "handled-chunk",
            "handled",
            "handled-stop",
        ]
        handled = Handled.from_event(events[2])
        assert (handled.text, handled.context) == ("The kitchen light is on.", CONTEXT)
        (request,) = server.assistant.requests
        assert (request.text, request.language, request.source) == (TURN_ON, "en", "wyoming")
        assert (request.site, request.conversation) == ("assist_satellite.hall", "c1")


async def test_an_answer_is_told_sentence_by_sentence_while_it_is_generated() -> None:
    async with a_server() as server, server.client() as client:
        await client.write_event(Transcript("tell me a story").event())
        events = await until(client, "handled-stop")
        parts = [HandledChunk.from_event(e).text for e in events if e.type == "handled-chunk"]
        assert parts == ["Once upon a time.", " The end."]
        assert Handled.from_event(events[-2]).text == "".join(parts)


async def test_what_is_not_understood_is_not_handled() -> None:
    async with a_server() as server, server.client() as client:
        await client.write_event(Transcript("make me a sandwich", CONTEXT).event())
        (event,) = await until(client, "not-handled")
        assert NotHandled.from_event(event).text == "I did not understand that."
        assert NotHandled.from_event(event).context == CONTEXT


async def test_two_clients_do_not_share_what_was_said_before() -> None:
    async with a_server() as server, server.client() as client:
        for context in ({"satellite_id": "hall"}, {"satellite_id": "attic"}, None):
            await client.write_event(Transcript(TURN_ON, context).event())
            await until(client, "handled-stop")
        sites = [request.site for request in server.assistant.requests]
        assert sites == ["hall", "attic", "wyoming 127.0.0.1"]


async def test_a_sentence_is_recognized_and_nothing_is_done() -> None:
    async with a_server() as server, server.client() as client:
        slots: dict[str, Scalar] = {"name": "kitchen light", "brightness": 50}
        server.grammar.answers[TURN_ON] = [Recognition("HassTurnOn", slots), Recognition("Other")]
        await client.write_event(Recognize(TURN_ON, CONTEXT).event())
        intent = Intent.from_event((await until(client, "intent"))[-1])
        assert (intent.name, intent.context) == ("HassTurnOn", CONTEXT)
        assert {entity.name: entity.value for entity in intent.entities} == slots
        await client.write_event(Recognize("what a day").event())
        assert NotRecognized.is_type((await until(client, "not-recognized"))[-1].type)
        assert not server.assistant.requests


async def test_where_nothing_is_carried_out_a_command_is_told_as_an_intent() -> None:
    server = Server()
    server.grammar.answers[TURN_ON] = [Recognition("HassTurnOn")]
    async with serving(replace(server.services, assistant=None)) as doors:
        server.port = doors.port
        async with server.client() as client:
            await client.write_event(Transcript(TURN_ON).event())
            assert Intent.from_event((await until(client, "intent"))[-1]).name == "HassTurnOn"
    bare = replace(server.services, assistant=None, grammar=None)
    async with serving(bare) as doors:
        server.port = doors.port
        async with server.client() as client:
            await client.write_event(Transcript(TURN_ON).event())
            assert "not carried out" in (await until(client, "error"))[-1].data["text"]
            await client.write_event(Recognize(TURN_ON).event())
            await until(client, "error")
    assert not server.assistant.requests


async def test_intents_of_other_programs_are_not_handled() -> None:
    async with a_server() as server, server.client() as client:
        await client.write_event(Intent("HassTurnOn", context=CONTEXT).event())
        event = (await until(client, "not-handled"))[-1]
        assert NotHandled.from_event(event).context == CONTEXT
        assert not server.assistant.requests
