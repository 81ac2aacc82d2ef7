"""Who comes in and what they may take: addresses, broken clients, bounds, and what is offered."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wyoming.asr import Transcribe
from wyoming.client import AsyncUnixClient
from wyoming.event import Event, async_read_event
from wyoming.ping import Ping, Pong

from laresd.errors import ConfigError, Permanent
from laresd.frames.wyoming import Event as OwnEvent
from laresd.frontends.wyoming import Connection, Dialogs, Doors, Limits
from laresd.frontends.wyoming.doors import may, networks
from tests.fakes.audio import silence, speech
from tests.fakes.wyoming_package import AudioChunk, AudioStart, Describe, Info
from tests.unit.frontends.wyoming.served import (
    TURN_ON,
    Server,
    a_server,
    next_event,
    serving,
    transcript,
)


async def test_all_that_is_offered_is_in_the_info() -> None:
    async with a_server() as server, server.client() as client:
        await client.write_event(Describe().event())
        info = Info.from_event(await next_event(client))
        (asr,), (tts,), (wake,) = info.asr, info.tts, info.wake
        assert [model.name for model in asr.models] == ["bundled"]
        assert asr.models[0].languages == ["en"]
        assert asr.supports_transcript_streaming and tts.supports_synthesize_streaming
        assert [voice.languages for voice in tts.voices] == [["en"], ["de"]]
        assert {model.name: model.phrase for model in wake.models} == {
            "okay_nabu": "okay nabu",
            "hey_jarvis": None,
        }
        assert info.intent[0].models[0].languages == ["en"]
        assert info.handle[0].supports_home_control and info.handle[0].supports_handled_streaming
        assert all(part.installed and part.version for part in (asr, tts, wake))


async def test_a_ping_is_answered_and_unknown_events_are_dropped() -> None:
    async with a_server() as server, server.client() as client:
        await client.write_event(Event("user-event", {"name": "x"}))
        await client.write_event(Ping("there?").event())
        assert Pong.from_event(await next_event(client)).text == "there?"


async def test_a_unix_socket_serves_too_and_is_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "run" / "wyoming.sock"
    server = Server()
    for _ in range(2):  # the second finds what a killed daemon leaves
        async with serving(server.services, path=path, host=""):
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            async with AsyncUnixClient(path) as client:
                assert await transcript(client, silence(100) + speech(500)) == TURN_ON
        assert not path.exists()
        os.mknod(path, stat.S_IFSOCK | 0o600)


async def test_sockets_that_listen_already_are_served_in_place_of_the_address() -> None:
    async def serve(client: Connection) -> None:
        await client.send(OwnEvent("hello"))

    with socket.create_server(("127.0.0.1", 0)) as given:
        port = given.getsockname()[1]
        doors = Doors(serve, Limits(), host="no-such-host.invalid", port=1, sockets=[given])
        async with doors, asyncio.TaskGroup() as group:
            assert doors.port == port and doors.local
            running = group.create_task(doors.run())
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            event = await async_read_event(reader)
            assert event is not None and event.type == "hello"
            writer.close()
            running.cancel()


async def test_an_address_that_cannot_be_had_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    async with a_server() as server:
        for doors in (
            Doors(Dialogs(server.services), Limits(), host="127.0.0.1", port=server.port),
            Doors(Dialogs(server.services), Limits(), host="", port=0, path=tmp_path / "file"),
        ):
            with pytest.raises(Permanent, match="cannot be served"):
                await doors.__aenter__()
    assert (tmp_path / "file").read_text() == "mine"


def test_who_may_come_in_is_named_by_address_or_network() -> None:
    named = networks(["192.168.1.10", "10.0.0.0/8", "fd00::/8"])
    let_in = {
        peer: may(peer, named)
        for peer in ("192.168.1.10", "192.168.1.11", "10.9.8.7", "fd00::1", "fe80::1%eth0", "::1")
    }
    assert let_in == {
        "192.168.1.10": True,
        "192.168.1.11": False,
        "10.9.8.7": True,
        "fd00::1": True,
        "fe80::1%eth0": False,
        "::1": True,
    }
    assert may("203.0.113.1", networks([]))
    with pytest.raises(ConfigError, match="kitchen"):
        networks(["kitchen"])


async def test_one_client_too_many_is_told_so() -> None:
    async with a_server(Limits(connections=2)) as server:
        async with server.client() as one, server.client() as two:
            for client in (one, two):
                await client.write_event(Ping().event())
                await next_event(client)
            async with server.client() as three:
                assert "2 clients are connected" in (await next_event(three)).data["text"]
                assert await three.read_event() is None
        async with asyncio.timeout(5), server.client() as four:
            await four.write_event(Ping().event())
            await next_event(four)


async def test_a_client_that_says_nothing_is_left() -> None:
    async with a_server(Limits(idle_s=0.05)) as server, server.client() as client:
        assert "nothing was said" in (await next_event(client)).data["text"]
        assert await client.read_event() is None


async def test_a_client_that_takes_nothing_is_left() -> None:
    limits = Limits(send_s=0.05)
    async with a_server(limits) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
        line = json.dumps({"type": "synthesize", "data": {"text": "long " * 1000}}) + "\n"
        writer.write(line.encode() * 100)
        async with asyncio.timeout(10):
            with pytest.raises(ConnectionError):  # whichever of them notices
                while True:
                    writer.write(b"\n")
                    await writer.drain()
                    await asyncio.sleep(0.01)
        del reader
        writer.close()


BROKEN = [
    b"GET / HTTP/1.1\r\n\r\n",
    b'{"type": "audio-chunk", "payload_length": 99999999999}\n',
    b'{"type": "transcribe", "data_length": -1}\n',
    b"\x00" * 100_000,
    b'{"type": 7}\n',
]


@pytest.mark.parametrize("wire", BROKEN)
async def test_a_broken_client_is_told_and_left_and_others_go_on(wire: bytes) -> None:
    async with a_server() as server, server.client() as other:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(wire)
        event = await async_read_event(reader)
        assert event is not None and event.type == "error"
        assert event.data["code"] == "permanent"
        assert await reader.read() == b""
        writer.close()
        assert await transcript(other, speech(500)) == TURN_ON


@pytest.mark.parametrize(
    "event",
    [
        Event("audio-chunk", {}, b"1234"),
        Event("audio-start", {"rate": "x", "width": 2, "channels": 1}),
        Event("audio-start", {"rate": 10**9, "width": 2, "channels": 1}),
        Event("synthesize", {}),
        Event("synthesize", {"text": 5}),
        Event("synthesize", {"text": "x", "voice": "amy"}),
        Event("transcribe", {"language": 5}),
        Event("detect", {"names": 5}),
        Event("recognize", {}),
        Event("transcript", {"text": "x", "context": {"conversation_id": 5}}),
        Event("transcript", {"text": "x", "context": [1]}),
    ],
)
async def test_an_event_that_makes_no_sense_is_told_and_the_client_may_go_on(event: Event) -> None:
    async with a_server() as server, server.client() as client:
        await client.write_event(event)
        told = await next_event(client)
        assert told.type == "error" and told.data["text"]
        assert await transcript(client, speech(500)) == TURN_ON


@settings(max_examples=30)
@given(
    st.lists(
        st.sampled_from(
            [
                Event("transcribe"),
                Event("detect"),
                AudioStart(16_000, 2, 1).event(),
                AudioChunk(16_000, 2, 1, speech(100)).event(),
                AudioChunk(48_000, 3, 2, bytes(100)).event(),
                Event("audio-stop"),
                Event("synthesize-start"),
                Event("synthesize-chunk", {"text": "Hello there. How"}),
                Event("synthesize-stop"),
                Event("transcript", {"text": "x"}),
            ]
        ),
        max_size=12,
    )
)
def test_in_whatever_order_events_come_the_server_stays(events: list[Event]) -> None:
    async def chat() -> None:
        async with a_server() as server, server.client() as client:
            for event in events:
                await client.write_event(event)
            await client.write_event(Ping("last").event())
            while (answer := await next_event(client)).type != "pong":
                assert answer.type

    asyncio.run(chat())


async def test_the_end_of_the_server_cuts_its_clients_off() -> None:
    async with a_server() as server:
        client = server.client()
        await client.connect()
        await client.write_event(Transcribe().event())
        await client.write_event(AudioStart(16_000, 2, 1).event())
    assert await client.read_event() is None
    await client.disconnect()
