"""The `Devices` port: the home as it is, and actions that the device itself must confirm."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from laresd.backends.home import delivery, discovery, matching
from laresd.backends.home.registry import Device, Registry
from laresd.backends.home.settings import Write
from laresd.config import HomeNames
from laresd.errors import LaresError
from laresd.ports import Bus, Subscription
from laresd.types import Action, EntityState, Home, Outcome, Publication, Sent, Status

QUIET = 0.4  # seconds without retained messages after which the home is known
REPEAT_ECHO = 0.4  # how long a device that is already so gets to say it again


@dataclass(slots=True)
class _Watch:
    """An action that waits for its device."""

    device: Device
    action: Action
    before: EntityState
    echo: asyncio.Future[Publication]

    def hear(self, device: Device, publication: Publication) -> None:
        """`device` may be a newer announcement of the same."""
        if device.component.key != self.device.component.key or self.echo.done():
            return
        if matching.matches(self.action, self.before, device.state, device.codec.reports):
            self.echo.set_result(publication)


class MqttDevices:
    """`async with` it, then keep `run` running beside the bus's."""

    def __init__(
        self,
        bus: Bus,
        *,
        discovery_prefix: str,
        names: HomeNames,
        echo_timeout: float,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._bus = bus
        self._wall = wall
        self._prefix = discovery_prefix
        self._echo_timeout = echo_timeout
        self._registry = Registry(names)
        self._announcements: Subscription | None = None
        self._states: Subscription | None = None
        self._watches: list[_Watch] = []
        self._news = asyncio.Event()
        self._flood = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._states = self._bus.subscribe()
        self._announcements = self._bus.subscribe(*discovery.filters(self._prefix))
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
        """Follow announcements and states until cancelled."""
        assert self._announcements is not None and self._states is not None
        async with asyncio.TaskGroup() as group:
            group.create_task(self._learn(self._announcements, self._states), name="discovery")
            group.create_task(self._follow(self._states), name="device-states")

    def home(self) -> Home:
        return self._registry.home()

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
                group.create_task(self._act(action, deadline), name=f"act {action.entity_id}")
                for action in actions
            ]
        return [task.result() for task in tasks]

    async def _learn(self, announcements: Subscription, states: Subscription) -> None:
        async for message in announcements:
            topic, payload, retained = message.topic, message.payload, message.retained
            if not topic.endswith("/config"):
                continue
            before = self._registry.topics
            if self._registry.announce(topic, payload):
                after = self._registry.topics
                states.add(*(after - before))
                states.remove(*(before - after))
                self._tell(retained)

    async def _follow(self, states: Subscription) -> None:
        loop = asyncio.get_running_loop()
        async for message in states:
            topic, payload, retained = message.topic, message.payload, message.retained
            heard = self._registry.hear(topic, payload)
            if not heard:
                continue
            if not retained:  # what the broker kept is old news, and no answer to a command
                text = payload.decode("utf-8", "replace")
                publication = Publication(topic, text, loop.time())
                for watch, (device, _) in itertools.product(self._watches, heard):
                    watch.hear(device, publication)
            if any(device.state is not before for device, before in heard):
                self._tell(retained)

    def _tell(self, retained: bool) -> None:
        if retained:
            self._flood.set()
        self._news.set()
        self._news = asyncio.Event()

    async def _act(self, action: Action, deadline: float) -> Outcome:
        device = self._registry.device(action.entity_id)
        if device is None:
            return Outcome(action, Status.UNSUPPORTED, detail="there is no such device")
        before, codec = device.state, device.codec
        if not before.available and self._bus.connected:  # a broker that is away is told first
            return Outcome(action, Status.UNAVAILABLE, detail="the device says that it is offline")
        meant = matching.normal(action, codec.percentage_step)
        try:
            writes = codec.encode(meant.command, meant.params, before)
        except LaresError as error:
            return Outcome(action, Status.UNSUPPORTED, detail=error.message)
        echo: asyncio.Future[Publication] = asyncio.get_running_loop().create_future()
        watch = _Watch(device, meant, before, echo)
        self._watches.append(watch)
        try:
            return await self._publish(action, watch, writes, deadline)
        finally:
            self._watches.remove(watch)

    async def _publish(
        self, action: Action, watch: _Watch, writes: list[Write], deadline: float
    ) -> Outcome:
        loop = asyncio.get_running_loop()
        published: list[Publication] = []
        sent: list[Sent] = []
        try:
            async with asyncio.timeout_at(deadline):
                for write in writes:
                    at = loop.time()
                    sent.append(await self._give(write, watch, deadline))
                    published.append(Publication(write.topic, write.payload, at))
        except TimeoutError:
            detail = "the broker did not take the message in time"
            return Outcome(action, Status.FAILED, tuple(published), detail=detail)
        except LaresError as error:
            return Outcome(action, Status.FAILED, tuple(published), detail=str(error))
        if Sent.UNKNOWN in sent:
            detail = "the broker went away while it was told; whether it was done is not known"
            return Outcome(action, Status.NO_ANSWER, tuple(published), detail=detail)
        delayed = Sent.LATER in sent
        if not watch.device.codec.readers:
            status = Status.DELAYED if delayed else Status.ACCEPTED
            return Outcome(action, status, tuple(published))
        outcome = await self._confirm(action, watch, tuple(published), deadline)
        if delayed and outcome.echo is None:
            detail = "the broker is away; sent when it is back, unless that takes too long"
            return Outcome(action, Status.DELAYED, tuple(published), detail=detail)
        return outcome

    async def _give(self, write: Write, watch: _Watch, deadline: float) -> Sent:
        """Have the broker take it, or have it kept until the deadline while the broker is away.

        Where the connection broke before the acknowledgement, the device's own state says whether
        it was heard; without a word from it, only what is harmless twice is sent again.
        """
        repeatable = delivery.repeatable(watch.action.command)
        while True:
            sent = await self._bus.publish(
                write.topic,
                write.payload,
                retain=write.retain,
                keep_until=self._wall() + deadline - asyncio.get_running_loop().time(),
                repeatable=repeatable and not self._bus.connected,
            )
            if sent is not Sent.UNKNOWN:
                return sent
            await self._bus.wait_connected(deadline=deadline)
            if await self._came_so(watch):
                return Sent.NOW
            if not repeatable:
                return Sent.UNKNOWN

    async def _came_so(self, watch: _Watch) -> bool:
        """Whether the device is, or within its time for an echo comes to be, as it was told."""
        reports = watch.device.codec.reports
        try:
            async with asyncio.timeout(self._echo_timeout):
                while not watch.echo.done():
                    device = self._registry.device(watch.action.entity_id) or watch.device
                    if matching.matches(watch.action, watch.before, device.state, reports):
                        return True
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def _confirm(
        self, action: Action, watch: _Watch, published: tuple[Publication, ...], deadline: float
    ) -> Outcome:
        """Wait for the device's own word."""
        reports = watch.device.codec.reports
        already = matching.matches(watch.action, watch.before, watch.before, reports)
        patience = REPEAT_ECHO if already else self._echo_timeout
        until = min(deadline, asyncio.get_running_loop().time() + patience)
        try:
            async with asyncio.timeout_at(until):
                echo = await watch.echo
        except TimeoutError:
            status = Status.ALREADY if already else Status.NO_ANSWER
            return Outcome(action, status, published)
        return Outcome(action, Status.ALREADY if already else Status.CONFIRMED, published, echo)
