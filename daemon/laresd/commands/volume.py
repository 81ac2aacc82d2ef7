"""`lares volume [PERCENT]`: how loud Lares speaks; with a number, from now on."""

from __future__ import annotations

import argparse

from laresd.commands.client import parts
from laresd.commands.output import print_json
from laresd.config import Config
from laresd.frames import Fields
from laresd.types import Json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "percent", nargs="?", type=int, metavar="PERCENT", help="0 to 100 (default: only tell it)"
    )


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when it is told, and set where that is wanted."""
    request: dict[str, Json] = {"op": "volume"}
    if arguments.percent is not None:
        request["percent"] = arguments.percent
    (told,) = parts(config, request)
    if arguments.json:
        print_json(told)
    else:
        print(f"{Fields(told).integer('percent')} %")
    return 0
