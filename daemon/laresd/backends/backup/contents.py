"""What of a box is in its backup, and a copy of it that is of one moment, file by file."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from laresd import __version__
from laresd.backends.backup.folders import is_own
from laresd.backends.knowledge import derived, vec0, vec1
from laresd.backends.sqlite import Connection, copy_database, is_database, layout_of, thinned
from laresd.backends.whole_file import write_whole
from laresd.config import Backup, Config
from laresd.errors import LaresError, Permanent, Temporary
from laresd.frames import Fields

LAYOUT = 1  # of the manifest, and of what stands beside it
MANIFEST, STATE, OUTSIDE = "manifest.json", "state", "outside"

MADE_AGAIN: Mapping[str, str] = {
    "models": "lares models pull NAME",
    "heads": "computed anew when it is first asked",
    "embedding": "built anew at the next start",
}
"""Folders of the state that are no part of a backup, and how each comes back."""


def _without_indexes(db: Connection) -> None:
    vec0.load(db)
    vec1.load(db)
    for index in derived.every(db):
        derived.discard(db, index.id)


def _without_messages(db: Connection) -> None:
    db.execute("DELETE FROM message")


THINNED: Mapping[str, Callable[[Connection], None]] = {
    "library.db": _without_indexes,
    "outbox.db": _without_messages,
}
"""What of a database is left out: its owner makes it again, or it would be done a second time."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`what`: below the state folder, or a path. `again`: how a person has it again."""

    what: str
    again: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of the backup. `layout`: of a database, else None."""

    path: str
    size: int
    layout: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup. `path`s are below its `state`; `outside`: files of the configuration,
    by the path that they had. `at`: wall seconds. `faults`: why it is not all there.
    """

    at: float
    version: str
    box: str
    files: tuple[Kept, ...]
    outside: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    faults: tuple[str, ...] = ()

    def written(self) -> bytes:
        document = {"layout": LAYOUT, **dataclasses.asdict(self)}
        return json.dumps(document, ensure_ascii=False, indent=1).encode()

    @classmethod
    def read(cls, content: bytes) -> Manifest:
        """Raises Permanent for one that is damaged or of a newer Lares."""
        try:
            document = Fields({"manifest": json.loads(content)}).row("manifest")
        except (ValueError, RecursionError) as error:
            raise Permanent(f"the backup's {MANIFEST} is damaged: {error}") from error
        if document is None:
            raise Permanent(f"the backup's {MANIFEST} is empty")
        if (layout := document.integer("layout")) > LAYOUT:
            raise Permanent(
                f"the backup was made by a newer Lares (layout {layout}, this one knows {LAYOUT})",
                remedy="update Lares, then restore",
            )
        return cls(
            document.real("at"),
            document.text("version"),
            document.text("box"),
            tuple(map(_kept, document.rows("files"))),
            tuple(document.texts("outside")),
            tuple(LeftOut(r.text("what"), r.text("again")) for r in document.rows("left_out")),
            tuple(document.texts("faults")),
        )


def copied(
    config: Config,
    config_file: Path | None,
    folder: Path,
    *,
    at: float,
    told: Callable[[str], None] = lambda what: None,
) -> Manifest:
    """Fill the empty `folder` with a copy of the box and its manifest; `told` gets the name of
    each file. Blocks. A file that cannot be copied becomes a fault, and the rest is copied.

    Raises Temporary when the disk is full.
    """
    state = config.box.state_dir
    for part in (STATE, OUTSIDE):
        (folder / part).mkdir(mode=0o700)
    files: list[Kept] = []
    faults: list[str] = []
    for path in _files(state):
        name = str(path.relative_to(state))
        told(name)
        target = folder / STATE / name
        try:
            _mirror(state, folder / STATE, Path(name).parent)
            kept = _copied_file(path, target, name)
        except FileNotFoundError:
            continue  # removed since it was listed
        except (LaresError, OSError) as error:
            if _is_full(error):
                raise Temporary(
                    f"no space left in {folder} for a copy of {path}",
                    remedy="free some disk space",
                ) from error
            faults.append(f"{path}: {_why(error)}")
            continue
        files.append(kept)
    outside, unread = _outside(config, config_file, folder / OUTSIDE)
    manifest = Manifest(
        at, __version__, config.box.name, tuple(files), outside,
        tuple(_left_out(config)), tuple(faults + unread),
    )  # fmt: skip
    write_whole(folder / MANIFEST, manifest.written())
    return manifest


def configured_files(config: Config, config_file: Path | None) -> list[Path]:
    """The file of the configuration and those that it names, but for the secrets of the backup
    itself: whoever restores needs them before.
    """
    found = [] if config_file is None else [config_file]
    for section in dataclasses.fields(config):
        found += _paths(getattr(config, section.name))
    return sorted({path.absolute() for path in found if path.is_file()})


def _paths(value: object) -> Iterator[Path]:
    match value:
        case Backup():
            return
        case Path():
            yield value
        case Mapping():
            for item in value.values():
                yield from _paths(item)
        case _ if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                yield from _paths(getattr(value, field.name))


def _files(state: Path) -> Iterator[Path]:
    """Of the state folder, those that are kept, each folder's in the order of their names."""
    for folder, folders, names in os.walk(state):
        here = Path(folder)
        if here == state:
            folders[:] = [name for name in folders if name not in MADE_AGAIN and not is_own(name)]
        folders.sort()
        for name in sorted(names):
            path = here / name
            if here == state and is_own(name):
                continue
            if path.is_file() and not path.is_symlink() and not _is_passing(path):
                yield path


def _mirror(source: Path, target: Path, below: Path) -> None:
    """The folders down to `below`, with the modes that they have."""
    for part in reversed([below, *below.parents][:-1]):
        made = target / part
        if not made.exists():
            made.mkdir(mode=0o700)
            shutil.copymode(source / part, made)


def _is_passing(path: Path) -> bool:
    """A file that is being written, or a live database's journal: its copy needs none."""
    if path.name.endswith(".part"):
        return True
    base, _, kind = path.name.rpartition("-")
    if kind not in ("wal", "shm", "journal") or ".damaged-" in base:
        return False
    return path.with_name(base).exists()


def _copied_file(path: Path, target: Path, name: str) -> Kept:
    if ".damaged-" not in path.name and is_database(path):
        copy_database(path, target)
        target.chmod(0o600)
        if (thin := THINNED.get(name)) is not None:
            thinned(target, thin)
        return Kept(name, target.stat().st_size, layout_of(target))
    try:
        target.hardlink_to(path)  # files change whole, by another one in their place
    except FileNotFoundError:
        raise
    except OSError:  # another disk, or one that has no links
        shutil.copy2(path, target)
    return Kept(name, target.stat().st_size)


def _outside(
    config: Config, config_file: Path | None, folder: Path
) -> tuple[tuple[str, ...], list[str]]:
    copied, faults = [], []
    for path in configured_files(config, config_file):
        if path.is_relative_to(config.box.state_dir.absolute()):
            continue
        target = folder / path.relative_to("/")
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            write_whole(target, path.read_bytes())
        except OSError as error:
            faults.append(f"{path}: {_why(error)}")
        else:
            copied.append(str(path))
    return tuple(copied), faults


def _left_out(config: Config) -> Iterator[LeftOut]:
    state = config.box.state_dir
    for name, again in MADE_AGAIN.items():
        for part in sorted(state.glob(f"{name}/*") if name == "models" else state.glob(name)):
            yield LeftOut(str(part.relative_to(state)), again.replace("NAME", part.name))
    if (state / "outbox.db").exists():
        yield LeftOut("messages that wait for the broker", "never sent later, out of a backup")
    if (state / "library.db").exists():
        yield LeftOut("the indexes of library.db", "made anew in the background, at the next start")
    kept = config.backup
    for file in (kept.password_file, kept.key_id_file, kept.secret_key_file, kept.ssh_key_file):
        if file is not None:
            yield LeftOut(str(file), "keep it elsewhere: without it no backup can be read")


def _is_full(error: Exception) -> bool:
    return isinstance(error, Temporary) or (isinstance(error, OSError) and error.errno == 28)


def _why(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _kept(row: Fields) -> Kept:
    layout = row.integer("layout", -1)
    return Kept(row.text("path"), row.integer("size"), None if layout < 0 else layout)
