"""One backup, from a copy of the box to a repository that passed its check."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from laresd.backends.backup import record
from laresd.backends.backup.contents import Manifest, copied
from laresd.backends.backup.folders import BACKUP, cache, emptied, only_one
from laresd.backends.backup.restic import Restic, Stored
from laresd.config import Backup, Config
from laresd.errors import ConfigError, LaresError, Permanent, Temporary

Told = Callable[[str, float | None], None]
"""Progress for a person: what is done now, and how much of it (0 to 1) where that is known."""


@dataclass(frozen=True, slots=True)
class Made:
    """`notes`: what a person should know though the backup is good."""

    manifest: Manifest
    stored: Stored
    place: str
    notes: tuple[str, ...] = ()


def make(
    config: Config,
    config_file: Path | None,
    *,
    now: Callable[[], float],
    told: Told,
    begin: bool = False,
    program: str = "restic",
) -> Made:
    """Blocks. `now`: wall seconds. `begin`: make the repository first. What became of it is kept
    in the record.

    Raises ConfigError, Temporary or Permanent when there is no good backup; an incomplete one may
    be in the repository then, and no older one was removed for it.
    """
    state, settings = config.box.state_dir, config.backup
    if not state.is_dir():
        raise Permanent(f"there is no state in {state}", remedy="see box.state_dir")
    _refuse_inside(settings, state)
    with only_one(state) as held:
        before = record.read(state)
        at = now()
        restic = Restic(settings, cache=cache(state), held=held, program=program)
        try:
            made = _made(config, config_file, restic, at, told, begin=begin)
        except LaresError as error:
            _note(state, replace(before, tried_at=at, fault=error.message))
            raise
        stored = made.stored
        good = record.Record(at, stored.snapshot, made.place, stored.size, at)
        _note(state, good)
        return made


def _made(
    config: Config,
    config_file: Path | None,
    restic: Restic,
    at: float,
    told: Told,
    *,
    begin: bool,
) -> Made:
    settings, staging = config.backup, config.box.state_dir / BACKUP / "copy"
    told(f"looking at {restic.shown}", None)
    if begin:
        restic.begin()
    restic.look()
    try:
        manifest = _copy(config, config_file, staging, at, told)
        others = [path for path in _elsewhere(config) if path.is_dir()]
        stored = restic.store(staging, config.box.name, others, lambda part: told("storing", part))
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    if manifest.faults:
        raise Permanent(
            "not all could be kept: " + "; ".join(manifest.faults),
            remedy=f"the rest is in {restic.shown} (snapshot {stored.snapshot})",
        )
    told("removing old ones", None)
    restic.forget(config.box.name, settings.keep_daily, settings.keep_weekly, settings.keep_monthly)
    told("checking", None)
    restic.check(settings.check_percent)
    return Made(manifest, stored, restic.shown, tuple(_notes(config)))


def _copy(
    config: Config, config_file: Path | None, staging: Path, at: float, told: Told
) -> Manifest:
    try:
        return copied(
            config, config_file, emptied(staging), at=at,
            told=lambda name: told(f"copying {name}", None),
        )  # fmt: skip
    except OSError as error:
        raise Temporary(
            f"the state cannot be copied to {staging}: {error.strerror}",
            remedy="check the disk's space and rights",
        ) from error


def _elsewhere(config: Config) -> list[Path]:
    """Folders of the box's own beyond the state folder: they only ever get whole files."""
    cold = config.storage.cold_dir
    if cold is None or cold.absolute().is_relative_to(config.box.state_dir.absolute()):
        return []
    return [cold.absolute()]


def _refuse_inside(settings: Backup, state: Path) -> None:
    target = Path(settings.target)
    if settings.target.startswith("/") and target.is_relative_to(state.absolute()):
        raise ConfigError(
            f"backup.target {target} is inside the state folder", remedy="choose another disk"
        )


def _notes(config: Config) -> list[str]:
    target = Path(config.backup.target)
    notes = []
    if target.is_absolute() and target.stat().st_dev == config.box.state_dir.stat().st_dev:
        notes.append(f"{target} is on the same disk as the state: it goes when that disk goes")
    notes.append("keep the backups' password elsewhere, too: without it none can be read")
    return notes


def _note(state: Path, what: record.Record) -> None:
    try:
        record.write(state, what)
    except OSError as error:
        raise Temporary(
            f"what became of the backup cannot be kept: {error.strerror}",
            remedy="check the disk's space and rights",
        ) from error
