"""What readers asked for, kept across connections, and told to each new one."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque

from laresd.backends.broker.connection import Connection
from laresd.backends.broker.filters import Feed, matches
from laresd.types import Message

log = logging.getLogger(__name__)

BATCH = 50  # subscriptions under way at once
MAX_EARLY = 256  # messages that came before their reader
EARLY_BYTES = 1 << 20
EARLY_SECONDS = 30.0  # that they are held


class Subscriptions:
    """`durable`: for a session that the broker keeps. What waited there comes as soon as the
    connection is made, and is held for readers that are only being started.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._feeds: list[Feed] = []
        self._wanted: Counter[str] = Counter()
        self._unsent: set[str] = set()  # filters that the broker must be told of
        self._news = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._early: deque[tuple[float, Message]] = deque()
        self.wanted = asyncio.Event()  # somebody has asked for something

    def feed(self, topic_filters: tuple[str, ...]) -> Feed:
        return Feed(topic_filters, self._changed)

    def close(self) -> None:
        for feed in list(self._feeds):
            feed.close()

    def deliver(self, message: Message) -> None:
        readers = [feed for feed in self._feeds if feed.wants(message.topic)]
        for feed in readers:
            feed.put(message)
        if not readers and self._durable and len(message.payload) <= EARLY_BYTES:
            self._early.append((asyncio.get_running_loop().time(), message))
            while len(self._early) > MAX_EARLY or self._early_bytes() > EARLY_BYTES:
                _, lost = self._early.popleft()
                log.debug("nobody reads %s", lost.topic)

    async def begin(self, connection: Connection) -> None:
        """A new connection: tell it everything."""
        self._unsent = set(self._wanted)
        await self.flush(connection)

    async def keep_told(self, connection: Connection) -> None:
        """Tell it every change, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self.flush(connection)

    async def flush(self, connection: Connection | None) -> None:
        """Tell the broker every changed subscription; a publish waits for that, too."""
        under_way = self._flushing.locked()  # somebody else tells it: wait for that
        if connection is None or not (self._unsent or under_way):
            return
        async with self._flushing:
            while self._unsent:
                batch = [self._unsent.pop() for _ in range(min(BATCH, len(self._unsent)))]
                async with asyncio.TaskGroup() as group:
                    for item in batch:
                        group.create_task(self._tell(connection, item), name="mqtt-subscribe")

    async def _tell(self, connection: Connection, topic_filter: str) -> None:
        try:
            if topic_filter not in self._wanted:
                await connection.unsubscribe(topic_filter)
                return
            with_retained = not self._durable
            allowed = await connection.subscribe(topic_filter, with_retained=with_retained)
        except ValueError:
            log.warning("%r is not a topic that can be subscribed", topic_filter)
            return
        if not allowed:
            log.warning("the broker does not let this box read %s", topic_filter)

    def _changed(self, feed: Feed, new: frozenset[str], gone: frozenset[str]) -> None:
        self._wanted.update(new)
        self._wanted.subtract(gone)
        self._wanted = +self._wanted
        self._unsent |= new | {item for item in gone if item not in self._wanted}
        self._news.set()
        if gone and not feed.filters and feed in self._feeds:
            self._feeds.remove(feed)
        elif new and feed not in self._feeds:
            self._feeds.append(feed)
        if new:
            self.wanted.set()
            self._hand_over(feed, new)

    def _hand_over(self, feed: Feed, new: frozenset[str]) -> None:
        oldest = asyncio.get_running_loop().time() - EARLY_SECONDS if self._early else 0.0
        for at, message in list(self._early):
            if any(matches(item, message.topic) for item in new):
                self._early.remove((at, message))
                if at >= oldest:
                    feed.put(message)

    def _early_bytes(self) -> int:
        return sum(len(message.payload) for _, message in self._early)
