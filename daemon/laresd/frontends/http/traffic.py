"""How many requests were answered how, in Prometheus' text form."""

from __future__ import annotations

from collections import Counter

NAME = "lares_http_requests_total"


class Traffic:
    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int]] = Counter()

    def count(self, route: str, status: int) -> None:
        """`route`: the path as it was registered, never what a client wrote."""
        self._counts[route, status] += 1

    def text(self) -> str:
        lines = [
            f"# HELP {NAME} Requests to the HTTP API; status 499: the client went away.",
            f"# TYPE {NAME} counter",
        ]
        for (route, status), count in sorted(self._counts.items()):
            lines.append(f'{NAME}{{route="{route}",status="{status}"}} {count}')
        return "\n".join(lines) + "\n"
