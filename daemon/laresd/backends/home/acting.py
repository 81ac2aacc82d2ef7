"""Publishes actions and waits for each device's own word. Nothing is said to be done without it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from laresd.backends.home import matching
from laresd.backends.home.delivery import Delivery
from laresd.backends.home.registry import Device, Registry
from laresd.backends.home.settings import Write
from laresd.errors import LaresError
from laresd.ports import Bus
from laresd.types import Action, Command, EntityState, Outcome, Publication, Sent, Status

REPEAT_ECHO = 0.4  # how long a device that is already so gets to say it again
NOT_SHOWN = "(a code)"
LEFT_IN = {  # the state that a device without one was last told to be in
    Command.TURN_ON: "on",
    Command.TURN_OFF: "off",
    Command.OPEN: "open",
    Command.CLOSE: "closed",
}


@dataclass(slots=True)
class _Watch:
    """An action that waits for its device."""

    device: Device
    action: Action
    before: EntityState
    echo: asyncio.Future[Publication]
    denials: int = 0  # see delivery.DeviceWord

    def hear(self, device: Device, publication: Publication) -> None:
        """`device` may be a newer announcement of the same."""
        if device.component.key != self.device.component.key or self.echo.done():
            return
        if matching.matches(self.action, self.before, device.state, device.codec.reports):
            self.echo.set_result(publication)
        elif device.codec.topics == {publication.topic}:  # it has no other topic to say it on
            self.denials += 1

    def is_so(self) -> bool:
        reports = self.device.codec.reports
        return self.echo.done() or matching.matches(
            self.action, self.before, self.device.state, reports
        )


class Acting:
    def __init__(
        self,
        bus: Bus,
        registry: Registry,
        echo_timeout: float,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._bus = bus
        self._delivery = Delivery(bus, echo_timeout, wall)
        self._registry = registry
        self._echo_timeout = echo_timeout
        self._watches: list[_Watch] = []

    @property
    def waits(self) -> bool:
        """Whether any action waits for an echo."""
        return bool(self._watches)

    def hear(self, device: Device, publication: Publication) -> None:
        """A message that came from the device just now."""
        for watch in self._watches:
            watch.hear(device, publication)

    async def act(self, action: Action, deadline: float) -> Outcome:
        """What came of it; never raises for what the device or the broker does."""
        device = self._registry.device(action.entity_id)
        if device is None:
            return Outcome(action, Status.UNSUPPORTED, detail="there is no such device")
        before, codec = device.state, device.codec
        if not before.available and self._bus.connected:  # a broker that is away is told first
            return Outcome(action, Status.UNAVAILABLE, detail="the device says that it is offline")
        meant = matching.normal(action, codec.percentage_step)
        known = before if codec.readers else EntityState(device.left_in)
        try:
            writes = codec.encode(meant.command, meant.params, known)
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
                    command = watch.action.command
                    sent.append(await self._delivery.give(write, command, watch, deadline))
                    shown = NOT_SHOWN if write.secret else write.payload
                    published.append(Publication(write.topic, shown, at))
        except TimeoutError:
            detail = "the broker did not take the message in time"
            return Outcome(action, Status.FAILED, tuple(published), detail=detail)
        except LaresError as error:
            return Outcome(action, Status.FAILED, tuple(published), detail=str(error))
        if Sent.UNKNOWN in sent:
            detail = "the broker went away while it was told; whether it was done is not known"
            return Outcome(action, Status.NO_ANSWER, tuple(published), detail=detail)
        outcome = await self._outcome(action, watch, tuple(published), deadline)
        if Sent.LATER in sent and outcome.echo is None:
            detail = "the broker is away; sent when it is back, unless that takes too long"
            return Outcome(action, Status.DELAYED, tuple(published), detail=detail)
        return outcome

    async def _outcome(
        self, action: Action, watch: _Watch, published: tuple[Publication, ...], deadline: float
    ) -> Outcome:
        codec = watch.device.codec
        if not codec.readers:
            _leave(watch.device, watch.action.command)
        if not codec.readers or watch.action.command in codec.unheard:
            return Outcome(action, Status.ACCEPTED, published)
        return await self._confirm(action, watch, published, deadline)

    async def _confirm(
        self, action: Action, watch: _Watch, published: tuple[Publication, ...], deadline: float
    ) -> Outcome:
        """Wait for the device's own word."""
        codec = watch.device.codec
        already = matching.matches(watch.action, watch.before, watch.before, codec.reports)
        patience = REPEAT_ECHO if already else self._echo_timeout
        until = min(deadline, asyncio.get_running_loop().time() + patience)
        try:
            async with asyncio.timeout_at(until):
                echo = await watch.echo
        except TimeoutError:
            silent = Status.ACCEPTED if codec.optimistic else Status.NO_ANSWER
            return Outcome(action, Status.ALREADY if already else silent, published)
        return Outcome(action, Status.ALREADY if already else Status.CONFIRMED, published, echo)


def _leave(device: Device, command: Command) -> None:
    """Remember how a device without a state was left, so that toggling it turns it back."""
    if command is Command.TOGGLE:
        device.left_in = "off" if device.left_in in {"on", "open"} else "on"
    else:
        device.left_in = LEFT_IN.get(command, device.left_in)
