"""Files that change whole or not at all, in two places: hot as they are, cold (another folder,
maybe another disk) compressed with zstd. Whoever reads them need not know where each one is.

The only file of the backends that imports zstandard.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard

from laresd.backends.whole_file import write_whole
from laresd.errors import Permanent

SUFFIX, PART = ".zst", ".part"
LEVEL = 9  # of zstd: what is moved at night may take its time
MOST_BYTES = 1 << 30  # of one file, also when it is made large again
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did, and what is there now (bytes on disk, both places together)."""

    moved: int = 0
    removed: int = 0
    files: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    at: float  # wall seconds of its last change
    size: int
    is_cold: bool


class Shelf:
    """One kind of files, by name. All of it blocks and raises OSError, but where it says otherwise.

    A file is in at least one place at any moment, wherever the power fails; while it is in both the
    hot one counts. One process moves files (`sweep`); any may read, rename and remove them.
    """

    def __init__(self, hot: Path, cold: Path) -> None:
        self.hot, self.cold = hot, cold

    def names(self, until: float = math.inf) -> set[str]:
        """Of files that were last changed until then (wall seconds)."""
        return {entry.name for entry in self._entries() if entry.at <= until}

    def put(self, name: str, content: bytes) -> None:
        self.hot.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self.hot / name, content)

    def read(self, name: str) -> bytes:
        """Raises FileNotFoundError when there is none, Permanent when the cold one is damaged."""
        for _ in range(2):  # it may move between the two looks
            try:
                return (self.hot / name).read_bytes()
            except FileNotFoundError:
                pass
            try:
                return _unpacked(self._cold(name))
            except FileNotFoundError:
                pass
        raise FileNotFoundError(2, "No such file", name)

    def rename(self, old: str, new: str) -> None:
        """Raises FileNotFoundError when there is none."""
        for _ in range(2):
            try:
                (self.hot / old).rename(self.hot / new)
            except FileNotFoundError:
                pass
            else:
                self._cold(old).unlink(missing_ok=True)  # of a move that was cut off
                return
            try:
                self._cold(old).rename(self._cold(new))
            except FileNotFoundError:
                continue
            return
        raise FileNotFoundError(2, "No such file", old)

    def remove(self, name: str) -> None:
        """The cold one first: a sweep that is moving it sees that the hot one is gone."""
        self._cold(name).unlink(missing_ok=True)
        (self.hot / name).unlink(missing_ok=True)
        self._cold(name).unlink(missing_ok=True)

    def sweep(
        self,
        now: float,
        *,
        cold_after_s: float,
        most_bytes: int,
        spare: Callable[[str], bool] = lambda name: False,
        go_on: Callable[[], bool] = lambda: True,
    ) -> Swept:
        """Move what is older (0: nothing), then remove the oldest that are not spared until no more
        than `most_bytes` are left (0: without limit). `now`: wall seconds. It ends early, after a
        whole file, when `go_on` says so.
        """
        self._clear()
        moved = 0
        for entry in self._entries():
            old = cold_after_s > 0 and now - entry.at >= cold_after_s
            if old and not entry.is_cold and go_on():
                moved += self._freeze(entry.name)
        entries = self._entries()
        size, removed = sum(entry.size for entry in entries), 0
        for entry in entries:
            if not 0 < most_bytes < size:
                break
            if not spare(entry.name):
                self.remove(entry.name)
                size -= entry.size
                removed += 1
        return Swept(moved, removed, len(entries) - removed, size)

    def _freeze(self, name: str) -> bool:
        """Into the cold place; whether it is there now. The hot one goes when the cold one is on
        disk and reads as the same.
        """
        hot, cold = self.hot / name, self._cold(name)
        try:
            content, at = hot.read_bytes(), hot.stat()
        except FileNotFoundError:
            return False
        if len(content) > MOST_BYTES:
            return False
        self.cold.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = cold.with_name(cold.name + PART)
        packed = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(content)
        write_whole(part, packed)
        os.utime(part, ns=(at.st_atime_ns, at.st_mtime_ns))
        if _unpacked(part) != content:
            part.unlink()
            raise Permanent(f"{part} does not read as it was written: the disk is failing")
        part.replace(cold)
        _sync(self.cold)
        try:
            hot.unlink()
        except FileNotFoundError:  # removed or renamed meanwhile: what was done to it counts
            cold.unlink(missing_ok=True)
            return False
        _sync(self.hot)
        return True

    def _clear(self) -> None:
        """What a power failure left behind: it is whole elsewhere."""
        for path in _files(self.cold):
            if path.name.endswith(PART):
                path.unlink(missing_ok=True)

    def _entries(self) -> list[_Entry]:
        """The oldest first; one that is in both places is hot, with the size of both."""
        found: dict[str, _Entry] = {}
        for path in _files(self.cold):
            if path.name.endswith(SUFFIX):
                _add(found, path, path.name.removesuffix(SUFFIX), is_cold=True)
        for path in _files(self.hot):
            if not path.name.endswith(PART):
                _add(found, path, path.name, is_cold=False)
        return sorted(found.values(), key=lambda entry: (entry.at, entry.name))

    def _cold(self, name: str) -> Path:
        return self.cold / (name + SUFFIX)


def _add(found: dict[str, _Entry], path: Path, name: str, *, is_cold: bool) -> None:
    try:
        facts = path.stat()
    except FileNotFoundError:
        return
    before = found[name].size if name in found else 0
    found[name] = _Entry(name, facts.st_mtime, facts.st_size + before, is_cold)


def _files(folder: Path) -> Iterator[Path]:
    try:
        yield from (path for path in sorted(folder.iterdir()) if path.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return


def _unpacked(path: Path) -> bytes:
    """Raises FileNotFoundError, Permanent when it is damaged."""
    packed = path.read_bytes()
    try:
        if zstandard.frame_content_size(packed) > MOST_BYTES:
            raise Permanent(f"{path} would be too large")
        return zstandard.ZstdDecompressor().decompress(packed)
    except zstandard.ZstdError as error:
        raise Permanent(
            f"{path} is damaged", remedy="put it back from a backup: lares restore --into DIR"
        ) from error


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
