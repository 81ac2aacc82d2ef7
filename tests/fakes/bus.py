"""A broker in memory, as the `Bus` port sees it: retained messages, filters, comings and goings."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable

from laresd.errors import DeadlineExceeded, Permanent, Temporary
from laresd.types import Message, Sent


class FakeBus:
    """Delivers at once, in order. `break_connection` and `mend` play a broker that goes away.

    `kept` waits for `mend`, `dropped` are the topics of what waited too long. `wall`: the clock of
    `keep_until`.
    """

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self.published: list[tuple[str, bytes, bool]] = []
        self.retained: dict[str, bytes] = {}
        self.kept: list[tuple[Message, bool, float]] = []  # message, retain, keep_until
        self.dropped: list[str] = []
        self.forbidden: set[str] = set()  # topics on which the broker takes nothing
        self._wall = wall
        self._missed: list[Message] = []  # for durable subscriptions
        self._subscriptions: list[FakeSubscription] = []
        self._up = asyncio.Event()
        self._up.set()

    @property
    def connected(self) -> bool:
        return self._up.is_set()

    async def wait_connected(self, *, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await self._up.wait()
        except TimeoutError:
            raise Temporary("the broker is away") from None

    async def publish(
        self,
        topic: str,
        payload: str | bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        expiry_s: float | None = None,
        response_topic: str = "",
        correlation: bytes = b"",
        keep_until: float | None = None,
        repeatable: bool = True,
    ) -> Sent:
        if keep_until is not None and keep_until <= self._wall():
            raise DeadlineExceeded("its time has passed")
        if topic in self.forbidden:
            raise Permanent(f"the broker took no message on {topic}")
        message = _message(topic, payload, expiry_s, response_topic, correlation)
        if not self.connected:
            if keep_until is None:
                raise Temporary("the broker is away")
            self.kept.append((message, retain, keep_until))
            return Sent.LATER
        self._publish(message, retain)
        await asyncio.sleep(0)
        return Sent.NOW

    def subscribe(self, *topic_filters: str, durable: bool = False) -> FakeSubscription:
        return FakeSubscription(self, topic_filters, durable)

    def deliver(
        self,
        topic: str,
        payload: str | bytes,
        *,
        retain: bool = False,
        expiry_s: float | None = None,
        response_topic: str = "",
        correlation: bytes = b"",
    ) -> None:
        """A message of somebody else."""
        self._deliver(_message(topic, payload, expiry_s, response_topic, correlation), retain)

    def break_connection(self) -> None:
        self._up.clear()

    def mend(self) -> None:
        self._up.set()
        for subscription in self._subscriptions:
            self.send_retained(subscription, frozenset(subscription.filters))
        missed, self._missed = self._missed, []
        for message, subscription in itertools.product(missed, self._subscriptions):
            if subscription.durable:
                subscription.offer(message)
        kept, self.kept = self.kept, []
        for message, retain, keep_until in kept:
            if keep_until > self._wall():
                self._publish(message, retain)
            else:
                self.dropped.append(message.topic)

    def attach(self, subscription: FakeSubscription) -> None:
        if subscription not in self._subscriptions:
            self._subscriptions.append(subscription)

    def detach(self, subscription: FakeSubscription) -> None:
        self._subscriptions.remove(subscription)

    def send_retained(self, subscription: FakeSubscription, filters: frozenset[str]) -> None:
        if subscription.durable:
            return
        for topic, payload in self.retained.items():
            if self.connected and any(fits(item, topic) for item in filters):
                subscription.offer(Message(topic, payload, True))

    def _publish(self, message: Message, retain: bool) -> None:
        self.published.append((message.topic, message.payload, retain))
        self._deliver(message, retain)

    def _deliver(self, message: Message, retain: bool) -> None:
        if retain and message.payload:
            self.retained[message.topic] = message.payload
        elif retain:
            self.retained.pop(message.topic, None)
        if not self.connected:
            self._missed.append(message)
            return
        for subscription in self._subscriptions:
            subscription.offer(message)


def _message(
    topic: str,
    payload: str | bytes,
    expiry_s: float | None,
    response_topic: str,
    correlation: bytes,
) -> Message:
    data = payload if isinstance(payload, bytes) else payload.encode()
    expires_at = None if expiry_s is None else asyncio.get_running_loop().time() + expiry_s
    return Message(topic, data, False, response_topic, correlation, expires_at)


class FakeSubscription:
    def __init__(self, bus: FakeBus, topic_filters: tuple[str, ...], durable: bool) -> None:
        self.durable = durable
        self.filters: set[str] = set()
        self._bus = bus
        self._queue: deque[Message] = deque()
        self._arrived = asyncio.Event()
        self._closed = False
        bus.attach(self)
        self.add(*topic_filters)

    def add(self, *topic_filters: str) -> None:
        new = frozenset(topic_filters) - self.filters
        self.filters |= new
        self._bus.send_retained(self, new)

    def remove(self, *topic_filters: str) -> None:
        self.filters -= set(topic_filters)

    def close(self) -> None:
        self._bus.detach(self)
        self._closed = True
        self._arrived.set()

    def offer(self, message: Message) -> None:
        if any(fits(item, message.topic) for item in self.filters):
            self._queue.append(message)
            self._arrived.set()

    def __aiter__(self) -> FakeSubscription:
        return self

    async def __anext__(self) -> Message:
        while not self._queue:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._queue.popleft()


def fits(topic_filter: str, topic: str) -> bool:
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted, levels = wanted[:-1], levels[: len(wanted) - 1]
    return len(wanted) == len(levels) and all(
        item in {"+", level} for item, level in zip(wanted, levels, strict=True)
    )
