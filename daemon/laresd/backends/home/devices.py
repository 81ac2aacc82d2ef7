"""The `Devices` port: the home as it is, and actions that the device itself must confirm."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Self

from laresd.backends.home.acting import Acting
from laresd.backends.home.corrections import Corrections
from laresd.backends.home.registry import Registry
from laresd.backends.home.sources import Sources
from laresd.config import HomeNames
from laresd.errors import LaresError
from laresd.ports import Bus, Subscription
from laresd.types import Action, Home, Message, Outcome, Publication

QUIET = 0.4  # seconds without retained messages after which the home is known
GATHER = 0.01  # seconds in which more topics may come in to be subscribed at once
SLICE = 0.005  # seconds of a flood after which everybody else has a turn
ASK_AFTER = 1.0  # seconds that retained states get before devices are asked for theirs
ASK_EVERY = 0.05  # seconds: a radio network does not take them all at once
MAX_ECHO = 4096  # characters of a state that an outcome keeps


class MqttDevices:
    """`async with` it, then keep `run` running beside the bus's.

    `names_topic`: where corrections to names are published (see `names`); "": nowhere.
    """

    def __init__(
        self,
        bus: Bus,
        *,
        discovery_prefix: str,
        names: HomeNames,
        echo_timeout: float,
        names_topic: str = "",
    ) -> None:
        self._bus = bus
        self._sources = Sources(discovery_prefix, names)
        self._registry = Registry(names, self._sources.read)
        self._acting = Acting(bus, self._registry, echo_timeout)
        self._corrections = Corrections(bus, names, names_topic, self._correct)
        self._announcements: Subscription | None = None
        self._states: Subscription | None = None
        self._asked: set[str] = set()
        self._news = asyncio.Event()
        self._flood = asyncio.Event()
        self._announced = asyncio.Event()
        self._unknown = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._states = self._bus.subscribe()
        self._announcements = self._bus.subscribe(*self._sources.filters)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for subscription in (self._announcements, self._states):
            if subscription is not None:
                subscription.close()

    async def run(self) -> None:
        """Follow announcements, states and names until cancelled."""
        assert self._announcements is not None and self._states is not None
        async with asyncio.TaskGroup() as group:
            group.create_task(self._learn(self._announcements), name="discovery")
            group.create_task(self._subscribe(self._states), name="device-topics")
            group.create_task(self._follow(self._states), name="device-states")
            group.create_task(self._ask(), name="unknown-states")
            group.create_task(self._corrections.run(), name="names")

    def home(self) -> Home:
        return self._registry.home()

    def rename(self, names: HomeNames) -> None:
        """Call things and rooms by the names that the configuration has now."""
        self._corrections.adopt(names)

    def uses(self, topic: str) -> bool:
        """Whether a device of the home speaks or listens on a topic."""
        return self._registry.uses(topic)

    def commanded_on(self, topic: str) -> str:
        """The name of the device that takes commands on a topic; "" where none does."""
        return self._registry.commanded_on(topic)

    async def changed(self, since: Home) -> Home:
        """The next home that is not `since`; several changes may come as one."""
        while (home := self._registry.home()) is since:
            await self._news.wait()
        return home

    async def settled(self, *, deadline: float) -> bool:
        """Wait until the retained announcements and states are in; False at the deadline."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._bus.wait_connected(deadline=deadline)
                while not await self._quiet():
                    pass
        except (TimeoutError, LaresError):
            return False
        return True

    async def _quiet(self) -> bool:
        """Whether nothing retained comes in for a while."""
        self._flood.clear()
        try:
            async with asyncio.timeout(QUIET):
                await self._flood.wait()
        except TimeoutError:
            return not self._flood.is_set()
        return False

    async def act(self, actions: Sequence[Action], *, deadline: float) -> Sequence[Outcome]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    self._acting.act(action, deadline), name=f"act {action.entity_id}"
                )
                for action in actions
            ]
        return [task.result() for task in tasks]

    async def _learn(self, announcements: Subscription) -> None:
        async for message in _in_slices(announcements):
            if self._registry.announce(message.topic, message.payload):
                self._announced.set()
                self._unknown.set()
                self._tell(message.retained)

    async def _subscribe(self, states: Subscription) -> None:
        """Follow what is announced, many topics at a time while a flood comes in."""
        while True:
            await self._announced.wait()
            await asyncio.sleep(GATHER)
            self._announced.clear()
            new, gone = self._registry.take_topics()
            states.remove(*gone)
            states.add(*new)

    async def _follow(self, states: Subscription) -> None:
        loop = asyncio.get_running_loop()
        async for message in _in_slices(states):
            heard = self._registry.hear(message.topic, message.payload)
            if not heard:
                continue
            if self._acting.waits and not message.retained:
                # what the broker kept is old news, and no answer to a command
                text = message.payload[:MAX_ECHO].decode("utf-8", "replace")
                publication = Publication(message.topic, text, loop.time())
                for device, _ in heard:
                    self._acting.hear(device, publication)
            if any(device.state is not before for device, before in heard):
                self._tell(message.retained)

    async def _ask(self) -> None:
        """Have devices tell their state that keep it to themselves until it changes."""
        while True:
            await self._unknown.wait()
            await asyncio.sleep(ASK_AFTER)
            self._unknown.clear()
            for topic, payload in self._registry.asks():
                if f"{topic} {payload}" in self._asked:
                    continue
                with contextlib.suppress(LaresError):
                    await self._bus.publish(topic, payload)
                    self._asked.add(f"{topic} {payload}")
                await asyncio.sleep(ASK_EVERY)

    def _correct(self, names: HomeNames) -> int:
        if self._registry.correct(names):
            self._tell(retained=False)
        return len(self._registry.home().entities)

    def _tell(self, retained: bool) -> None:
        if retained:
            self._flood.set()
        self._news.set()
        self._news = asyncio.Event()


async def _in_slices(messages: Subscription) -> AsyncIterator[Message]:
    """The messages, with a turn for everybody else now and then: a full queue never waits."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async for message in messages:
        yield message
        if loop.time() - began > SLICE:
            await asyncio.sleep(0)
            began = loop.time()
