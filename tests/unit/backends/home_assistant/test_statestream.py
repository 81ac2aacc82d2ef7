"""Home Assistant's statestream: entities that tell how they are, and can be told nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.home_assistant.statestream import GATHER_S, MAX_ENTITIES, StatestreamDevices
from laresd.config import HomeAssistant, HomeNames
from laresd.core.intent import loose
from laresd.core.intent.meaning import Trouble
from laresd.core.prompt import offered
from laresd.types import Action, Command, Status
from tests.fakes.bus import FakeBus
from tests.fakes.virtual_time import virtual_time

SETTINGS = HomeAssistant(domains=("light", "sensor", "climate"), labels=("Voice",))
NAMES = HomeNames(areas={"light.kitchen": "Kitchen"})


class Stream:
    def __init__(self) -> None:
        self.bus = FakeBus()
        self.devices = StatestreamDevices(
            self.bus, "ha/stream", SETTINGS, NAMES, status="homeassistant/status"
        )

    def tells(self, entity: str, key: str, payload: str | bytes) -> None:
        self.bus.deliver(f"ha/stream/{entity}/{key}", payload, retain=True)

    async def settle(self) -> None:
        await asyncio.sleep(2 * GATHER_S)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Stream]:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.devices.run())
            await asyncio.sleep(0)
            yield self
            task.cancel()


@virtual_time
async def test_an_entity_has_its_friendly_name_its_state_and_the_room_of_the_configuration() -> (
    None
):
    async with Stream().running() as stream:
        before = stream.devices.home()
        stream.tells("light/kitchen", "state", "on")
        stream.tells("light/kitchen", "friendly_name", '"Kitchen light"')
        stream.tells("light/kitchen", "brightness", "255")
        stream.tells("sensor/porch", "state", "7.5")
        stream.tells("sensor/porch", "unit_of_measurement", '"°C"')
        home = await stream.devices.changed(before)
        light = home.entities["light.kitchen"]
        assert (light.name, light.area, light.read_only) == ("Kitchen light", "Kitchen", True)
        assert home.state("light.kitchen").attributes["brightness_pct"] == 100
        assert home.entities["sensor.porch"].unit == "°C"
        assert home.state("sensor.porch").state == "7.5"


@virtual_time
async def test_nobody_is_told_that_it_was_commanded() -> None:
    async with Stream().running() as stream:
        stream.tells("light/kitchen", "state", "on")
        await stream.settle()
        home = stream.devices.home()
        meaning = loose.understand("turn off the kitchen light", "en", home, None)
        assert meaning is not None and meaning.problem is not None
        assert meaning.problem.trouble is Trouble.READ_ONLY
        assert offered(home) == []
        action = Action("light.kitchen", Command.TURN_OFF)
        (outcome,) = await stream.devices.act([action], deadline=1.0)
        assert (outcome.status, outcome.published) == (Status.UNSUPPORTED, ())
        assert stream.bus.published == []


@virtual_time
async def test_what_leaves_is_unavailable_and_what_is_removed_is_gone() -> None:
    async with Stream().running() as stream:
        stream.tells("light/kitchen", "state", "on")
        stream.tells("light/kitchen", "friendly_name", '"Kitchen light"')
        stream.tells("light/hall", "state", "on")
        stream.tells("light/hall", "friendly_name", '"Hall light"')
        await stream.settle()
        stream.bus.deliver("homeassistant/status", "offline")
        await stream.settle()
        assert not stream.devices.home().state("light.kitchen").available
        stream.tells("light/kitchen", "state", "off")
        stream.tells("light/hall", "state", "")
        await stream.settle()
        home = stream.devices.home()
        assert home.state("light.kitchen").available
        assert set(home.entities) == {"light.kitchen"}


@virtual_time
async def test_only_domains_that_are_wanted_and_no_more_than_a_house_has() -> None:
    async with Stream().running() as stream:
        stream.tells("person/ada", "state", "home")
        stream.tells("light/UP-PER", "state", "on")
        stream.tells("light/kitchen", "last_changed", '"2026-11-25T12:00:00"')
        for number in range(MAX_ENTITIES + 5):
            stream.tells(f"sensor/s{number}", "state", "1")
        stream.tells("sensor/late", "friendly_name", '"Late"')
        await stream.settle()
        assert len(stream.devices.home().entities) == MAX_ENTITIES
        assert "light.kitchen" not in stream.devices.home().entities


@given(st.lists(st.tuples(st.sampled_from(["state", "brightness", "x"]), st.binary()), max_size=8))
def test_whatever_is_published_nothing_breaks(told: list[tuple[str, bytes]]) -> None:
    @virtual_time
    async def run() -> None:
        async with Stream().running() as stream:
            for key, payload in told:
                stream.tells("light/kitchen", key, payload)
            await stream.settle()

    run()
