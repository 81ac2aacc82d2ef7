"""A broker in memory, as the `Bus` port sees it: retained messages, filters, comings and goings."""

from __future__ import annotations

import asyncio
from collections import deque

from laresd.errors import Temporary
from laresd.types import Message


class FakeBus:
    """Delivers at once, in order. `break_connection` and `mend` play a broker that goes away."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes, bool]] = []
        self.retained: dict[str, bytes] = {}
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
    ) -> None:
        if not self.connected:
            raise Temporary("the broker is away")
        data = payload if isinstance(payload, bytes) else payload.encode()
        self.published.append((topic, data, retain))
        self.deliver(
            topic,
            data,
            retain=retain,
            expiry_s=expiry_s,
            response_topic=response_topic,
            correlation=correlation,
        )
        await asyncio.sleep(0)

    def subscribe(self, *topic_filters: str) -> FakeSubscription:
        return FakeSubscription(self, topic_filters)

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
        data = payload if isinstance(payload, bytes) else payload.encode()
        if retain and data:
            self.retained[topic] = data
        elif retain:
            self.retained.pop(topic, None)
        expires_at = None
        if expiry_s is not None:
            expires_at = asyncio.get_running_loop().time() + expiry_s
        message = Message(topic, data, False, response_topic, correlation, expires_at)
        for subscription in self._subscriptions:
            subscription.offer(message)

    def break_connection(self) -> None:
        self._up.clear()

    def mend(self) -> None:
        self._up.set()
        for subscription in self._subscriptions:
            self.send_retained(subscription, frozenset(subscription.filters))

    def attach(self, subscription: FakeSubscription) -> None:
        if subscription not in self._subscriptions:
            self._subscriptions.append(subscription)

    def detach(self, subscription: FakeSubscription) -> None:
        self._subscriptions.remove(subscription)

    def send_retained(self, subscription: FakeSubscription, filters: frozenset[str]) -> None:
        for topic, payload in self.retained.items():
            if self.connected and any(fits(item, topic) for item in filters):
                subscription.offer(Message(topic, payload, True))


class FakeSubscription:
    def __init__(self, bus: FakeBus, topic_filters: tuple[str, ...]) -> None:
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
