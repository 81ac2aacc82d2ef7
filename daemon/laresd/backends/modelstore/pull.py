"""Bring one model's files here: resumed, checked against the hub's checksum, all or nothing."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from laresd.backends.modelstore.hub import FileSource, RemoteFile
from laresd.errors import Permanent, Refused, Temporary

ATTEMPTS = 5  # without a new byte
SPARE = 256 << 20  # bytes that must stay free
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Progress:
    """`stage`: pull or check. Bytes of this file."""

    file: str
    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class PulledFile:
    """A file that is here; `checksum` was computed from its bytes: `sha256:...`."""

    name: str
    size: int
    checksum: str


Report = Callable[[Progress], None]
Pause = Callable[[float], None]


def pull_files(
    source: FileSource,
    files: Sequence[RemoteFile],
    folder: Path,
    report: Report,
    *,
    pause: Pause = time.sleep,
) -> list[PulledFile]:
    """All the files into `folder`, each under its own name, and what they are.

    What an interrupted pull has left is continued. Raises Refused (no space), Temporary (network),
    Permanent (the bytes are not those that the hub names: they are removed).
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_space(files, folder)
        return [_pull(source, file, folder, report, pause) for file in files]
    except OSError as error:
        raise Permanent(
            f"cannot write {folder}: {error.strerror or error}",
            remedy="check the disk; what came so far is kept and continued",
        ) from error


def _check_space(files: Sequence[RemoteFile], folder: Path) -> None:
    missing = sum(file.size - _here(file, folder) for file in files)
    free = shutil.disk_usage(folder).free
    if missing and missing + SPARE > free:
        raise Refused(
            f"no space in {folder}: {_mb(missing)} are missing, {_mb(free)} are free, "
            f"and {_mb(SPARE)} must stay free",
            remedy="free some disk space (lares models remove NAME), or set box.state_dir to a "
            "larger disk",
        )


def _pull(
    source: FileSource, file: RemoteFile, folder: Path, report: Report, pause: Pause
) -> PulledFile:
    target, part = folder / Path(file.name).name, _part(file, folder)
    if not target.exists():
        _forget_older_parts(target, part)
        _download(source, file, part, report, pause)
    elif target.stat().st_size != file.size:
        target.unlink()
        return _pull(source, file, folder, report, pause)
    candidate = target if target.exists() else part
    checksum = _checked(source, file, candidate, report)
    if candidate is part:
        _settle(part, target)
    return PulledFile(target.name, file.size, f"sha256:{checksum}")


def _download(
    source: FileSource, file: RemoteFile, part: Path, report: Report, pause: Pause
) -> None:
    """Append to `part` until it is whole; a connection that brings something may break often."""
    failures = 0
    while (size := _size(part)) < file.size:
        try:
            _continue(source, file, part, report)
        except Temporary:
            failures = 0 if _size(part) > size else failures + 1
            if failures >= ATTEMPTS:
                raise
            pause(min(2.0**failures, 30.0))


def _continue(source: FileSource, file: RemoteFile, part: Path, report: Report) -> None:
    with source.read(file, _size(part)) as (offset, chunks), part.open("ab") as out:
        out.truncate(offset)
        done = offset
        report(Progress(file.name, "pull", done, file.size))
        for chunk in chunks:
            done += len(chunk)
            if done > file.size:
                out.truncate(0)
                raise Permanent(f"{source.endpoint} sends more of {file.name} than it announced")
            out.write(chunk)
            report(Progress(file.name, "pull", done, file.size))
        if done < file.size:
            raise Temporary(f"{source.endpoint} stopped after {done} of {file.size} bytes")


def _checked(source: FileSource, file: RemoteFile, path: Path, report: Report) -> str:
    """The sha256 of the file; raises Permanent, and removes it, when it is not the hub's."""
    sha256, git = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    done = 0
    for block in _blocks(path):
        sha256.update(block)
        git.update(block)
        done += len(block)
        report(Progress(file.name, "check", done, file.size))
    known = {64: sha256.hexdigest(), 40: git.hexdigest()}.get(len(file.etag))
    if known is None or not re.fullmatch(r"[0-9a-f]+", file.etag):
        raise Permanent(
            f"{source.endpoint} names no checksum for {file.name} (its etag is {file.etag!r})",
            remedy="use a hub or mirror that passes on the hub's etag",
        )
    if known != file.etag:
        path.unlink()
        raise Permanent(
            f"{file.name} from {source.endpoint} is not what the hub names: its checksum is "
            f"{known[:12]}..., not {file.etag[:12]}...; it was removed",
            remedy="pull again; if it happens again, do not trust that mirror (HF_ENDPOINT)",
        )
    return sha256.hexdigest()


def _settle(part: Path, target: Path) -> None:
    """On disk first, then under its name: a power cut leaves the part or the whole."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _part(file: RemoteFile, folder: Path) -> Path:
    """The unfinished file; its name holds the checksum, so that another version is not mixed in."""
    return folder / f"{Path(file.name).name}.{file.etag[:16]}.part"


def _forget_older_parts(target: Path, part: Path) -> None:
    for other in target.parent.glob(f"{target.name}.*.part"):
        if other != part:
            other.unlink()


def _here(file: RemoteFile, folder: Path) -> int:
    return max(_size(_part(file, folder)), _size(folder / Path(file.name).name))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
