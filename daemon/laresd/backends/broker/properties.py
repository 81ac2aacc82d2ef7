"""MQTT 5 properties of a message, to and from words. The only file that imports paho itself."""

from __future__ import annotations

import math

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from laresd.types import Message

LONGEST_EXPIRY = 2**32 - 1  # seconds, of a four byte integer (MQTT 5, 3.3.2.3.3)


def outgoing(
    expiry_s: float | None, response_topic: str = "", correlation: bytes = b""
) -> Properties | None:
    """Those of a PUBLISH; None where there is nothing to say. Expiry counts in whole seconds."""
    if expiry_s is None and not response_topic and not correlation:
        return None
    made = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # of paho
    if expiry_s is not None:
        made.MessageExpiryInterval = max(1, min(math.ceil(expiry_s), LONGEST_EXPIRY))
    if response_topic:
        made.ResponseTopic = response_topic
    if correlation:
        made.CorrelationData = correlation
    return made


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
