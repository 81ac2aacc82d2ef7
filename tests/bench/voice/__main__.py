"""`make bench-voice`: every row of the voice's table but the wake words (`make bench-wake`).

    make bench-voice [ONLY=turns,barge_in]

All but `made_up` measure time: close other work while they run. `barge_in` needs a sound server
(pulseaudio) on this machine.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.measures import options, take
from tests.bench.results import Row
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
    take(options("voice", MEASURES).parse_args(), MEASURES)


if __name__ == "__main__":
    main()
