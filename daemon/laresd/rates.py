"""How often a client may ask: one token bucket for each. Time comes in as an argument."""

from __future__ import annotations

from collections import OrderedDict

MAX_CLIENTS = 1024
ROUNDING = 1e-9  # tokens, of many small sums
BURST_S = 10.0


class TokenBuckets:
    """`per_minute` requests of each client, 0: without limit. `burst_s`: seconds' worth of them
    that may come at once; `clients`: how many are remembered.
    """

    def __init__(
        self, per_minute: int, *, burst_s: float = BURST_S, clients: int = MAX_CLIENTS
    ) -> None:
        self._speed = per_minute / 60.0
        self._most = max(1.0, self._speed * burst_s)
        self._clients = clients
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
        while len(self._buckets) > self._clients:
            self._buckets.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._buckets)
