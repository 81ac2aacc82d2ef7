"""`make bench-sched`: every row of the scheduler's table.

    make bench-sched [ONLY=decision,forecast]

`forecast`, `gaps`, `streams` and `calls` measure real engines: close other work while they run.
`deadlines` is a simulation in virtual time and comes out the same on every machine.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable

from tests.bench.llm.__main__ import names_among
from tests.bench.results import Row, record
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
    parser = argparse.ArgumentParser(prog="make bench-sched")
    parser.add_argument(
        "--only", type=names_among(MEASURES), default=[*MEASURES], help=",".join(MEASURES)
    )
    parser.add_argument("--dry-run", action="store_true", help="record nothing")
    wanted = parser.parse_args()
    logging.basicConfig(handlers=[logging.NullHandler()])  # hosts fail here on purpose
    for name in wanted.only:
        begun = time.monotonic()
        rows = MEASURES[name]()
        print(f"bench: {name} took {time.monotonic() - begun:.0f} s", flush=True)
        if wanted.dry_run:
            print(*rows, sep="\n")
        else:
            record(rows)


if __name__ == "__main__":
    main()
