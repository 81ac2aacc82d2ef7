"""The `Bus` port on aiomqtt: one connection that comes back by itself.

The only file that imports aiomqtt, which neither reconnects nor keeps subscriptions: both are
here. MQTT 5 is tried first; a broker that speaks only 3.1.1 is remembered as such.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Self

import aiomqtt

from laresd.backends.broker import faults, properties
from laresd.backends.broker.filters import Feed
from laresd.config import Mqtt
from laresd.errors import DeadlineExceeded, LaresError, Temporary

log = logging.getLogger(__name__)

ONLINE, OFFLINE = "online", "offline"
NO_DELAY = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)  # QoS 1 takes 1 ms instead of 88
CONNECT_TIMEOUT = 2.0  # also the longest that stopping the daemon waits for a silent address
ANSWER_TIMEOUT = 5.0
FAREWELL_TIMEOUT = 0.5
KEEPALIVE = 20
BATCH = 50  # subscriptions under way at once


class MqttBus:
    """`async with` it, then keep `run` running; usable (and not connected) from the start.

    While it runs, `<prefix>/<box>/availability` is "online", and "offline" after it stops or dies.
    """

    def __init__(
        self, settings: Mqtt, *, box: str, first_delay: float = 0.5, longest_delay: float = 30.0
    ) -> None:
        self._settings = settings
        self._identifier = f"{settings.prefix}-{box}"
        self._availability = f"{settings.prefix}/{box}/availability"
        self._first_delay, self._longest_delay = first_delay, longest_delay
        self._where = f"{settings.host}:{settings.port}"
        self._version = aiomqtt.ProtocolVersion.V5
        self._client: aiomqtt.Client | None = None
        self._connected = asyncio.Event()
        self._fault: LaresError = Temporary(f"not connected to the broker at {self._where} yet")
        self._feeds: list[Feed] = []
        self._wanted: Counter[str] = Counter()
        self._unsent: set[str] = set()  # filters whose subscription the broker must be told
        self._unsent_event = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._in_flight: set[asyncio.Timeout] = set()

    @property
    def connected(self) -> bool:
        return self._client is not None

    @property
    def fault(self) -> LaresError | None:
        """Why it is not connected, for people; None when it is."""
        return None if self.connected else self._fault

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for feed in list(self._feeds):
            feed.close()

    async def wait_connected(self, *, deadline: float) -> None:
        """Until there is a connection. Raises Temporary with the reason when there is none."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._connected.wait()
        except TimeoutError:
            raise self._fault from None

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
        await self._flush()
        client = self._client
        if client is None:
            raise self._away()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT) as scope:
                self._in_flight.add(scope)
                more = None
                if self._version is aiomqtt.ProtocolVersion.V5:
                    more = properties.outgoing(expiry_s, response_topic, correlation)
                await client.publish(topic, payload, qos=qos, retain=retain, properties=more)
        except TimeoutError:
            if self.connected:
                raise DeadlineExceeded(
                    f"the broker at {self._where} did not acknowledge a message on {topic}"
                ) from None
            raise self._away() from None
        except (aiomqtt.MqttError, ValueError) as error:
            raise Temporary(f"could not publish on {topic}: {error}") from error
        finally:
            self._in_flight.discard(scope)

    def subscribe(self, *topic_filters: str) -> Feed:
        return Feed(topic_filters, self._filters_changed)

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        delay, told = self._first_delay, ""
        while True:
            version = self._version
            try:
                await self._session()
            except Temporary as error:
                self._fault = error
                if version is aiomqtt.ProtocolVersion.V5 and self._version is not version:
                    continue
                if str(error) != told:
                    log.warning("%s; trying again", error)
                    told = str(error)
            if self._connected.is_set():  # it had worked: begin again with the short delay
                self._connected.clear()
                delay, told = self._first_delay, ""
            await asyncio.sleep(delay)
            delay = min(delay * 2, self._longest_delay)

    async def _session(self) -> None:
        """One connection, from CONNECT to its end. Raises Temporary with the reason."""
        client = await self._new_client()
        try:
            async with client:
                await self._serve(client)
        except (aiomqtt.MqttError, BaseExceptionGroup) as error:
            cause = _first(error)
            if not isinstance(cause, aiomqtt.MqttError):
                raise
            _hang_up(client)
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError from error  # it failed while it was being stopped
            fault = self._explain(cause)
        finally:
            self._client = None
            for scope in self._in_flight:
                scope.reschedule(asyncio.get_running_loop().time())
        raise fault  # out here without the causes, whose frames hold sockets

    async def _serve(self, client: aiomqtt.Client) -> None:
        self._unsent = set(self._wanted)
        self._client = client
        await self._flush()
        await client.publish(self._availability, ONLINE, qos=1, retain=True)
        self._connected.set()
        version = "5" if self._version is aiomqtt.ProtocolVersion.V5 else "3.1.1"
        log.info("connected to the broker at %s (MQTT %s)", self._where, version)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_subscribed(), name="mqtt-subscriptions")
                await self._receive(client)
        except asyncio.CancelledError:
            await self._farewell(client)
            raise

    async def _farewell(self, client: aiomqtt.Client) -> None:
        client.timeout = FAREWELL_TIMEOUT  # for the DISCONNECT that follows, too
        with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
            await client.publish(self._availability, OFFLINE, qos=1, retain=True)

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            now = asyncio.get_running_loop().time()
            arrived = properties.incoming(
                message.topic.value, message.payload, message.retain, message.properties, now
            )
            for feed in self._feeds:
                if feed.wants(arrived.topic):
                    feed.put(arrived)

    def _filters_changed(self, feed: Feed, new: frozenset[str], gone: frozenset[str]) -> None:
        self._wanted.update(new)
        self._wanted.subtract(gone)
        self._wanted = +self._wanted
        self._unsent |= new | {item for item in gone if item not in self._wanted}
        self._unsent_event.set()
        if gone and not feed.filters and feed in self._feeds:
            self._feeds.remove(feed)
        elif new and feed not in self._feeds:
            self._feeds.append(feed)

    async def _keep_subscribed(self) -> None:
        while True:
            await self._unsent_event.wait()
            self._unsent_event.clear()
            await self._flush()

    async def _flush(self) -> None:
        """Tell the broker every changed subscription; a publish waits for that, too."""
        if not self._unsent:
            return
        async with self._flushing:
            while self._unsent and (client := self._client):
                batch = [self._unsent.pop() for _ in range(min(BATCH, len(self._unsent)))]
                async with asyncio.TaskGroup() as group:
                    for item in batch:
                        group.create_task(self._tell(client, item), name="mqtt-subscribe")

    async def _tell(self, client: aiomqtt.Client, topic_filter: str) -> None:
        try:
            if topic_filter not in self._wanted:
                await client.unsubscribe(topic_filter)
                return
            codes = await client.subscribe(topic_filter, qos=1)
        except ValueError:
            log.warning("%r is not a topic that can be subscribed", topic_filter)
            return
        if any(getattr(code, "is_failure", False) for code in _reasons(codes)):
            log.warning("the broker does not let this box read %s", topic_filter)

    async def _new_client(self) -> aiomqtt.Client:
        settings = self._settings
        password, context = await asyncio.to_thread(_secrets, settings)
        client = aiomqtt.Client(
            settings.host,
            settings.port,
            username=settings.username or None,
            password=password,
            identifier=self._identifier,
            protocol=self._version,
            will=aiomqtt.Will(self._availability, OFFLINE, qos=1, retain=True),
            keepalive=KEEPALIVE,
            timeout=ANSWER_TIMEOUT,
            tls_context=context,
            socket_options=NO_DELAY,
            clean_session=None if self._version is aiomqtt.ProtocolVersion.V5 else True,
            logger=logging.Logger("aiomqtt", logging.CRITICAL),  # what matters is logged here
        )
        client.pending_calls_threshold = 10_000
        client._client.connect_timeout = CONNECT_TIMEOUT  # paho's, not passed on
        return client

    def _explain(self, error: BaseException) -> Temporary:
        """What to tell people, and the other protocol version where that was the trouble."""
        text = str(error)
        if isinstance(error, aiomqtt.MqttCodeError):
            code = getattr(error.rc, "value", error.rc)
            reason = text.partition("] ")[2] or text
            if code == faults.UNSUPPORTED_PROTOCOL:
                self._other_version()
            if isinstance(code, int) and code >= faults.UNSUPPORTED_PROTOCOL:
                user = self._settings.username
                return faults.refused(code, reason, where=self._where, username=user)
            return Temporary(f"the connection to the broker at {self._where} was lost: {reason}")
        fault = faults.unreachable(error.__context__, text, where=self._where)
        if error.__context__ is None and not self._connected.is_set():
            self._other_version()  # some brokers only hang up on a version they don't know
        return fault

    def _other_version(self) -> None:
        versions = aiomqtt.ProtocolVersion
        self._version = versions.V311 if self._version is versions.V5 else versions.V5

    def _away(self) -> Temporary:
        return Temporary(self._fault.message, remedy=self._fault.remedy)


class _TidySocket(ssl.SSLSocket):
    """paho 2.2 waits long for a TLS handshake and leaves the socket of a failed one open."""

    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(CONNECT_TIMEOUT)
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _secrets(settings: Mqtt) -> tuple[str | None, ssl.SSLContext | None]:
    """The password and the TLS context, read again for each connection: a fix takes effect."""
    password = None
    try:
        if settings.password_file is not None:
            password = settings.password_file.read_text(encoding="utf-8").strip()
        context = ssl.create_default_context(cafile=settings.ca_file) if settings.tls else None
        if context is not None:
            context.sslsocket_class = _TidySocket
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Temporary(
            f"cannot read mqtt.password_file or mqtt.ca_file: {reason}",
            remedy=f"check {settings.password_file or ''} {settings.ca_file or ''}".strip(),
        ) from error
    return password, context


def _hang_up(client: aiomqtt.Client) -> None:
    """Close the socket of a failed attempt, which aiomqtt 2.5 leaves open and watched."""
    paho = client._client
    paho.on_disconnect = None
    paho.disconnect()


def _reasons(codes: object) -> Iterable[object]:
    return codes if isinstance(codes, (list, tuple)) else ()


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
