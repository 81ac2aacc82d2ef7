"""`make bench-sched`: every row of the scheduler's table.

    make bench-sched [ONLY=decision,forecast]

`forecast`, `gaps`, `streams` and `calls` measure real engines: close other work while they run.
`deadlines` is a simulation in virtual time and comes out the same on every machine.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from tests.bench.measures import options, take
from tests.bench.results import Row
from tests.bench.sched import calls, deadlines, decision, forecast, gaps, privacy, streams

MEASURES: dict[str, Callable[[], list[Row]]] = {
    "decision": decision.decision,
    "forecast": forecast.forecast,
    "deadlines": deadlines.deadlines,
    "privacy": privacy.privacy,
    "streams": streams.streams,
    "gaps": gaps.gaps,
    "calls": calls.calls,
}


def main() -> None:
    wanted = options("sched", MEASURES).parse_args()
    logging.basicConfig(handlers=[logging.NullHandler()])  # hosts fail here on purpose
    take(wanted, MEASURES)


if __name__ == "__main__":
    main()
