"""A backup put back: fetched and examined beside the state, then exchanged with it entry by entry.

The exchange follows a plan on disk. Wherever it is cut off it can be gone on with, by the next
`lares restore` or at the daemon's start; nothing of the state before is deleted.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from laresd.backends.backup.contents import MADE_AGAIN, MANIFEST, OUTSIDE, STATE, Manifest
from laresd.backends.backup.folders import (
    OUTSIDE as RESTORED_OUTSIDE,
)
from laresd.backends.backup.folders import (
    REPLACED,
    RESTORE,
    cache,
    emptied,
    is_own,
    no_daemon,
    only_one,
)
from laresd.backends.backup.making import Told
from laresd.backends.backup.restic import Restic
from laresd.backends.sqlite import is_database, layout_of
from laresd.backends.whole_file import write_whole
from laresd.config import Backup
from laresd.errors import LaresError, Permanent, Temporary
from laresd.frames import Fields

_PLAN, _NEW = "plan.json", "new"


@dataclass(frozen=True, slots=True)
class Restored:
    """`aside`: where what was there before is; None where nothing was. `outside`: where the files
    of the configuration are, to be put back by hand; None where there are none.
    """

    manifest: Manifest
    folder: Path
    aside: Path | None
    outside: Path | None


def restore(
    settings: Backup,
    folder: Path,
    snapshot: str,
    *,
    sockets: Sequence[Path],
    layouts: Mapping[str, int],
    told: Told,
    program: str = "restic",
) -> Restored:
    """Put a backup into a state folder, which need not be there. Blocks. `sockets`: of the daemon
    that may run on it. `layouts`: the newest that this Lares knows, by the database's name.

    Raises Refused while a laresd runs there, Temporary or Permanent when it cannot be done; then
    nothing was changed.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    with no_daemon(folder, sockets), only_one(folder) as held:
        finish(folder)
        restic = Restic(settings, cache=cache(folder), held=held, program=program)
        told(f"looking at {restic.shown}", None)
        restic.look()
        try:
            new = emptied(folder / RESTORE) / _NEW
            told("fetching", None)
            restic.restore(snapshot, new)
            told("checking", None)
            manifest = examined(new, layouts)
            aside = plan(folder)
            finish(folder)
        except OSError as error:
            raise _unwritable(folder, error) from error
        finally:
            if not (folder / RESTORE / _PLAN).exists():
                shutil.rmtree(folder / RESTORE, ignore_errors=True)
        outside = folder / RESTORED_OUTSIDE
        return Restored(
            manifest,
            folder,
            aside if aside.exists() else None,
            outside if outside.exists() else None,
        )


def examined(new: Path, layouts: Mapping[str, int]) -> Manifest:
    """What a fetched backup holds. Raises Permanent when it is not all there, damaged, or of a
    newer Lares.
    """
    try:
        manifest = Manifest.read((new / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise Permanent(
            "this is no backup of Lares", remedy="choose another: lares backup --list"
        ) from error
    other = "choose another: lares restore --snapshot ID (lares backup --list)"
    for kept in manifest.files:
        path = new / STATE / kept.path
        if not path.is_file() or path.stat().st_size != kept.size:
            raise Permanent(f"{kept.path} is not whole in this backup", remedy=other)
        if kept.layout is None:
            continue
        if not is_database(path):
            raise Permanent(f"{kept.path} is no database in this backup", remedy=other)
        try:
            layout = layout_of(path)
        except LaresError as error:
            raise Permanent(f"in this backup {error.message}", remedy=other) from error
        known = layouts.get(kept.path, layout)
        if layout > known:
            raise Permanent(
                f"{kept.path} is of a newer Lares (layout {layout}, this one knows {known})",
                remedy="update Lares, then restore",
            )
    return manifest


def finish(folder: Path, moved: Callable[[], None] = lambda: None) -> bool:
    """Go on with an exchange that was planned and not brought to its end; whether there was one.
    Blocks. Nobody else may use the folder. `moved`: called after each step, for tests.

    Raises Permanent when the plan cannot be read, Temporary when the disk does not let it.
    """
    planned = folder / RESTORE / _PLAN
    try:
        content = planned.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        read = Fields({"plan": json.loads(content)}).row("plan")
        assert read is not None
        aside, old = folder / read.text("aside"), read.texts("old")
    except (ValueError, AssertionError, LaresError) as error:
        raise Permanent(
            f"{planned} is damaged: a restore was cut off",
            remedy=f"remove {planned.parent}, then lares restore again",
        ) from error
    try:
        _exchange(folder, aside, old, moved)
        planned.unlink()
        _sync(planned.parent)
        shutil.rmtree(planned.parent)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return True


def plan(folder: Path) -> Path:
    """Write down which entries make room, durably after all that takes their place."""
    _sync_tree(folder / RESTORE / _NEW)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    aside = folder / f"{REPLACED}{stamp}"
    while aside.exists():
        aside = aside.with_name(aside.name + "x")
    old = sorted(
        path.name
        for path in folder.iterdir()
        if path.name not in MADE_AGAIN and (not is_own(path.name) or path.name == RESTORED_OUTSIDE)
    )
    content = json.dumps({"aside": aside.name, "old": old}, ensure_ascii=False)
    write_whole(folder / RESTORE / _PLAN, content.encode())
    return aside


def _exchange(folder: Path, aside: Path, old: Sequence[str], moved: Callable[[], None]) -> None:
    """First all that was there goes aside, then all that is new comes: so an entry that is aside
    already is not moved there again.
    """
    if old:
        aside.mkdir(mode=0o700, exist_ok=True)
    for name in old:
        if not (aside / name).exists() and (folder / name).exists():
            (folder / name).rename(aside / name)
            moved()
    if old:
        _sync(aside)
    _sync(folder)
    new = folder / RESTORE / _NEW
    for path in sorted((new / STATE).iterdir()) if (new / STATE).exists() else ():
        path.rename(folder / path.name)
        moved()
    if (beyond := _beyond(new)) is not None:
        beyond.rename(folder / RESTORED_OUTSIDE)
        moved()
    _sync(folder)


def _beyond(new: Path) -> Path | None:
    """What was not in the state folder, each with the path that it had, in one folder."""
    outside = new / OUTSIDE
    for path in new.iterdir() if new.exists() else ():
        if path.name not in (STATE, OUTSIDE, MANIFEST):
            outside.mkdir(mode=0o700, exist_ok=True)
            if (outside / path.name).exists():
                shutil.copytree(path, outside / path.name, dirs_exist_ok=True)
                shutil.rmtree(path)
            else:
                path.rename(outside / path.name)
    return outside if outside.exists() else None


def _sync_tree(top: Path) -> None:
    for folder, _, names in os.walk(top):
        for name in names:
            _sync(Path(folder) / name)
        _sync(Path(folder))


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _unwritable(folder: Path, error: OSError) -> Temporary | Permanent:
    if error.errno == 28:
        return Temporary(f"no space left in {folder}", remedy="free some disk space")
    return Permanent(
        f"cannot restore into {folder}: {error.strerror}",
        remedy="run it as the user of laresd (or with sudo), and check that folder",
    )
