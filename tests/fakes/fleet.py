"""Many simulated devices on one MQTT connection, which note every command that they get and when.

As devices do, they announce themselves (Home Assistant's MQTT discovery), say their states retained
and say them again when their broker is back.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from laresd.errors import Temporary
from laresd.ports import Bus, Subscription

LATEST = 60.0  # seconds that a fleet waits for its broker


class Fleet:
    """`lights` take ON and OFF, as `sim/<name>/set`; `heard` is what each got, with loop times."""

    def __init__(self, bus: Bus, count: int, *, prefix: str = "homeassistant") -> None:
        self._bus = bus
        self._prefix = prefix
        self.names = [f"lamp{number}" for number in range(count)]
        self.states = dict.fromkeys(self.names, "OFF")
        self.heard: dict[str, list[tuple[str, float]]] = defaultdict(list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Fleet]:
        commands = self._bus.subscribe("sim/+/set")
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._stay_known(), name="fleet-states"),
                group.create_task(self._obey(commands), name="fleet-commands"),
            ]
            yield self
            for task in tasks:
                task.cancel()

    async def announce(self) -> None:
        for name in self.names:
            config = {
                "unique_id": name,
                "name": name,
                "command_topic": f"sim/{name}/set",
                "state_topic": f"sim/{name}/state",
            }
            topic = f"{self._prefix}/light/{name}/config"
            await self._bus.publish(topic, json.dumps(config), retain=True)

    async def _obey(self, commands: Subscription) -> None:
        loop = asyncio.get_running_loop()
        async for message in commands:
            name = message.topic.split("/")[1]
            word = message.payload.decode()
            self.heard[name].append((word, loop.time()))
            now = self.states[name]
            self.states[name] = {"TOGGLE": "ON" if now == "OFF" else "OFF"}.get(word, word)
            await self._tell(name)

    async def _stay_known(self) -> None:
        """Say every state whenever the broker is back."""
        loop = asyncio.get_running_loop()
        while True:
            await self._bus.wait_connected(deadline=loop.time() + LATEST * 2)
            for name in self.names:
                await self._tell(name)
            while self._bus.connected:  # noqa: ASYNC110  # the port tells connections, not losses
                await asyncio.sleep(0.02)

    async def _tell(self, name: str) -> None:
        try:
            await self._bus.publish(f"sim/{name}/state", self.states[name], retain=True)
        except Temporary:
            return  # said again when the broker is back
