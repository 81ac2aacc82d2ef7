"""`make bench-wake`: false accepts, found words, the second look, and a day of listening.

    make bench-wake [ONLY=accepts,found,second,day] [HOURS=2]

All but `day` count and come out the same on a loaded machine.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable

from tests.bench.llm.__main__ import names_among
from tests.bench.results import Row, record
from tests.bench.wake import day, ears, second

MEASURES: dict[str, Callable[[float], list[Row]]] = {
    "found": lambda hours: ears.found(),
    "accepts": ears.accepts,
    "second": lambda hours: second.second(),
    "day": lambda hours: day.day(),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-wake")
    parser.add_argument(
        "--only", type=names_among(MEASURES), default=[*MEASURES], help=",".join(MEASURES)
    )
    parser.add_argument("--hours", type=float, default=2.0, help="of sound without a wake word")
    parser.add_argument("--dry-run", action="store_true", help="record nothing")
    wanted = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    for name in wanted.only:
        rows = MEASURES[name](wanted.hours)
        if not wanted.dry_run:
            record(rows)
            continue
        for row in rows:
            print(f"{row.name}: {row.value} (goal {row.goal or 'none'}) {row.note}")


if __name__ == "__main__":
    main()
