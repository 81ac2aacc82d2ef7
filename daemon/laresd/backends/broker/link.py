"""A connection to the broker that comes back by itself, with its subscriptions.

MQTT 5 is tried first; a broker that speaks only 3.1.1 is remembered as such.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from laresd.backends.broker import faults
from laresd.backends.broker.backoff import Backoff
from laresd.backends.broker.connection import Broken, Connection, cause, dial
from laresd.backends.broker.messages import Outgoing
from laresd.backends.broker.sizes import Sizes
from laresd.backends.broker.subscriptions import Subscriptions
from laresd.config import Mqtt
from laresd.errors import LaresError, Permanent, Temporary

log = logging.getLogger(__name__)

FAREWELL_TIMEOUT = 0.5


@dataclass(slots=True)
class Dialect:
    """Which MQTT the broker speaks, as far as is known."""

    mqtt5: bool = True

    def __str__(self) -> str:
        return "MQTT 5" if self.mqtt5 else "MQTT 3.1.1"


@dataclass(frozen=True, slots=True)
class Role:
    """What a link is for.

    `availability`: a retained topic that is "online" while it is up, "offline" when it ends or
    dies; "" for none. `session_s`: how long the broker keeps its session. `too_old`: whether what a
    broker of 3.1.1 has kept, which never expires, is to be thrown away.
    """

    identifier: str
    availability: str = ""
    session_s: float = 0.0
    too_old: Callable[[], Awaitable[bool]] | None = None


def _nothing() -> None:
    pass


class Link:
    """`run` it; `connection` is there while it is up, `fault` says why it is not."""

    def __init__(
        self,
        settings: Mqtt,
        role: Role,
        dialect: Dialect,
        backoff: Backoff,
        subscriptions: Subscriptions,
    ) -> None:
        self._settings = settings
        self._role = role
        self._dialect = dialect
        self._backoff = backoff
        self._subscriptions = subscriptions
        self._where = f"{settings.host}:{settings.port}"
        self.fault: LaresError = Temporary(f"not connected to the broker at {self._where} yet")
        self.connection: Connection | None = None
        self.up = asyncio.Event()
        self.tried = asyncio.Event()  # it was up once, or failed once
        self.ended: float | None = None  # when it was up last (monotonic)
        self.on_up: Callable[[], None] = _nothing
        self._began = 0.0
        self._sizes = Sizes()

    async def run(self, after: asyncio.Event | None = None) -> None:
        """Connect, and connect again, until cancelled; each time when `after` is set."""
        told = ""
        while True:
            if after is not None:
                await after.wait()
            spoken = self._dialect.mqtt5
            try:
                await self._session()
            except Temporary as error:
                self.fault = error
                self.tried.set()
                if spoken and not self._dialect.mqtt5:
                    continue
                if str(error) != told:
                    log.warning("%s; trying again", error)
                    told = str(error)
            lasted = 0.0
            if self.up.is_set():
                self.up.clear()
                self.ended = asyncio.get_running_loop().time()
                lasted = self.ended - self._began
                told = ""
            await asyncio.sleep(self._backoff.delay(lasted))

    async def _session(self) -> None:
        """One connection, from CONNECT to its end. Raises Temporary with the reason."""
        if not self._dialect.mqtt5 and self._role.too_old and await self._role.too_old():
            log.info("requests that the broker may have kept for this box are too old: thrown away")
            await self._attempt(session_s=0.0, serve=False)
        await self._attempt(session_s=self._role.session_s, serve=True)

    async def _attempt(self, *, session_s: float, serve: bool) -> None:
        role = self._role
        connection = await dial(
            self._settings,
            identifier=role.identifier,
            mqtt5=self._dialect.mqtt5,
            will=role.availability,
            session_s=session_s,
            sizes=self._sizes,
        )
        try:
            async with connection:
                if serve:
                    await self._serve(connection)
        except Broken as error:
            first, code, text = cause(error)
            connection.hang_up()
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError from error  # it failed while it was being stopped
            fault = self._explain(first, code, text)
        else:
            return
        finally:
            self.connection = None
            connection.end()
        raise fault  # out here without the causes, whose frames hold sockets

    async def _serve(self, connection: Connection) -> None:
        async with asyncio.TaskGroup() as group:
            receiving = group.create_task(self._receive(connection), name="mqtt-messages")
            await self._subscriptions.begin(connection)
            self.connection = connection
            await self._birth(connection)
            self._began = asyncio.get_running_loop().time()
            self.up.set()
            self.tried.set()
            self.on_up()
            log.info("connected to the broker at %s (%s)", self._where, self._dialect)
            telling = group.create_task(
                self._subscriptions.keep_told(connection), name="mqtt-subscriptions"
            )
            try:
                await receiving
            except asyncio.CancelledError:
                await self._farewell(connection)
                raise
            telling.cancel()

    async def _receive(self, connection: Connection) -> None:
        async for message in connection.messages():
            self._subscriptions.deliver(message)

    async def _birth(self, connection: Connection) -> None:
        if self._role.availability:
            try:
                await connection.publish(self._said("online"))
            except Permanent as error:
                log.warning("%s", error)
            except Temporary:
                pass  # the connection has ended, which `_receive` tells

    async def _farewell(self, connection: Connection) -> None:
        connection.hurry(FAREWELL_TIMEOUT)  # for the DISCONNECT that follows, too
        if self._role.availability:
            with contextlib.suppress(LaresError, TimeoutError):
                async with asyncio.timeout(FAREWELL_TIMEOUT):
                    await connection.publish(self._said("offline"))

    def _said(self, word: str) -> Outgoing:
        return Outgoing(self._role.availability, word.encode(), retain=True)

    def _explain(self, error: BaseException, code: int | None, text: str) -> Temporary:
        """What to tell people, and the other protocol version where that was the trouble."""
        if code is not None:
            if code == faults.UNSUPPORTED_PROTOCOL:
                self._dialect.mqtt5 = not self._dialect.mqtt5
            if code >= faults.UNSUPPORTED_PROTOCOL:
                user = self._settings.username
                return faults.refused(code, text, where=self._where, username=user)
            return Temporary(f"the connection to the broker at {self._where} was lost: {text}")
        if self.up.is_set():
            return Temporary(f"the connection to the broker at {self._where} was lost: {text}")
        if error.__context__ is None:
            # some brokers only hang up on a version that they do not know
            self._dialect.mqtt5 = not self._dialect.mqtt5
        return faults.unreachable(error.__context__, text, where=self._where)
