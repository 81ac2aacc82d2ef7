"""The broker is killed in the middle of many actions; the devices count what they get, and when."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from laresd.backends.broker.client import MqttBus
from laresd.backends.broker.outbox import Outbox
from laresd.backends.home.devices import MqttDevices
from laresd.config import HomeNames
from laresd.types import Action, Command, Outcome, Status
from tests.contract.brokers import PATIENCE, Mosquitto, running, settings, soon
from tests.fakes.fleet import Fleet

BRIEF = 0.5  # seconds: a deadline that an outage outlasts
EVERY_BRIEF, EVERY_TOGGLE = 10, 7  # one action in so many


@dataclass(frozen=True, slots=True)
class Plan:
    """`count` actions `every` seconds; the broker is away from `killed_at` for `away_s` seconds."""

    count: int
    every: float
    killed_at: float
    away_s: float
    patience: float  # seconds of most actions' deadlines


@dataclass(slots=True)
class Tally:
    """What came of each action. Times: the event loop's."""

    deadlines: dict[str, float] = field(default_factory=dict)
    asked: dict[str, float] = field(default_factory=dict)
    brief: set[str] = field(default_factory=set)  # with a deadline that may pass in the outage
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    heard: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)  # reported as dropped
    began: float = 0.0
    back_at: float = 0.0

    @property
    def lost(self) -> list[str]:
        """Not done, though there was time, or without anybody hearing that it was not."""
        missing = [name for name in self.deadlines if not self.heard.get(name)]
        return [name for name in missing if name not in self.brief or name not in self.told]

    @property
    def told(self) -> set[str]:
        """Those that failed at once, or were reported as dropped."""
        failed = (name for name, one in self.outcomes.items() if one.status is Status.FAILED)
        return self.dropped | set(failed)

    @property
    def twice(self) -> list[str]:
        return [name for name, several in self.heard.items() if len(several) > 1]

    @property
    def late(self) -> list[str]:
        return [
            name
            for name, several in self.heard.items()
            if any(at > self.deadlines[name] for _, at in several)
        ]

    @property
    def by_status(self) -> dict[str, int]:
        return dict(Counter(str(one.status) for one in self.outcomes.values()))

    @property
    def settled_s(self) -> float:
        """From the broker's return until the last command that had waited for it arrived."""
        waited = [name for name, at in self.asked.items() if at < self.back_at]
        arrived = [at for name in waited for _, at in self.heard.get(name, ())]
        return max(0.0, max(arrived, default=0.0) - self.back_at)


async def outage(folder: Path, plan: Plan) -> Tally:
    """Carry the plan out on a Mosquitto of its own."""
    broker, tally = Mosquitto(folder), Tally()
    await broker.start()
    try:
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            outbox = await enter(Outbox(folder / "outbox.db"))
            mine = settings(broker.port)
            bus = await enter(
                running(
                    MqttBus(mine, box="lares", outbox=outbox, first_delay=0.05, longest_delay=1)
                )
            )
            theirs = MqttBus(mine, box="fleet", first_delay=0.3, longest_delay=1)
            fleet = Fleet(await enter(running(theirs)), plan.count)
            await enter(fleet.running())
            devices = await _learned(stack, bus, theirs, fleet, plan.count)
            reports = bus.subscribe("lares/lares/dropped")
            async with asyncio.TaskGroup() as group:
                group.create_task(_cut(plan, broker, bus, tally))
                await _act(plan, devices, fleet.names, tally)
            await _heard_all(fleet, tally, plan)
            reports.close()
            async for report in reports:
                tally.dropped.add(json.loads(report.payload)["topic"].split("/")[1])
            tally.heard = dict(fleet.heard)
    finally:
        await broker.stop()
    return tally


async def _learned(
    stack: AsyncExitStack, bus: MqttBus, theirs: MqttBus, fleet: Fleet, count: int
) -> MqttDevices:
    """The devices, once the whole fleet is known with its states."""
    devices = MqttDevices(bus, discovery_prefix="homeassistant", names=HomeNames(), echo_timeout=2)
    await stack.enter_async_context(devices)
    group = await stack.enter_async_context(asyncio.TaskGroup())
    task = group.create_task(devices.run())
    stack.callback(task.cancel)
    for one in (bus, theirs):
        await one.wait_connected(deadline=soon())
    await fleet.announce()
    async with asyncio.timeout(PATIENCE):
        home = devices.home()
        while sum(state.state == "off" for state in home.states.values()) < count:
            home = await devices.changed(home)
    return devices


async def _act(plan: Plan, devices: MqttDevices, names: list[str], tally: Tally) -> None:
    loop = asyncio.get_running_loop()
    tally.began = loop.time()

    async def one(number: int, name: str) -> None:
        at = tally.began + number * plan.every
        await asyncio.sleep(at - loop.time())
        # so that it is over before the broker is back
        brief = number % EVERY_BRIEF == 0 and at + BRIEF * 2 < tally.began + _returns(plan)
        tally.asked[name] = loop.time()
        tally.deadlines[name] = loop.time() + (BRIEF if brief else plan.patience)
        if brief:
            tally.brief.add(name)
        command = Command.TOGGLE if number % EVERY_TOGGLE == 0 else Command.TURN_ON
        action = Action(f"light.{name}", command)
        (tally.outcomes[name],) = await devices.act([action], deadline=tally.deadlines[name])

    async with asyncio.TaskGroup() as group:
        for number, name in enumerate(names):
            group.create_task(one(number, name))


async def _cut(plan: Plan, broker: Mosquitto, bus: MqttBus, tally: Tally) -> None:
    await asyncio.sleep(plan.killed_at)
    await broker.kill()
    await asyncio.sleep(plan.away_s)
    await broker.start()
    tally.back_at = asyncio.get_running_loop().time()
    await bus.wait_connected(deadline=soon())


def _returns(plan: Plan) -> float:
    return plan.killed_at + plan.away_s


async def _heard_all(fleet: Fleet, tally: Tally, plan: Plan) -> None:
    """Until every device has got its command, at most until the last deadline, and a little more
    for what must not come.
    """
    loop = asyncio.get_running_loop()
    last = max(tally.deadlines.values())
    expected = {name for name in tally.deadlines if name not in tally.brief}
    while not expected <= set(fleet.heard) and loop.time() < last:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await asyncio.sleep(2.0)
