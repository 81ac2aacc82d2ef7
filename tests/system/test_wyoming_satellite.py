"""Full circle: what is said to a satellite switches a lamp, and the reply is heard there."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from wyoming.asr import Transcript
from wyoming.client import AsyncUnixClient
from wyoming.handle import Handled
from wyoming.intent import Intent, Recognize

from laresd.commands.demo import FIRST
from laresd.commands.demo_home import LAMP
from laresd.config import SatelliteSettings, Wyoming
from laresd.sound import level_dbfs
from tests.fakes.wyoming_package import Describe, Info
from tests.scenario.boxes import a_box, settings
from tests.system.test_wyoming_clients import until

PATIENCE = 60.0


@asynccontextmanager
async def a_satellite_process(played: Path, wake: str) -> AsyncIterator[int]:
    """The port of one that hears the first demo command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.system.satellite_process"),
        *(str(FIRST), str(played), wake),
        stdout=PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            yield int(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("wake", ["here", "server"])
async def test_a_command_that_a_satellite_hears_is_done_and_answered_there(
    tmp_path: Path, wake: str
) -> None:
    played = tmp_path / "played.raw"
    async with a_satellite_process(played, wake) as port:
        satellites = {"hall": SatelliteSettings(url=f"tcp://127.0.0.1:{port}", site="hall")}
        config = replace(settings(tmp_path / "state"), satellites=satellites)
        async with a_box(config) as box:
            async with asyncio.timeout(PATIENCE):
                home = box.devices.home()
                before = home.state(LAMP).state
                while home.state(LAMP).state == before:
                    home = await box.devices.changed(home)
                while not played.exists() or level_dbfs(played.read_bytes()) < -50:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert home.state(LAMP).state == "on"


@pytest.mark.slow
async def test_a_program_of_this_machine_commands_the_house(tmp_path: Path) -> None:
    path = tmp_path / "w.sock"
    served = Wyoming(host="", socket=path)
    config = replace(settings(tmp_path / "state"), wyoming=served)
    async with a_box(config) as box, AsyncUnixClient(path) as client, asyncio.timeout(PATIENCE):
        await client.write_event(Describe().event())
        info = Info.from_event(await until(client, "info"))
        assert info.asr and info.tts and info.wake and info.intent and info.handle
        await client.write_event(Recognize("turn on the kitchen light").event())
        intent = Intent.from_event(await until(client, "intent"))
        assert intent.name == "HassTurnOn"
        assert box.devices.home().state(LAMP).state == "off"
        await client.write_event(Transcript("turn on the kitchen light").event())
        handled = Handled.from_event(await until(client, "handled"))
        assert "kitchen light" in str(handled.text).lower()
        assert box.devices.home().state(LAMP).state == "on"
