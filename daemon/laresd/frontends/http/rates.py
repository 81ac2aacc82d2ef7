"""How often a client may ask: one token bucket for each. Time comes in as an argument."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

MAX_CLIENTS = 1024  # whose buckets are remembered
ROUNDING = 1e-9  # tokens, of many small sums
BURST_S = 10.0  # seconds' worth of requests that may come at once


class TokenBuckets:
    """`per_minute` requests of each client, 0: without limit."""

    def __init__(self, per_minute: int) -> None:
        self._speed = per_minute / 60.0
        self._most = max(1.0, self._speed * BURST_S)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # (tokens, when)

    def take(self, client: str, now: float) -> float:
        """0 when the request may come in; else the seconds until the next one may.

        The client that was silent longest is forgotten where there are too many.
        """
        if self._speed <= 0:
            return 0.0
        tokens, then = self._buckets.pop(client, (self._most, now))
        tokens = min(self._most, tokens + max(0.0, now - then) * self._speed)
        wait = 0.0 if tokens >= 1.0 - ROUNDING else (1.0 - tokens) / self._speed
        self._buckets[client] = (tokens if wait else tokens - 1.0, now)
        while len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._buckets)


def client_of(address: str) -> str:
    """Who counts as one client: an IPv4 address, or the /64 of an IPv6 one, which has them all."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
