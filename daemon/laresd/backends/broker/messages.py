"""Messages out and in, and MQTT 5's properties for them. No other file of the backends imports paho
itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from laresd.types import Message

LONGEST_EXPIRY = 2**32 - 2  # seconds; all bits set means "never" (MQTT 5, 3.1.2.11.2)
LARGEST = 8 << 20  # bytes of a packet that comes in: more than a house of 1000 devices announces
NO_RETAINED = SubscribeOptions.RETAIN_DO_NOT_SEND


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be published. `expiry_s` and what follows it: MQTT 5 only."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    expiry_s: float | None = None
    response_topic: str = ""
    correlation: bytes = b""

    def lasting(self, seconds: float) -> Outgoing:
        """No broker is to keep it longer than it is good for; what is retained is meant to stay."""
        if self.retain:
            return self
        return replace(self, expiry_s=min(seconds, self.expiry_s or seconds))


def outgoing(message: Outgoing) -> Properties | None:
    """Those of a PUBLISH; None where there is nothing to say. Expiry counts in whole seconds."""
    if message.expiry_s is None and not message.response_topic and not message.correlation:
        return None
    made = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # of paho
    if message.expiry_s is not None:
        made.MessageExpiryInterval = _seconds(message.expiry_s)
    if message.response_topic:
        made.ResponseTopic = message.response_topic
    if message.correlation:
        made.CorrelationData = message.correlation
    return made


def packet_size(message: Outgoing, properties: Properties | None) -> int:
    """Bytes of the whole PUBLISH packet of MQTT 5 (3.3)."""
    more = len(properties.pack()) if properties is not None else 1  # type: ignore[no-untyped-call]  # of paho
    number = 2 if message.qos else 0
    rest = 2 + len(message.topic.encode()) + number + more + len(message.payload)
    return 1 + (max(rest.bit_length(), 1) + 6) // 7 + rest  # its length, in bytes of 7 bits


def connect(session_s: float) -> Properties:
    """Those of a CONNECT: nothing larger than LARGEST is to be sent, and the session is kept for so
    long after its end (0: not at all).
    """
    made = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # of paho
    made.MaximumPacketSize = LARGEST
    if session_s:
        made.SessionExpiryInterval = _seconds(session_s)
    return made


def subscription(*, with_retained: bool) -> SubscribeOptions:
    """Those of a SUBSCRIBE at QoS 1."""
    handling = 0 if with_retained else NO_RETAINED
    return SubscribeOptions(qos=1, retainHandling=handling)


def incoming(
    topic: str, payload: object, retained: bool, properties: Properties | None, now: float
) -> Message:
    """A message as it arrived at `now`; the broker has taken the time it waited off its expiry."""
    data = payload if isinstance(payload, bytes) else str(payload or "").encode()
    expiry = getattr(properties, "MessageExpiryInterval", None)
    return Message(
        topic,
        data,
        retained,
        response_topic=str(getattr(properties, "ResponseTopic", "")),
        correlation=bytes(getattr(properties, "CorrelationData", b"")),
        expires_at=None if expiry is None else now + expiry,
    )


def _seconds(seconds: float) -> int:
    return max(1, min(math.ceil(seconds), LONGEST_EXPIRY))
