"""What every `Devices` does: on the fake, and on MQTT with the demo home as the devices."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from laresd.backends.broker.client import MqttBus
from laresd.backends.home.devices import MqttDevices
from laresd.config import HomeNames
from laresd.ports import Devices
from laresd.types import Action, Command, Entity, EntityState, Home, Json, Outcome, Status
from tests.contract.brokers import (
    PATIENCE,
    Amqtt,
    Broker,
    Mosquitto,
    connected,
    needs_mosquitto,
    soon,
)
from tests.fakes.devices import FakeDevices


@pytest.fixture(params=["fake", "amqtt", "mosquitto"])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "mosquitto":
        needs_mosquitto()
    return str(request.param)


def fake() -> FakeDevices:
    dims = frozenset({"brightness"})
    entities = [
        Entity("light.kitchen_light", "light", "Kitchen light", "Kitchen", features=dims),
        Entity("scene.movie_night", "scene", "Movie night", "Living Room"),
    ]
    off = EntityState("off", {"brightness_pct": 100})
    return FakeDevices(entities, {"light.kitchen_light": off})


@asynccontextmanager
async def demo_home(port: int) -> AsyncIterator[Process]:
    """The demo home's process, announced and then ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "laresd.demo.home", "--port", str(port)), stdout=PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def following(bus: MqttBus, echo_timeout: float = PATIENCE) -> AsyncIterator[MqttDevices]:
    """Devices that know the home behind a connected bus."""
    devices = MqttDevices(
        bus, discovery_prefix="homeassistant", names=HomeNames(), echo_timeout=echo_timeout
    )
    async with devices, asyncio.TaskGroup() as group:
        task = group.create_task(devices.run())
        assert await devices.settled(deadline=soon())
        yield devices
        task.cancel()


@asynccontextmanager
async def serving(broker: Broker) -> AsyncIterator[Broker]:
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


@asynccontextmanager
async def home(kind: str, folder: Path) -> AsyncIterator[Devices]:
    if kind == "fake":
        yield fake()
        return
    broker: Broker = Amqtt() if kind == "amqtt" else Mosquitto(folder)
    async with (
        serving(broker),
        demo_home(broker.port),
        connected(broker) as bus,
        following(bus) as devices,
    ):
        yield devices


async def do(
    devices: Devices, entity_id: str, command: Command, params: Mapping[str, Json] | None = None
) -> Outcome:
    action = Action(entity_id, command, params or {})
    (outcome,) = await devices.act([action], deadline=soon())
    return outcome


async def test_a_device_that_echoes_confirms_and_its_state_is_known(
    kind: str, tmp_path: Path
) -> None:
    async with home(kind, tmp_path) as devices:
        light = "light.kitchen_light"
        outcome = await do(devices, light, Command.TURN_ON, {"brightness_pct": 40})
        assert outcome.status is Status.CONFIRMED
        assert outcome.published
        assert outcome.echo is not None
        state = devices.home().state(light)
        assert (state.state, state.attributes["brightness_pct"]) == ("on", 40)


async def test_what_already_is_so_is_published_and_said(kind: str, tmp_path: Path) -> None:
    async with home(kind, tmp_path) as devices:
        outcome = await do(devices, "light.kitchen_light", Command.TURN_OFF)
        assert outcome.status is Status.ALREADY
        assert outcome.published


async def test_a_device_without_a_state_only_accepts(kind: str, tmp_path: Path) -> None:
    async with home(kind, tmp_path) as devices:
        outcome = await do(devices, "scene.movie_night", Command.ACTIVATE)
        assert outcome.status is Status.ACCEPTED


async def test_an_unknown_device_is_an_outcome_and_no_error(kind: str, tmp_path: Path) -> None:
    async with home(kind, tmp_path) as devices:
        outcome = await do(devices, "light.moon", Command.TURN_ON)
        assert outcome.status is Status.UNSUPPORTED
        assert not outcome.published


async def test_outcomes_come_in_the_order_of_the_actions(kind: str, tmp_path: Path) -> None:
    async with home(kind, tmp_path) as devices:
        actions = [
            Action("scene.movie_night", Command.ACTIVATE),
            Action("light.kitchen_light", Command.TURN_ON),
            Action("light.moon", Command.TURN_ON),
        ]
        outcomes = await devices.act(actions, deadline=soon())
        assert [outcome.action for outcome in outcomes] == actions


async def test_the_snapshot_is_the_same_until_something_changes(kind: str, tmp_path: Path) -> None:
    async with home(kind, tmp_path) as devices:
        before = devices.home()
        assert devices.home() is before
        await do(devices, "light.kitchen_light", Command.TURN_ON)
        assert devices.home() is not before
        assert before.state("light.kitchen_light").state == "off"


# The rest is about MQTT alone, with the demo home as a stranger on a broker.

EVERYTHING: list[tuple[str, Command, dict[str, Json]]] = [
    ("light.kitchen_light", Command.TURN_ON, {"rgb": [255, 0, 0], "brightness_pct": 37}),
    ("light.kitchen_light", Command.TURN_ON, {"color_temp_k": 2700}),
    ("light.desk_lamp", Command.TURN_ON, {"brightness_pct": 40, "color_name": "blue"}),
    ("light.desk_lamp", Command.TURN_ON, {"color_temp_k": 3000}),
    ("light.ceiling_light", Command.TOGGLE, {}),
    ("light.bedroom_lamp", Command.TURN_ON, {"rgb": [0, 200, 0]}),
    ("light.bedroom_lamp", Command.TURN_ON, {"brightness_pct": 0}),
    ("light.hallway_light", Command.TURN_ON, {}),
    ("switch.coffee_machine", Command.TURN_ON, {}),
    ("fan.bedroom_fan", Command.SET_SPEED, {"percentage": 60}),
    ("fan.bedroom_fan", Command.TURN_OFF, {}),
    ("cover.living_room_blind", Command.OPEN, {}),
    ("cover.living_room_blind", Command.SET_POSITION, {"position": 0}),
    ("lock.front_door", Command.UNLOCK, {}),
    ("climate.thermostat", Command.SET_TEMPERATURE, {"temperature": 21.5}),
    ("climate.thermostat", Command.SET_MODE, {"mode": "off"}),
    ("climate.thermostat", Command.TURN_ON, {}),
]


async def test_every_device_of_the_demo_home_confirms() -> None:
    async with home("amqtt", Path()) as devices:
        for entity_id, command, params in EVERYTHING:
            outcome = await do(devices, entity_id, command, params)
            assert outcome.status in {Status.CONFIRMED, Status.ALREADY}, outcome


async def test_the_demo_home_is_announced_in_four_rooms() -> None:
    async with home("amqtt", Path()) as devices:
        known = devices.home()
    assert known.areas == ("Bedroom", "Hallway", "Kitchen", "Living Room")
    assert len(known.entities) == 14
    desk = known.entities["light.desk_lamp"]
    assert (desk.name, desk.area) == ("Desk lamp", "Living Room")
    assert desk.features == {"brightness", "rgb", "color_temp"}
    assert known.state("lock.front_door").state == "locked"
    assert known.state("sensor.bedroom_temperature").state == "19.4"


async def test_several_devices_are_waited_for_at_the_same_time() -> None:
    async with home("amqtt", Path()) as devices:
        lights = [item for item in devices.home().entities if item.startswith("light.")]
        outcomes = await devices.act(
            [Action(item, Command.TURN_ON) for item in lights], deadline=soon()
        )
        assert {outcome.status for outcome in outcomes} == {Status.CONFIRMED}


async def test_a_silent_lamp_gives_no_answer_and_the_others_do() -> None:
    broker = Amqtt()
    async with (
        serving(broker),
        demo_home(broker.port),
        connected(broker) as bus,
        following(bus, echo_timeout=2.0) as devices,
    ):
        await bus.publish("demo/desk_lamp/silent", "on")
        outcomes = await devices.act(
            [
                Action("light.desk_lamp", Command.TURN_ON),
                Action("light.hallway_light", Command.TURN_ON),
            ],
            deadline=soon(),
        )
        statuses = [outcome.status for outcome in outcomes]
        assert statuses == [Status.NO_ANSWER, Status.CONFIRMED]
        assert outcomes[0].published
        await bus.publish("demo/desk_lamp/silent", "off")
        outcome = await do(devices, "light.desk_lamp", Command.TURN_ON)
        assert outcome.status is Status.CONFIRMED


async def until(devices: MqttDevices, entity_id: str, available: bool) -> Home:
    known = devices.home()
    async with asyncio.timeout(PATIENCE):
        while known.state(entity_id).available is not available:
            known = await devices.changed(known)
    return known


async def test_a_home_that_is_gone_is_unavailable_and_nothing_is_published() -> None:
    broker = Amqtt()
    async with serving(broker), connected(broker) as bus, following(bus) as devices:
        async with demo_home(broker.port):
            known = devices.home()
            async with asyncio.timeout(PATIENCE):
                while "light.desk_lamp" not in known.entities:
                    known = await devices.changed(known)
            await until(devices, "light.desk_lamp", True)
        await until(devices, "light.desk_lamp", False)
        outcome = await do(devices, "light.desk_lamp", Command.TURN_ON)
        assert outcome.status is Status.UNAVAILABLE
        assert not outcome.published


async def test_without_a_broker_it_failed_and_with_it_back_the_home_answers_again() -> None:
    broker = Amqtt()
    async with (
        serving(broker),
        demo_home(broker.port),
        connected(broker) as bus,
        following(bus) as devices,
    ):
        await broker.stop()
        outcome = await do(devices, "light.desk_lamp", Command.TURN_ON)
        assert outcome.status is Status.FAILED
        assert outcome.detail
        await broker.start()
        answers = bus.subscribe("demo/availability")
        async with asyncio.timeout(PATIENCE):
            while (await anext(answers)).payload != b"online":
                pass
        await bus.wait_connected(deadline=soon())
        outcome = await do(devices, "light.desk_lamp", Command.TURN_ON)
        assert outcome.status is Status.CONFIRMED


async def test_a_broker_that_dies_between_command_and_echo_means_no_answer() -> None:
    broker = Amqtt()
    async with (
        serving(broker),
        demo_home(broker.port),
        connected(broker) as bus,
        following(bus, echo_timeout=2.0) as devices,
        asyncio.TaskGroup() as group,
    ):
        await bus.publish("demo/desk_lamp/silent", "on")
        commands = bus.subscribe("demo/desk_lamp/power/set")
        acting = group.create_task(do(devices, "light.desk_lamp", Command.TURN_ON))
        async with asyncio.timeout(PATIENCE):
            await anext(commands)
        await broker.stop()
        assert (await acting).status in {Status.NO_ANSWER, Status.FAILED}


async def test_the_demo_home_ends_with_the_process_that_started_it() -> None:
    broker = Amqtt()
    program = (
        "import subprocess, sys; "
        "home = subprocess.Popen([sys.executable, '-m', 'laresd.demo.home', '--port', sys.argv[1]],"
        " stdout=subprocess.PIPE); home.stdout.readline(); print(home.pid, flush=True); input()"
    )
    async with serving(broker), connected(broker) as bus:
        feed = bus.subscribe("demo/availability")
        parent = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, str(broker.port)), stdin=PIPE, stdout=PIPE
        )
        assert parent.stdout is not None
        async with asyncio.timeout(PATIENCE):
            pid = int(await parent.stdout.readline())
            assert (await anext(feed)).payload == b"online"
            os.kill(pid, 0)
            parent.kill()
            await parent.wait()
            assert (await anext(feed)).payload == b"offline"
