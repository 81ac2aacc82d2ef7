"""The `Bus` port: a connection for what is said and heard now, a second one for requests.

The second one (only where somebody subscribes durably) has a session that the broker keeps while
the daemon is away. States of devices must not wait there: some brokers keep QoS 0 for an absent
client, too, and an old state that comes late looks like the echo of a command.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from laresd.backends.broker.backoff import Backoff
from laresd.backends.broker.connection import ANSWER_TIMEOUT, Broken, Unacknowledged, cause
from laresd.backends.broker.filters import Feed
from laresd.backends.broker.link import Dialect, Link, Role
from laresd.backends.broker.messages import Outgoing
from laresd.backends.broker.outbox import Kept, Outbox
from laresd.backends.broker.spool import Spool
from laresd.backends.broker.subscriptions import Subscriptions
from laresd.config import Mqtt
from laresd.errors import DeadlineExceeded, LaresError, Temporary
from laresd.types import Dropped, Sent

log = logging.getLogger(__name__)

NOTE_EVERY = 30.0  # seconds between two notes of when requests were last listened for


def _silent(dropped: Dropped) -> None:
    """It is in the log and on the report's topic anyway."""


class MqttBus:
    """`async with` it, then keep `run` running; usable (and not connected) from the start.

    While it runs, `<prefix>/<box>/availability` is "online", and "offline" after it stops or dies.
    Without an outbox nothing is kept: what cannot go out fails. What was kept and is dropped is
    told on `<prefix>/<box>/dropped`: {"topic", "reason", "age_s"}.
    """

    def __init__(
        self,
        settings: Mqtt,
        *,
        box: str,
        outbox: Outbox | None = None,
        on_dropped: Callable[[Dropped], None] = _silent,
        first_delay: float = 0.5,
        longest_delay: float = 30.0,
        wall: Callable[[], float] = time.time,
        dialect: Dialect | None = None,
    ) -> None:
        """`dialect`: where it is known which MQTT the broker speaks; it is tried first."""
        identifier, base = f"{settings.prefix}-{box}", f"{settings.prefix}/{box}"
        self._wait_s = settings.requests_wait_s
        self._outbox, self._wall = outbox, wall
        self._dialect = dialect or Dialect()
        self._now, self._later = Subscriptions(), Subscriptions(durable=True)
        main = Role(identifier, availability=f"{base}/availability")
        delays = first_delay, longest_delay
        self._main = Link(settings, main, self._dialect, Backoff(*delays), self._now)
        inbox = Role(f"{identifier}-requests", session_s=self._wait_s, too_old=self._too_old)
        self._inbox = Link(settings, inbox, self._dialect, Backoff(*delays), self._later)
        self._spool: Spool | None = None
        if outbox is not None:
            self._spool = Spool(
                outbox,
                lambda: self._main.connection,
                wall=wall,
                report_topic=f"{base}/dropped",
                on_dropped=on_dropped,
            )
            self._main.on_up = self._spool.wake

    @property
    def connected(self) -> bool:
        return self._main.connection is not None

    @property
    def fault(self) -> LaresError | None:
        """Why it is not connected, for people; None when it is."""
        return None if self.connected else self._main.fault

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._now.close()
        self._later.close()

    async def wait_connected(self, *, deadline: float) -> None:
        """Until there is a connection. Raises Temporary with the reason when there is none."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._main.up.wait()
                if self._later.wanted.is_set():
                    await self._inbox.tried.wait()
        except TimeoutError:
            if not self.connected:
                raise self._away() from None

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
        data = payload if isinstance(payload, bytes) else payload.encode()
        message = Outgoing(topic, data, qos, retain, expiry_s, response_topic, correlation)
        if keep_until is None:
            await self._send(message)
            return Sent.NOW
        return await self._send_or_keep(message, keep_until, repeatable)

    def subscribe(self, *topic_filters: str, durable: bool = False) -> Feed:
        kept = durable and self._wait_s > 0
        return (self._later if kept else self._now).feed(topic_filters)

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._main.run(), name="mqtt")
            group.create_task(self._listen(), name="mqtt-requests")
            if self._spool is not None:
                group.create_task(self._spool.run(), name="mqtt-spool")

    async def _send(self, message: Outgoing) -> None:
        await self._subscribed()
        connection = self._main.connection
        if connection is None:
            raise self._away()
        await connection.publish(message)

    async def _send_or_keep(self, message: Outgoing, until: float, repeatable: bool) -> Sent:
        now = self._wall()
        if until <= now:
            raise DeadlineExceeded(f"the time of a message on {message.topic} has passed")
        spool = self._spool
        if spool is None or not spool.waits:
            try:
                await self._send(message.lasting(until - now))
            except Unacknowledged:
                if not repeatable:
                    return Sent.UNKNOWN
                if spool is None:
                    raise
            except Temporary:
                if spool is None:
                    raise
            else:
                return Sent.NOW
        assert spool is not None
        await spool.keep(Kept(message, keep_until=until, kept_at=now, repeatable=repeatable))
        return Sent.LATER

    async def _subscribed(self) -> None:
        """Until the broker knows what was subscribed before. Raises Temporary if it is away."""
        main, inbox = self._main, self._inbox
        try:
            await self._now.flush(main.connection)
            if main.connection is not None and self._later.wanted.is_set():
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    await inbox.tried.wait()
                await self._later.flush(inbox.connection)
        except TimeoutError:
            return  # it is not known why, and what is to be said is more urgent
        except Broken as error:
            cause(error)
            raise self._away() from None

    async def _listen(self) -> None:
        """Have the second connection while the first one is up and somebody wants it."""
        await self._later.wanted.wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._inbox.run(after=self._main.up), name="mqtt-inbox")
            group.create_task(self._note(), name="mqtt-inbox-note")

    async def _note(self) -> None:
        """Write down that requests are listened for: a broker of 3.1.1 keeps them for ever."""
        while True:
            await self._inbox.up.wait()
            while self._inbox.up.is_set():
                if self._outbox is not None and not self._dialect.mqtt5:
                    try:
                        await self._outbox.note_connection(self._wall())
                    except LaresError as error:
                        log.warning("%s", error)
                await asyncio.sleep(NOTE_EVERY)

    async def _too_old(self) -> bool:
        """Whether requests were last listened for too long ago, or nobody knows when."""
        ended, last = self._inbox.ended, None
        if ended is not None:
            return asyncio.get_running_loop().time() - ended > self._wait_s
        try:
            last = await self._outbox.last_connection() if self._outbox else None
        except LaresError as error:
            log.warning("%s", error)
        return last is None or not 0 <= self._wall() - last <= self._wait_s

    def _away(self) -> Temporary:
        fault = self._main.fault
        return Temporary(fault.message, remedy=fault.remedy)
