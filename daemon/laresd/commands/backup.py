"""`lares backup`: the box's state, encrypted, in another place. Fit for a timer, with --quiet."""

from __future__ import annotations

import argparse
import dataclasses
import time
from datetime import datetime
from pathlib import Path

from laresd.backends.backup import making, record
from laresd.backends.backup.folders import become_owner, cache, only_one
from laresd.backends.backup.restic import Restic, Snapshot
from laresd.commands.output import print_json, table
from laresd.commands.progress import Steps
from laresd.config import DEFAULT_FILE, Config
from laresd.types import Json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--init", action="store_true", help="begin the backups in that place")
    parser.add_argument("--list", action="store_true", help="which there are; makes none")
    parser.add_argument("--check", action="store_true", help="check what is there; makes none")
    parser.add_argument("--quiet", action="store_true", help="say nothing when all went well")


def add_target(parser: argparse.ArgumentParser) -> None:
    """What backup and restore have in common."""
    parser.add_argument("--target", metavar="PLACE", help="in place of backup.target")
    parser.add_argument(
        "--password-file", type=Path, metavar="FILE", help="in place of backup.password_file"
    )


def with_target(arguments: argparse.Namespace, config: Config) -> Config:
    settings = config.backup
    if arguments.target:
        settings = dataclasses.replace(settings, target=arguments.target)
    if arguments.password_file:
        settings = dataclasses.replace(settings, password_file=arguments.password_file)
    return dataclasses.replace(config, backup=settings)


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when there is a good backup now, or what was asked for was done. Needs no running laresd,
    and does not disturb one.
    """
    config = with_target(arguments, config)
    become_owner(config.box.state_dir)
    quiet = arguments.quiet or arguments.json
    with Steps(quiet=quiet) as steps:
        if arguments.list or arguments.check:
            return _look(arguments, config, steps)
        made = making.make(
            config,
            _file_of(arguments),
            now=time.time,
            told=steps.told,
            begin=arguments.init,
        )
    if arguments.json:
        print_json(_form(made))
    elif not arguments.quiet:
        _say(made)
    return 0


def _look(arguments: argparse.Namespace, config: Config, steps: Steps) -> int:
    state = config.box.state_dir
    with only_one(state) as held:
        restic = Restic(config.backup, cache=cache(state), held=held)
        restic.look()
        found = restic.snapshots()
        if arguments.check:
            steps.told("checking", None)
            restic.check(config.backup.check_percent)
    if arguments.json:
        rows: list[Json] = [dataclasses.asdict(snapshot) for snapshot in found]
        print_json({"place": restic.shown, "backups": rows, "checked": arguments.check})
    elif not arguments.quiet:
        steps.end()
        print(*table([_row(snapshot) for snapshot in found]), sep="\n")
        if arguments.check:
            print(
                f"{len(found)} backups in {restic.shown}, none of them damaged as far as was read"
            )
    return 0


def _file_of(arguments: argparse.Namespace) -> Path | None:
    if arguments.config is not None:
        return Path(arguments.config)
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def _row(snapshot: Snapshot) -> list[str]:
    when = datetime.fromtimestamp(snapshot.at).strftime("%Y-%m-%d %H:%M")
    return [snapshot.id, when, snapshot.box]


def _say(made: making.Made) -> None:
    stored, manifest = made.stored, made.manifest
    print(
        f"{stored.files} files ({stored.size / 1e6:.1f} MB, {stored.added / 1e6:.1f} MB of them "
        f"new) are in {made.place}, backup {stored.snapshot}"
    )
    for left in manifest.left_out:
        print(f"  not in it: {left.what} ({left.again})")
    for note in made.notes:
        print(f"  note: {note}")


def _form(made: making.Made) -> dict[str, Json]:
    manifest, stored = made.manifest, made.stored
    return {
        "snapshot": stored.snapshot,
        "place": made.place,
        "at": manifest.at,
        "files": stored.files,
        "bytes": stored.size,
        "added_bytes": stored.added,
        "left_out": [dataclasses.asdict(left) for left in manifest.left_out],
        "notes": list(made.notes),
    }


def told(config: Config, now: float) -> str:
    """For `lares status`."""
    if not config.backup.target:
        return "none"
    kept = record.read(config.box.state_dir)
    if kept.good_at is None:
        return kept.fault or "none yet"
    return f"{record.told_age(now - kept.good_at)} old, in {kept.place}"
