"""`make bench-voice`: every row of the voice's table but the wake words (`make bench-wake`).

    make bench-voice [ONLY=turns,barge_in]

All but `made_up` measure time: close other work while they run. `barge_in` needs a sound server
(pulseaudio) on this machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from tests.bench.llm.__main__ import names_among
from tests.bench.results import Row, record
from tests.bench.voice import barge_in, echo, made_up, speaking, transcription, turns, wyoming

MEASURES: dict[str, Callable[[], list[Row]]] = {
    "turns": turns.rows,
    "transcripts": transcription.rows,
    "speaking": speaking.rows,
    "barge_in": barge_in.rows,
    "wyoming": wyoming.rows,
    "echo": echo.rows,
    "made_up": made_up.rows,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-voice")
    parser.add_argument(
        "--only", type=names_among(MEASURES), default=[*MEASURES], help=",".join(MEASURES)
    )
    parser.add_argument("--dry-run", action="store_true", help="record nothing")
    wanted = parser.parse_args()
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
