"""`lares microphone`: how loud it is now, second by second, to find its place, gain and channel."""

from __future__ import annotations

import argparse
import time

from laresd.commands.client import parts
from laresd.commands.output import print_json
from laresd.config import Config
from laresd.frames import Fields

BAR = 50  # characters, for FLOOR dBFS to 0
FLOOR = -70.0
TOO_LOUD, TOO_SOFT = -3.0, -60.0  # dBFS, of a second's peak
STALE_S = 3.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds", type=int, default=10, metavar="N", help="how long to show it (default: 10)"
    )


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when it gives sound, else 1. With --json one reading."""
    fields = Fields({})
    for number in range(1 if arguments.json else max(1, arguments.seconds)):
        if number:
            time.sleep(1)
        (told,) = parts(config, {"op": "microphone"})
        fields = Fields(told)
        if arguments.json:
            print_json(told)
        else:
            print(line(fields))
    return 0 if _is_heard(fields) else 1


def line(levels: Fields) -> str:
    """One second as a bar with what is to be done about it."""
    if not _is_heard(levels):
        return "no sound comes: is it muted, unplugged, or another device (audio.input)?"
    rms, peak = levels.real("rms_dbfs"), levels.real("peak_dbfs")
    bar = "#" * _length(rms) + "-" * (_length(peak) - _length(rms))
    return f"{bar.ljust(BAR)} {rms:6.1f} dBFS, peak {peak:6.1f}{_advice(levels, peak)}"


def _advice(levels: Fields, peak: float) -> str:
    if levels.integer("clipped"):
        return "  clips: lower audio.gain_db"
    if peak > TOO_LOUD:
        return "  loud"
    return "  very soft" if peak < TOO_SOFT else ""


def _length(level: float) -> int:
    return max(0, min(BAR, round((level - FLOOR) / -FLOOR * BAR)))


def _is_heard(levels: Fields) -> bool:
    return levels.real("age_s", STALE_S) < STALE_S
