"""`lares timers`: what is running, soonest first."""

from __future__ import annotations

import argparse

from laresd.commands.client import parts
from laresd.commands.output import print_json, table
from laresd.config import Config
from laresd.core.timer_words import duration
from laresd.frames import Fields
from laresd.types import Json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none of its own."""


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0, also when there are none."""
    found = list(parts(config, {"op": "timers"}))
    if arguments.json:
        timers: list[Json] = list(found)
        print_json({"timers": timers})
    elif found:
        print(*table([_row(Fields(one)) for one in found]), sep="\n")
    else:
        print("no timer")
    return 0


def _row(timer: Fields) -> list[str]:
    left = duration(timer.real("remaining_s"), "en")
    return [
        timer.text("name") or "-",
        f"of {duration(timer.real('duration_s'), 'en')}",
        f"{left} left" + (", paused" if timer.flag("paused") else ""),
    ]
