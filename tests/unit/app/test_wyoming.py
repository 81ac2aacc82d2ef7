"""Who may have commands carried out over Wyoming, what is offered, and who may hear a satellite."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from laresd.app import wyoming
from laresd.app.satellite import satellite
from laresd.app.sound import Sound
from laresd.backends import espeak
from laresd.config import Box, Config, Satellite, Wyoming
from laresd.errors import ConfigError
from laresd.frames.wyoming import Event
from laresd.frontends.wyoming import Connection, Limits
from tests.fakes.audio import FakeSink, FakeSource
from tests.unit.frontends.wyoming.served import TURN_ON, Server


@pytest.mark.parametrize(
    ("host", "commands", "acts"),
    [
        ("127.0.0.1", "auto", True),
        ("::1", "auto", True),
        ("0.0.0.0", "auto", False),
        ("0.0.0.0", "always", True),
        ("127.0.0.1", "never", False),
        ("", "auto", True),
    ],
)
async def test_commands_of_other_machines_are_carried_out_only_where_that_is_wanted(
    tmp_path: Path, host: str, commands: str, acts: bool
) -> None:
    settings = Wyoming(host=host, socket=tmp_path / "w.sock", commands=commands)  # type: ignore[arg-type]
    config = Config(wyoming=replace(settings, port=0))
    services = replace(Server().services, config=config)
    async with wyoming._served(services) as server, asyncio.TaskGroup() as group:
        run = group.create_task(server.doors.run())
        reader, writer = await asyncio.open_unix_connection(tmp_path / "w.sock")
        client = Connection(reader, writer, Limits(), number=1)
        await client.send(Event("describe"))
        info = await client.receive()
        assert info is not None and info.data["intent"]
        await client.send(Event("transcript", {"text": TURN_ON}))
        answer = await client.receive()
        assert answer is not None
        assert (answer.type == "handled-start") is acts
        assert bool(info.data["handle"]) is acts
        await client.close()
        run.cancel()


@pytest.mark.parametrize(
    ("host", "servers", "starts"),
    [("127.0.0.1", (), True), ("0.0.0.0", (), False), ("0.0.0.0", ("192.0.2.1",), True)],
)
async def test_nobody_on_the_lan_may_listen_to_a_microphone_who_is_not_named(
    host: str, servers: tuple[str, ...], starts: bool
) -> None:
    settings = Satellite(host=host, port=0, servers=servers, wake="server", announce=False)
    config = Config(box=Box(name="hall"), satellite=settings)
    sound = Sound(FakeSource(b"", live=True), FakeSink())
    if starts:
        async with satellite(config, sound) as running:
            assert running.port
    else:
        with pytest.raises(ConfigError, match=r"could listen to this microphone"):
            async with satellite(config, sound):
                pass


async def test_a_satellite_needs_a_microphone() -> None:
    with pytest.raises(ConfigError, match="microphone"):
        async with satellite(Config(satellite=Satellite(port=0)), Sound(None, FakeSink())):
            pass


async def test_the_languages_of_the_voice_are_those_that_it_tells(tmp_path: Path) -> None:
    program = tmp_path / "espeak"
    await asyncio.to_thread(
        program.write_text,
        "#!/bin/sh\necho 'Pty Language Age/Gender VoiceName File Other'\n"
        "echo ' 5 de --/M German gmw/de'\necho ' 2 en-gb --/M English_(GB) gmw/en (en 2)'\n"
        "echo ' 2 en-gb --/M Another gmw/en'\n",
    )
    await asyncio.to_thread(program.chmod, 0o700)
    assert await espeak.languages(str(program)) == ("de", "en-gb")
    assert await espeak.languages(str(tmp_path / "none")) == ()
