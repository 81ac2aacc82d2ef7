"""Retained trees of real projects (tests/recorded) on a broker in memory, and who reads them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from laresd.backends.home.devices import MqttDevices
from laresd.config import HomeNames
from laresd.types import Action, Command, Json, Outcome
from tests.fakes.bus import FakeBus

FOLDER = Path(__file__).parents[1] / "recorded"
PROJECTS = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def tree(project: str) -> Mapping[str, Json]:
    """The retained messages of one project, by topic."""
    told = json.loads((FOLDER / f"{project}.json").read_text(encoding="utf-8"))
    assert told["source"], "say where the format is written down"
    retained: Mapping[str, Json] = told["retained"]
    return retained


def as_payload(body: Json) -> str:
    return body if isinstance(body, str) else json.dumps(body)


class House:
    """Devices that know what was on the bus; `sent` is what they publish from then on."""

    def __init__(self, bus: FakeBus, devices: MqttDevices) -> None:
        self.bus = bus
        self.devices = devices

    def sent(self) -> list[tuple[str, str]]:
        return [(topic, payload.decode()) for topic, payload, _ in self.bus.published]

    def says(self, topic: str, body: Json, *, retain: bool = False) -> None:
        """A device says something."""
        self.bus.deliver(topic, as_payload(body), retain=retain)

    async def do(self, entity_id: str, command: Command, **params: Json) -> Outcome:
        self.bus.published.clear()
        deadline = asyncio.get_running_loop().time() + 10
        (outcome,) = await self.devices.act([Action(entity_id, command, params)], deadline=deadline)
        return outcome


@asynccontextmanager
async def house(
    retained: Mapping[str, Json], *, names: HomeNames | None = None, names_topic: str = ""
) -> AsyncIterator[House]:
    bus = FakeBus()
    for topic, body in retained.items():
        bus.deliver(topic, as_payload(body), retain=True)
    devices = MqttDevices(
        bus,
        discovery_prefix="homeassistant",
        names=names or HomeNames(),
        echo_timeout=3.0,
        names_topic=names_topic,
    )
    async with devices, asyncio.TaskGroup() as group:
        task = group.create_task(devices.run())
        deadline = asyncio.get_running_loop().time() + 60
        assert await devices.settled(deadline=deadline)
        yield House(bus, devices)
        task.cancel()
