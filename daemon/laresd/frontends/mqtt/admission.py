"""Which requests come in: not twice, not too many, not too late. Pure: time comes in."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from laresd.frontends.mqtt.faults import BadRequest, Busy, Expired
from laresd.frontends.mqtt.requests import LAST, Header
from laresd.rates import TokenBuckets

MAX_IDS = 1024  # that are remembered, to tell a second delivery
REMEMBERED = 600.0  # seconds
TOGETHER = 10  # times what one client may ask, all of them may


Key = tuple[str, str, str]
"""Operation, client and id."""


class Recent:
    """The ids of the last minutes. A broker may deliver one message twice (QoS 1)."""

    def __init__(self) -> None:
        self._seen: OrderedDict[Key, tuple[bytes, float]] = OrderedDict()

    def is_second(self, key: Key, payload: bytes, now: float) -> bool:
        """Whether this very message came before; from now on it did.

        Raises BadRequest when the id was another request's a moment ago: that would be lost.
        """
        if key[-1] == LAST:
            return False
        self._forget(now)
        digest = _digest(payload)
        known = self._seen.get(key)
        if known is None:
            self._seen[key] = (digest, now)
            return False
        if known[0] != digest:
            raise BadRequest(
                "the id is that of another request of the last minutes",
                remedy="give each request an id of its own, such as a UUID",
            )
        return True

    def forget(self, key: Key) -> None:
        """Nothing was done: it may be sent again."""
        self._seen.pop(key, None)

    def _forget(self, now: float) -> None:
        while self._seen and (
            len(self._seen) >= MAX_IDS or now - next(iter(self._seen.values()))[1] > REMEMBERED
        ):
            self._seen.popitem(last=False)


def mark(key: Key, payload: bytes) -> str:
    """What stands for this very request on disk, so that a restart does not repeat it; "" for one
    without an id.
    """
    return "" if key[-1] == LAST else "/".join((*key, _digest(payload).hex()))


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=16).digest()


class Rates:
    """`per_minute` requests of each client, TOGETHER times that of all; 0: without limit."""

    def __init__(self, per_minute: int) -> None:
        self._each = TokenBuckets(per_minute)
        self._all = TokenBuckets(per_minute * TOGETHER)

    def take(self, client: str, now: float) -> None:
        """Raises Busy with the time to wait. `client` "": all who do not say who they are."""
        wait = self._each.take(client, now) or self._all.take("", now)
        if wait:
            raise Busy("too many requests a minute", remedy=f"send it again in {wait:.1f} s")


def deadline(header: Header, expires_at: float | None, now: float, wall: float) -> float:
    """Until when it is worth answering (monotonic seconds). Raises Expired when that is over.

    A request that says when it was sent is as old as it says; one from the future is new.
    """
    age = 0.0 if header.sent_at is None else max(0.0, wall - header.sent_at)
    until = now + header.seconds - age
    if expires_at is not None and expires_at <= now:
        raise Expired("the message had expired when it came in: nothing was done")
    if until <= now:
        raise Expired(
            f"its deadline of {header.seconds:g} s was over when it came in: nothing was done"
        )
    return until
