"""One MQTT connection, from CONNECT to its end: aiomqtt, with what it leaves out.

The only file that imports aiomqtt, which drops the reason in an acknowledgement and keeps messages
in a queue of paho's that goes out whenever it can: here at most INFLIGHT are under way, and a
connection whose broker does not acknowledge is cut so that nothing is left in the socket to arrive
an hour late.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Any, Self

import aiomqtt

from laresd.backends.broker import messages
from laresd.backends.broker.messages import Outgoing
from laresd.backends.broker.sizes import Sizes
from laresd.config import Mqtt
from laresd.errors import Permanent, Temporary
from laresd.types import Message

NO_DELAY = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)  # QoS 1 takes 1 ms instead of 88
CONNECT_TIMEOUT = 2.0  # also the longest that stopping the daemon waits for a silent address
ANSWER_TIMEOUT = 5.0
KEEPALIVE = 20
INFLIGHT = 20  # unacknowledged at once; fewer where the broker's Receive Maximum says so
NO_MATCHING_SUBSCRIBERS = 0x10  # reason code of PUBACK (MQTT 5, 3.4.2.1)
DISCARD = struct.pack("ii", 1, 0)  # SO_LINGER: what was not sent is thrown away

Broken = (aiomqtt.MqttError, BaseExceptionGroup)


class Unacknowledged(Temporary):
    """The message went out, and the connection broke before the broker had acknowledged it."""


class _Client(aiomqtt.Client):
    """Tells what CONNACK and PUBACK say."""

    session_present = False
    receive_maximum = INFLIGHT
    packet_maximum: int | None = None  # bytes that the broker takes; None: it does not say
    _arrived = 0  # messages

    def __init__(self, *arguments: Any, **options: Any) -> None:  # as they are: for aiomqtt
        super().__init__(*arguments, **options)
        self.acks: dict[int, asyncio.Future[object]] = {}
        self.pending_calls_threshold = 10_000
        self._client.connect_timeout = CONNECT_TIMEOUT  # paho's, not passed on

    def _on_connect(self, *said: Any) -> None:
        flags, properties = said[2], said[4] if len(said) > 4 else None
        self.session_present = bool(flags.session_present)
        self.receive_maximum = min(INFLIGHT, getattr(properties, "ReceiveMaximum", INFLIGHT))
        self.packet_maximum = getattr(properties, "MaximumPacketSize", None)
        super()._on_connect(*said)

    def _on_publish(self, *said: Any) -> None:
        mid, reason = said[2], said[3]
        ack = self.acks.pop(mid, None)
        if ack is not None and not ack.done():
            ack.set_result(reason)

    @property
    def progress(self) -> object:
        """Another one than before when something came in."""
        return self._arrived, self._client._in_packet["to_process"]

    def _on_message(self, *said: Any) -> None:
        self._arrived += 1
        super()._on_message(*said)

    @property
    def paho(self) -> Any:
        return self._client

    def _on_socket_register_write(self, *said: Any) -> None:
        """As aiomqtt's, but for a socket that was closed before the loop came to it."""
        client, sock = said[0], said[2]

        def write() -> None:
            try:
                client.loop_write()
            except OSError as error:
                if not self._disconnected.done():
                    self._disconnected.set_exception(error)

        def watch() -> None:
            if sock.fileno() >= 0:
                self._loop.add_writer(sock.fileno(), write)

        self._loop.call_soon_threadsafe(watch)

    def break_off(self, why: str) -> None:
        """End the connection at once, with nothing said and nothing sent any more."""
        sock = self._client.socket()
        raw: Any = getattr(sock, "_socket", sock)  # paho wraps the socket of a websocket
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, DISCARD)
        if not self._disconnected.done():
            self._disconnected.set_exception(aiomqtt.MqttError(why))
        self._client.on_disconnect = None
        self._client._sock_close()  # paho's disconnect() would still write


class Connection:
    """`async with` it to connect and to disconnect. Raises `Broken`; `cause` says the reason."""

    def __init__(self, client: _Client, *, where: str, mqtt5: bool, sizes: Sizes) -> None:
        self._client = client
        self._sizes = sizes
        self._under_way: dict[asyncio.Future[object], int] = {}  # bytes of each packet
        self._where = where
        self.mqtt5 = mqtt5
        self._slots = asyncio.Semaphore(INFLIGHT)
        self._ended = False

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        self._slots = asyncio.Semaphore(self._client.receive_maximum)
        raw = getattr(self._client.paho.socket(), "_socket", None)
        if raw is not None:  # aiomqtt sets the options of plain and TLS sockets only
            for option in NO_DELAY:
                raw.setsockopt(*option)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._client.__aexit__(kind, error, traceback)
        finally:
            self.end()

    @property
    def session_present(self) -> bool:
        """Whether the broker still had the session of this client."""
        return self._client.session_present

    def end(self) -> None:
        """Nothing goes out any more, and nobody waits for an acknowledgement."""
        self._ended = True
        acks = list(self._client.acks.values())
        self._client.acks.clear()
        if sizes := [size for ack, size in self._under_way.items() if not ack.done()]:
            self._sizes.hung_up(max(sizes), asyncio.get_running_loop().time())
        for ack in acks:
            if not ack.done():
                ack.set_result(None)

    async def publish(self, message: Outgoing) -> bool:
        """Acknowledged when this returns (QoS 1). False: the broker says that nobody reads it,
        which MQTT 3.1.1 never tells. Raises Unacknowledged where it is not known whether the broker
        has it, Temporary where it did not go out, Permanent where the broker does not allow it or
        says that it is too large.
        """
        slots = self._slots
        await slots.acquire()
        try:
            ack = self._sent(message)
        except BaseException:
            slots.release()
            raise
        if ack is None:
            slots.release()
            return True
        ack.add_done_callback(lambda done: self._acknowledged(done, slots))
        reason = await asyncio.shield(ack)  # who gives up waiting does not give up the slot
        if reason is None:
            raise Unacknowledged(
                f"the broker at {self._where} did not acknowledge a message on {message.topic}"
            )
        if getattr(reason, "is_failure", False):
            raise Permanent(
                f"the broker at {self._where} took no message on {message.topic}: {reason}",
                remedy="let this box's user write there (in Mosquitto: acl_file)",
            )
        return getattr(reason, "value", 0) != NO_MATCHING_SUBSCRIBERS

    def _acknowledged(self, ack: asyncio.Future[object], slots: asyncio.Semaphore) -> None:
        size = self._under_way.pop(ack, 0)
        if ack.result() is not None:
            self._sizes.taken(size)
        slots.release()

    def _sent(self, message: Outgoing) -> asyncio.Future[object] | None:
        """Give it to the socket; None when no acknowledgement is to come."""
        if self._ended:
            raise Temporary(f"the connection to the broker at {self._where} was lost")
        more = messages.outgoing(message) if self.mqtt5 else None
        loop = asyncio.get_running_loop()
        size = messages.packet_size(message, more)
        self._sizes.check(message.topic, size, self._client.packet_maximum, loop.time())
        try:
            info = self._client.paho.publish(
                message.topic, message.payload, message.qos, message.retain, more
            )
        except ValueError as error:
            raise Permanent(f"could not publish on {message.topic}: {error}") from error
        if info.rc:
            raise Temporary(f"the connection to the broker at {self._where} was lost")
        if info.is_published():
            return None
        ack: asyncio.Future[object] = loop.create_future()
        self._client.acks[info.mid] = ack
        self._under_way[ack] = size
        loop.call_later(ANSWER_TIMEOUT, self._impatient, ack, self._client.progress)
        return ack

    def _impatient(self, ack: asyncio.Future[object], before: object) -> None:
        """A broker that says nothing more is left. One that is in the middle of a large message
        (Mosquitto 2.0 over websockets sends 40 kB a second) is not.
        """
        if ack.done():
            return
        now = self._client.progress
        if now == before:
            self._client.break_off("no acknowledgement")
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(ANSWER_TIMEOUT, self._impatient, ack, now)

    async def subscribe(self, topic_filter: str, *, with_retained: bool) -> bool:
        """Whether the broker allows it. Raises ValueError for what is no filter."""
        if self.mqtt5:
            options = messages.subscription(with_retained=with_retained)
            codes = await self._client.subscribe(topic_filter, options=options)
        else:
            codes = await self._client.subscribe(topic_filter, qos=1)
        return not any(getattr(code, "is_failure", False) for code in _reasons(codes))

    async def unsubscribe(self, topic_filter: str) -> None:
        await self._client.unsubscribe(topic_filter)

    async def messages(self) -> AsyncIterator[Message]:
        """What comes in, until the connection is lost."""
        loop = asyncio.get_running_loop()
        async for one in self._client.messages:
            try:
                topic = one.topic.value
            except ValueError:
                continue  # not UTF-8, or with wildcards: nobody can have asked for it
            yield messages.incoming(topic, one.payload, one.retain, one.properties, loop.time())

    def hurry(self, timeout: float) -> None:
        """Wait no longer than this for the broker from now on: the daemon is being stopped."""
        self._client.timeout = timeout

    def hang_up(self) -> None:
        """Close the socket of a failed attempt, which aiomqtt 2.5 leaves open and watched."""
        paho = self._client.paho
        paho.on_disconnect = None
        paho.disconnect()


async def dial(
    settings: Mqtt,
    *,
    identifier: str,
    mqtt5: bool,
    will: str = "",
    session_s: float = 0.0,
    sizes: Sizes | None = None,
) -> Connection:
    """A connection that is not entered yet. `will`: a topic that is "offline" when it dies.

    `session_s`: how long the broker keeps what it has for this client (3.1.1: for ever); 0: it
    forgets what it had, too. Raises Temporary for a password or certificate that cannot be read.
    """
    password, context = await asyncio.to_thread(_secrets, settings)
    persistent: dict[str, Any] = {"clean_session": None if mqtt5 else not session_s}
    if mqtt5:
        persistent["properties"] = messages.connect(session_s)
    if mqtt5 and session_s:
        persistent["clean_start"] = False
    client = _Client(
        settings.host,
        settings.port,
        username=settings.username or None,
        password=password,
        identifier=identifier,
        protocol=aiomqtt.ProtocolVersion.V5 if mqtt5 else aiomqtt.ProtocolVersion.V311,
        will=aiomqtt.Will(will, "offline", qos=1, retain=True) if will else None,
        keepalive=KEEPALIVE,
        timeout=ANSWER_TIMEOUT,
        tls_context=context,
        transport=settings.transport,
        websocket_path=settings.websocket_path if settings.transport == "websockets" else None,
        socket_options=NO_DELAY,
        logger=logging.Logger("aiomqtt", logging.CRITICAL),  # what matters is logged here
        **persistent,
    )
    where = f"{settings.host}:{settings.port}"
    return Connection(client, where=where, mqtt5=mqtt5, sizes=sizes or Sizes())


def cause(error: BaseException) -> tuple[BaseException, int | None, str]:
    """Of `Broken`: the first error in it, its MQTT reason code where it has one, and its words.

    Raises what is no broken connection.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, aiomqtt.MqttError):
        raise error
    text = str(error)
    if not isinstance(error, aiomqtt.MqttCodeError):
        return error, None, text
    code = getattr(error.rc, "value", error.rc)
    return error, code if isinstance(code, int) else 0, text.partition("] ")[2] or text


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
    password, file = None, settings.password_file
    try:
        if file is not None:
            password = file.read_text(encoding="utf-8").strip()
        file = settings.ca_file
        context = ssl.create_default_context(cafile=file) if settings.tls else None
        if context is not None:
            context.sslsocket_class = _TidySocket
            file = settings.client_cert_file
            if file is not None:
                context.load_cert_chain(file, settings.client_key_file, password=_no_password)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Temporary(
            "cannot read mqtt.password_file, mqtt.ca_file, mqtt.client_cert_file or "
            f"mqtt.client_key_file: {reason}",
            remedy=f"check {file}",
        ) from error
    return password, context


def _no_password() -> str:
    raise ValueError("the key is encrypted, and there is nobody to type its password")


def _reasons(codes: object) -> Iterable[object]:
    return codes if isinstance(codes, (list, tuple)) else ()
