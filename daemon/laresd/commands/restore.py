"""`lares restore`: a backup put back, into this box's state folder or another one."""

from __future__ import annotations

import argparse
import dataclasses
from datetime import datetime
from pathlib import Path

from laresd.backends import routines, timers
from laresd.backends.backup import restoring
from laresd.backends.backup.contents import MADE_AGAIN
from laresd.backends.backup.folders import become_owner
from laresd.backends.broker import outbox
from laresd.backends.knowledge import schema
from laresd.commands.backup import add_target, with_target
from laresd.commands.output import print_json
from laresd.commands.progress import Steps
from laresd.config import Config
from laresd.types import Json

LAYOUTS = {
    "timers.db": len(timers.MIGRATIONS),
    "routines.db": len(routines.MIGRATIONS),
    "outbox.db": len(outbox.MIGRATIONS),
    "library.db": len(schema.MIGRATIONS),
}
"""The newest layout of each database that this Lares can read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument(
        "--snapshot", default="latest", metavar="ID", help="`lares backup --list` shows them"
    )
    parser.add_argument(
        "--into", type=Path, metavar="DIR", help="a folder of its own, in place of box.state_dir"
    )


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when all of it is there. laresd must not run on that folder."""
    config = with_target(arguments, config)
    state = config.box.state_dir.absolute()
    folder = state if arguments.into is None else arguments.into.absolute()
    become_owner(folder)
    sockets = [config.control_socket] if folder == state else []
    with Steps(quiet=arguments.json) as steps:
        done = restoring.restore(
            config.backup,
            folder,
            arguments.snapshot,
            sockets=sockets,
            layouts=LAYOUTS,
            told=steps.told,
        )
    if arguments.json:
        print_json(_form(done))
    else:
        _say(done)
    return 0


def _say(done: restoring.Restored) -> None:
    manifest = done.manifest
    when = datetime.fromtimestamp(manifest.at).strftime("%Y-%m-%d %H:%M")
    print(f"{manifest.box} as it was at {when} is in {done.folder}: {len(manifest.files)} files")
    if done.aside is not None:
        print(f"  what was there before is in {done.aside}; remove it when all is well")
    for what, again in _missing(done):
        print(f"  not in a backup: {what} ({again})")
    if done.outside is not None:
        print(f"  the configuration is in {done.outside}; look at it, then put it back:")
        print(f"    sudo cp -r {done.outside}/. /     (and see that laresd's user may read it)")


def _missing(done: restoring.Restored) -> list[tuple[str, str]]:
    """What has to be made again: it was there then, and is not here."""
    return [
        (left.what, left.again)
        for left in done.manifest.left_out
        if left.what.partition("/")[0] not in MADE_AGAIN or not (done.folder / left.what).exists()
    ]


def _form(done: restoring.Restored) -> dict[str, Json]:
    return {
        "at": done.manifest.at,
        "box": done.manifest.box,
        "folder": str(done.folder),
        "files": [dataclasses.asdict(kept) for kept in done.manifest.files],
        "aside": None if done.aside is None else str(done.aside),
        "configuration": None if done.outside is None else str(done.outside),
        "make_again": [{"what": what, "again": again} for what, again in _missing(done)],
    }
