"""`make bench-wake`: false accepts, found words, the second look, and a day of listening.

    make bench-wake [ONLY=accepts,found,second,day] [HOURS=2]

All but `day` count and come out the same on a loaded machine.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from tests.bench.measures import options, take
from tests.bench.results import Row
from tests.bench.wake import day, ears, second

MEASURES: dict[str, Callable[[float], list[Row]]] = {
    "found": lambda hours: ears.found(),
    "accepts": ears.accepts,
    "second": lambda hours: second.second(),
    "day": lambda hours: day.day(),
}


def main() -> None:
    parser = options("wake", MEASURES)
    parser.add_argument("--hours", type=float, default=2.0, help="of sound without a wake word")
    wanted = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    take(wanted, {name: partial(measure, wanted.hours) for name, measure in MEASURES.items()})


if __name__ == "__main__":
    main()
