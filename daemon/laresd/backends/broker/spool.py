"""What must go out while the broker is away: kept on disk, in order, each until its deadline."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from laresd.backends.broker.connection import Connection, Unacknowledged
from laresd.backends.broker.messages import Outgoing
from laresd.backends.broker.outbox import Kept, Outbox
from laresd.errors import LaresError, Permanent, Temporary
from laresd.types import Dropped

log = logging.getLogger(__name__)

BATCH = 8  # messages between two writes to the disk
REPORT_S = 3600.0  # that the report of a dropped message waits for the broker
SETTLE_S = 2.0  # for devices to come back, where the broker does not say that nobody reads
ABSENT_S = 1.0  # until a device that is not back yet is tried again
DISK_RETRY = 5.0
CLOCK_SLACK = 1.0  # seconds that the clock may seem to run backwards


class _Fate(StrEnum):
    SENT = "sent"
    STAYS = "stays"
    ABSENT = "absent"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class Spool:
    """`run` it beside the connection. Deadlines are wall seconds on disk, so that they outlive a
    restart, and monotonic here, so that a clock that is set does not move them.
    """

    def __init__(
        self,
        outbox: Outbox,
        connection: Callable[[], Connection | None],
        *,
        wall: Callable[[], float],
        report_topic: str,
        on_dropped: Callable[[Dropped], None],
    ) -> None:
        self._outbox = outbox
        self._connection = connection
        self._wall = wall
        self._report_topic = report_topic
        self._on_dropped = on_dropped
        self._waiting: deque[Kept] = deque()
        self._due: dict[int, float] = {}  # monotonic deadlines, by id
        self._absent: dict[str, float] = {}  # topics that nobody reads, and when to try again
        self._settled_at = 0.0
        self._news = asyncio.Event()
        self._loaded = False

    @property
    def waits(self) -> bool:
        """Whether something is to go out before what comes now."""
        return bool(self._waiting) or not self._loaded

    def wake(self) -> None:
        """The broker is back."""
        self._absent.clear()
        connection = self._connection()
        if connection is not None and not connection.mqtt5:
            self._settled_at = _now() + SETTLE_S
        self._news.set()

    async def keep(self, message: Kept) -> None:
        """Durable when this returns. Raises Temporary when there is no room."""
        due = _now() + message.keep_until - self._wall()
        kept = await self._outbox.add(message)
        self._due[kept.id] = due
        self._waiting.append(kept)
        self._news.set()

    async def run(self) -> None:
        """Send what waits whenever there is a connection, drop what is late, until cancelled."""
        while True:
            self._news.clear()
            try:
                again = await self._round()
            except LaresError as error:
                log.error("%s; trying again", error)
                await asyncio.sleep(DISK_RETRY)
                continue
            if not again:
                times = [self._due[one.id] for one in self._waiting]
                if self._connection() is not None:
                    times += [*self._absent.values(), *self._settling()]
                soonest = min(times, default=None)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(soonest):
                        await self._news.wait()

    async def _round(self) -> bool:
        """Drop what is late, send some of the rest; whether there is more to do at once."""
        if not self._loaded:
            await self._load()
        await self._drop_late()
        connection = self._connection()
        if connection is None or self._settling():
            return False
        now = _now()
        self._absent = {topic: at for topic, at in self._absent.items() if at > now}
        await self._send(connection, self._ready()[:BATCH])
        return bool(self._ready()) and connection is self._connection()

    def _settling(self) -> list[float]:
        return [self._settled_at] if self._settled_at > _now() else []

    def _ready(self) -> list[Kept]:
        return [one for one in self._waiting if one.message.topic not in self._absent]

    async def _load(self) -> None:
        """What an earlier run left; of what it had begun to send, only what may go out twice."""
        now = self._wall()
        found = await self._outbox.load()
        uncertain = [one for one in found if one.begun and not one.repeatable]
        for kept in found:
            if kept not in uncertain and kept.id not in self._due:
                backwards = kept.kept_at > now + CLOCK_SLACK  # its age cannot be told: too old
                self._due[kept.id] = _now() + (-1.0 if backwards else kept.keep_until - now)
                self._waiting.append(replace(kept, begun=False))
        self._waiting = deque(sorted(self._waiting, key=lambda one: one.id))
        self._loaded = True
        await self._drop(uncertain, _Fate.UNKNOWN)

    async def _drop_late(self) -> None:
        late = [one for one in self._waiting if self._due[one.id] <= _now()]
        await self._drop(late, _Fate.EXPIRED)

    async def _send(self, connection: Connection, batch: list[Kept]) -> None:
        """One after the other, as far as the connection carries."""
        if not batch:
            return
        await self._outbox.begin([one.id for one in batch])
        came: dict[_Fate, list[Kept]] = {fate: [] for fate in _Fate}
        untouched = list(batch)
        try:
            for kept in batch:
                if kept.message.topic in self._absent:
                    continue  # what comes first must go first
                untouched.remove(kept)  # cut off in `_one`, it is as uncertain as after a crash
                fate = await self._one(connection, kept)
                came[fate].append(kept)
                if fate in {_Fate.STAYS, _Fate.UNKNOWN}:
                    break
        finally:
            self._forget(came[_Fate.SENT])
            await self._outbox.settle(
                gone=[one.id for one in came[_Fate.SENT]],
                waiting=[one.id for one in [*came[_Fate.STAYS], *came[_Fate.ABSENT], *untouched]],
            )
        for fate in (_Fate.EXPIRED, _Fate.UNKNOWN, _Fate.REFUSED):
            await self._drop(came[fate], fate)

    async def _one(self, connection: Connection, kept: Kept) -> _Fate:
        remaining = self._due[kept.id] - _now()
        if remaining <= 0:
            return _Fate.EXPIRED
        try:
            read = await connection.publish(kept.message.lasting(remaining))
        except Unacknowledged:
            return _Fate.STAYS if kept.repeatable else _Fate.UNKNOWN
        except Permanent as error:
            log.warning("%s", error)
            return _Fate.REFUSED
        except Temporary:
            return _Fate.STAYS
        if read or kept.message.retain or kept.message.topic == self._report_topic:
            return _Fate.SENT
        self._absent[kept.message.topic] = _now() + ABSENT_S  # it lost the broker, too
        return _Fate.ABSENT

    async def _drop(self, messages: list[Kept], reason: str) -> None:
        """Never in silence: the log, the callback, and a message on the report's topic say it."""
        if not messages:
            return
        self._forget(messages)
        await self._outbox.settle(gone=[one.id for one in messages])
        for kept in messages:
            age = max(0.0, self._wall() - kept.kept_at)
            topic = kept.message.topic
            log.warning("a message on %s was dropped after %.0f s: %s", topic, age, reason)
            if topic != self._report_topic:
                self._on_dropped(Dropped(topic, reason, age))
                await self._report(kept, reason, age)

    async def _report(self, kept: Kept, reason: str, age: float) -> None:
        told = {"topic": kept.message.topic, "reason": reason, "age_s": round(age, 1)}
        now = self._wall()
        message = Outgoing(self._report_topic, json.dumps(told).encode())
        try:
            await self.keep(Kept(message, keep_until=now + REPORT_S, kept_at=now))
        except LaresError as error:
            log.warning("%s", error)

    def _forget(self, messages: list[Kept]) -> None:
        for kept in messages:
            if kept in self._waiting:
                self._waiting.remove(kept)
            self._due.pop(kept.id, None)


def _now() -> float:
    return asyncio.get_running_loop().time()
