"""Files and folders as sources: what changed is known by size and time, then by the bytes."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from laresd.backends.knowledge import listing
from laresd.backends.knowledge.listing import Difference, Listing, Stamp
from laresd.backends.knowledge.origin import (
    Changed,
    Expected,
    Failed,
    Gone,
    Later,
    Moved,
    Noted,
    Original,
    Step,
    Unchanged,
)
from laresd.backends.knowledge.store import Known
from laresd.errors import Permanent, Temporary

SETTLE_S = 3.0  # a file that was written so recently is waited for
_BLOCK = 1 << 20


class FileOrigin:
    """Port `Origin` of a file, or of all files below a folder."""

    def __init__(
        self, root: Path, *, is_folder: bool, most_bytes: int, wall: Callable[[], float]
    ) -> None:
        self._root, self._is_folder = root, is_folder
        self._most_bytes, self._wall = most_bytes, wall
        self._stamps: Mapping[str, Stamp] = {}

    async def steps(self, known: Mapping[str, Known]) -> AsyncGenerator[Step, None]:
        found, differs = await asyncio.to_thread(self._compared, known)
        self._stamps = found.files
        if self._is_folder and known and not found.files and not found.unseen:
            raise Temporary(
                f"{self._root} is empty; its {len(known)} documents are kept",
                remedy="is its disk connected? If it is meant to be empty: lares kb remove",
            )
        yield Expected(len(found.files))
        for note in _notes(found):
            yield Noted(note)
        yield Unchanged(differs.same)
        gone = _Gone(differs.gone)
        for uri in differs.doubtful:
            yield await self._step(found.files[uri], uri, known.get(uri), gone)
        if left := gone.left():
            yield Gone(left)

    async def is_still(self, original: Original) -> bool:
        """By what no writer can leave as it was."""
        before = self._stamps[original.uri]
        return await asyncio.to_thread(_stamp, before.path) == before

    def _compared(self, known: Mapping[str, Known]) -> tuple[Listing, Difference]:
        found = self._look()
        return found, listing.difference(found, known)

    def _look(self) -> Listing:
        try:
            return listing.below(self._root) if self._is_folder else listing.one(self._root)
        except FileNotFoundError:
            raise Temporary(
                f"{self._root} is not there; its documents are kept",
                remedy="connect its disk, or forget it: lares kb remove",
            ) from None
        except OSError as error:
            raise unreadable(self._root, error) from error

    async def _step(self, stamp: Stamp, uri: str, before: Known | None, gone: _Gone) -> Step:
        bare = Original(uri, stamp.path.stem, "", stamp.size, stamp.modified)
        if stamp.size > self._most_bytes:
            most = self._most_bytes >> 20
            return Failed(bare, f"it is larger than {most} MiB (knowledge.file_mb)")
        if 0.0 <= self._wall() - stamp.modified < SETTLE_S:
            return Later(uri)
        try:
            digest = await asyncio.to_thread(_digest, stamp)
        except OSError as error:
            return Failed(bare, str(unreadable(stamp.path, error)))
        if digest is None:
            return Later(uri)
        return _moved(bare, digest, before, gone) or Changed(
            replace(bare, digest=digest, path=stamp.path)
        )


class _Gone:
    """What is known and not there, until its bytes are found elsewhere."""

    def __init__(self, documents: Mapping[str, Known]) -> None:
        self._by_digest: dict[str, list[tuple[str, Known]]] = {}
        for uri, each in documents.items():
            self._by_digest.setdefault(each.digest, []).append((uri, each))

    def found(self, digest: str) -> tuple[str, Known] | None:
        """One with these bytes, by its uri; it is not gone from now on."""
        same = self._by_digest.get(digest)
        return same.pop() if same else None

    def left(self) -> list[int]:
        return [each.id for same in self._by_digest.values() for _, each in same]


def _moved(bare: Original, digest: str, before: Known | None, gone: _Gone) -> Moved | None:
    """Where the bytes are known."""
    if before is not None:
        same = before.digest == digest
        return Moved(before.id, bare.uri, bare.title, bare.title, bare.modified) if same else None
    found = gone.found(digest)
    if found is None:
        return None
    uri, known = found
    return Moved(known.id, bare.uri, bare.title, Path(uri).stem, bare.modified)


def unreadable(path: Path, error: OSError) -> Permanent:
    """Why this user cannot read it, and how it could."""
    if not isinstance(error, PermissionError):
        return Permanent(f"{path} cannot be read: {error.strerror or error}")
    return Permanent(f"laresd may not read {path}", remedy=right_to_read(path))


def right_to_read(path: Path) -> str:
    """What gives the daemon's user the right; under systemd, homes are hidden from it, too."""
    give = f'setfacl -R -m u:"$(id -un lares)":rX {path}'
    if path.is_relative_to("/home") or path.is_relative_to("/root"):
        return (
            f"copy it to a folder outside of /home, or let laresd see it: systemctl edit laresd, "
            f"[Service] ProtectHome=read-only; then, as its owner: {give}, and x on the folders "
            "above"
        )
    return f"as its owner: {give}, and x on the folders above"


def _notes(found: Listing) -> list[str]:
    notes = [f"may not be looked into: {uri}" for uri in found.unseen[:5]]
    if len(found.unseen) > 5:
        notes.append(f"and {len(found.unseen) - 5} more folders")
    if found.cut:
        notes.append(f"only the first {listing.MOST_FILES} files are read; add parts of it")
    if found.other:
        notes.append(f"{found.other} files of other kinds are left out")
    return notes


def _stamp(path: Path) -> Stamp | None:
    try:
        return Stamp.of(path, path.lstat())
    except OSError:
        return None


def _digest(stamp: Stamp) -> str | None:
    """SHA-256 of the file's bytes (hex); None when it is another one by now, or none."""
    digest = hashlib.sha256()
    try:
        handle = os.open(stamp.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
        told = os.fstat(file.fileno())
    return digest.hexdigest() if Stamp.of(stamp.path, told) == stamp else None
