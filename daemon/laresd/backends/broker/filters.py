"""Topic filters (MQTT 4.7) and the bounded queues that messages wait in."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from laresd.types import Message

log = logging.getLogger(__name__)

MAX_MESSAGES = 8192
MAX_BYTES = 32 * 1024 * 1024


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a message on `topic` is for `topic_filter`; `$` topics need a filter that says so."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in {"#", "+"}:
        return False
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in {"+", levels[index]}:
            return False
    return len(wanted) == len(levels)


class Feed:
    """The `Subscription` port: what one reader asked for, and the messages it has yet to read."""

    def __init__(
        self,
        topic_filters: tuple[str, ...],
        on_change: Callable[[Feed, frozenset[str], frozenset[str]], None],
        *,
        max_messages: int = MAX_MESSAGES,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._exact: set[str] = set()
        self._wild: set[str] = set()
        self._on_change = on_change
        self._queue: deque[Message] = deque()
        self._bytes = 0
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._arrived = asyncio.Event()
        self._closed = False
        self.dropped = 0
        self.add(*topic_filters)

    @property
    def filters(self) -> frozenset[str]:
        return frozenset(self._exact | self._wild)

    def add(self, *topic_filters: str) -> None:
        new = frozenset(topic_filters) - self.filters
        self._wild |= {item for item in new if "+" in item or "#" in item}
        self._exact |= new - self._wild
        if new:
            self._on_change(self, new, frozenset())

    def remove(self, *topic_filters: str) -> None:
        gone = self.filters & frozenset(topic_filters)
        self._exact -= gone
        self._wild -= gone
        if gone:
            self._on_change(self, frozenset(), gone)

    def close(self) -> None:
        self.remove(*self.filters)
        self._closed = True
        self._arrived.set()

    def wants(self, topic: str) -> bool:
        return topic in self._exact or any(matches(item, topic) for item in self._wild)

    def put(self, message: Message) -> None:
        """Queue it; the oldest go, counted, when the reader is too slow for the bounds."""
        self._queue.append(message)
        self._bytes += len(message.payload)
        while len(self._queue) > self._max_messages or (
            self._bytes > self._max_bytes and len(self._queue) > 1
        ):
            lost = self._queue.popleft()
            self._bytes -= len(lost.payload)
            self.dropped += 1
            if self.dropped & (self.dropped - 1) == 0:  # 1, 2, 4, 8: a flood must not flood the log
                log.warning("a reader is too slow: %d dropped, last %s", self.dropped, lost.topic)
        self._arrived.set()

    def __aiter__(self) -> Feed:
        return self

    async def __anext__(self) -> Message:
        while not self._queue:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        message = self._queue.popleft()
        self._bytes -= len(message.payload)
        return message
