"""`lares devices`: the home as the broker tells it."""

from __future__ import annotations

import argparse

from laresd.commands.client import parts
from laresd.commands.output import print_json, table
from laresd.config import Config
from laresd.frames import Fields
from laresd.types import Json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--area", help="only those in this room")


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0, also when there are none."""
    found = list(parts(config, {"op": "devices"}))
    if arguments.area:
        wanted = arguments.area.casefold()
        found = [one for one in found if str(one.get("area") or "").casefold() == wanted]
    if arguments.json:
        devices: list[Json] = list(found)
        print_json({"devices": devices})
    elif found:
        print(*table([_row(Fields(one)) for one in found]), sep="\n")
    else:
        print("no device is known: is the right broker configured? see: lares doctor")
    return 0


def _row(device: Fields) -> list[str]:
    state = device.text("state") if device.flag("available") else "offline"
    return [
        device.text("area", "-"),
        device.text("name"),
        state,
        ", ".join(f"{key} {value}" for key, value in device.mapping("attributes").items()),
        device.text("entity_id"),
    ]
