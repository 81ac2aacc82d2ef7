"""`lares say WAV...`: recordings through the path of the microphone, faster than real time."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from laresd.commands import timeline
from laresd.commands.ask import GOOD
from laresd.commands.client import DaemonAway, parts
from laresd.commands.output import print_json
from laresd.config import Config
from laresd.errors import LaresError, Permanent
from laresd.frames import Fields
from laresd.frontends.control import MAX_BYTES
from laresd.types import Json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="WAV")
    parser.add_argument(
        "--no-wake", action="store_true", help="no wake word is said in them: listen at once"
    )


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when each recording gave a turn that was done or answered, else 1."""
    turns: list[Json] = []
    good = True
    for file in arguments.files:
        try:
            told = list(_turns(config, file, assume=arguments.no_wake))
        except DaemonAway:
            raise
        except LaresError as error:
            told = []
            print(f"{file}: {error}", file=sys.stderr)
        for turn in told:
            if not arguments.json:
                print(*timeline.lines(turn), sep="\n")
        good = good and bool(told) and all(map(_good, told))
        turns.extend(told)
    if arguments.json:
        print_json({"turns": turns})
    return 0 if good else 1


def _turns(config: Config, file: Path, *, assume: bool) -> Iterator[dict[str, Json]]:
    """Read here, with this user's rights, and sent as bytes."""
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise Permanent(f"{size >> 20} MB are too much: at most {MAX_BYTES >> 20}")
        sound = file.read_bytes()
    except OSError as error:
        raise Permanent(f"cannot be read: {error.strerror}") from error
    if not sound:
        raise Permanent("the file is empty")
    wake = "assume" if assume else "word"
    return parts(config, {"op": "say", "name": file.name, "wake": wake}, sound)


def _good(turn: dict[str, Json]) -> bool:
    reply = Fields(turn).row("reply")
    return reply is not None and reply.text("kind") in GOOD
