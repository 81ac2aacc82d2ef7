"""Computed beginnings of prompts, kept on disk: a head survives a restart without its prefill.

One file per head. A header line says how long its two parts are and what they hash to; then come
the head's token ids and the KV state that llama.cpp gave for them. What a file holds is believed
only when all of it fits: a truncated, foreign or damaged file is deleted, and the head computed
again. llama.cpp's own state files carry no model and are written in place, hence this format.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash

log = logging.getLogger(__name__)

SUFFIX = ".head"
_MAGIC = "lares-head-2"
_MAX_HEADER = 4096  # bytes
_TOKEN_BYTES = 4
_CHUNK = 4_000_000  # bytes written between two signs of life


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a prompt: its token ids and the KV state (llama_state_seq_get_data)."""

    tokens: tuple[int, ...]
    state: bytes | memoryview


@dataclass(frozen=True, slots=True)
class _Entry:
    tokens: tuple[int, ...]
    state_bytes: int
    digest: str


class PrefixStore:
    """The heads of one engine in `folder`, which others may share: each sees those of its `key`.

    `key` names all that a state depends on (model, engine version, KV type). The files of all
    keys together take at most `max_bytes`; those that were not used for longest go first.
    """

    def __init__(self, folder: Path, key: str, max_bytes: int) -> None:
        self._folder = folder
        self._key = key
        self._max_bytes = max_bytes
        self._known: dict[Path, tuple[int, ...]] = {}
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            entry = self._entry(path)
            if entry is not None:
                self._known[path] = entry.tokens

    def longest(self, tokens: Sequence[int]) -> int:
        """How many of `tokens`, from the first on, the best stored head has; 0: there is none."""
        return max((len(head) for _, head in self._fitting(tokens)), default=0)

    def read(self, tokens: Sequence[int]) -> Head | None:
        """The longest stored head that `tokens` begin with, checked; None when there is none."""
        fitting = sorted(self._fitting(tokens), key=lambda item: len(item[1]), reverse=True)
        for path, _ in fitting:
            head = self._checked(path)
            if head is not None:
                _touch(path)
                return head
            self._known.pop(path, None)
        return None

    def write(self, head: Head, alive: Callable[[], None] = lambda: None) -> bool:
        """Keep a head; False when it is not kept (too large, disk full), which is no error.

        `alive` is called now and then: a memory card may take seconds.
        """
        path = self._folder / f"{self._digest(head.tokens, b'')}{SUFFIX}"
        header = {
            "format": _MAGIC,
            "key": self._key,
            "tokens": len(head.tokens),
            "state_bytes": len(head.state),
            "digest": self._digest(head.tokens, head.state),
        }
        content = [json.dumps(header).encode() + b"\n", _packed(head.tokens), head.state]
        size = sum(map(len, content))
        if size > self._max_bytes:
            log.info("a head of %d bytes is larger than the whole store", size)
            return False
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make_room(size, path)
            _write_whole(path, content, alive)
        except OSError as error:
            log.warning("the prompt's head is not kept for the next start: %s", error)
            return False
        self._known[path] = head.tokens
        return True

    def _fitting(self, tokens: Sequence[int]) -> Iterator[tuple[Path, tuple[int, ...]]]:
        whole = tuple(tokens)
        for path, head in tuple(self._known.items()):  # another thread may write a head
            if whole[: len(head)] == head:
                yield path, head

    def _make_room(self, size: int, replaced: Path) -> None:
        """Delete what was not used for longest, and what a killed process left half written."""
        for left in self._folder.glob("*.part"):
            left.unlink(missing_ok=True)
        found = [(path, path.stat()) for path in self._folder.glob(f"*{SUFFIX}")]
        used = sum(stat.st_size for path, stat in found if path != replaced)
        for path, stat in sorted(found, key=lambda item: (item[1].st_mtime_ns, item[0])):
            if used + size <= self._max_bytes:
                return
            if path != replaced:
                self._forget(path)
                used -= stat.st_size

    def _entry(self, path: Path) -> _Entry | None:
        """What the file says it holds; None for other keys, and for damage, which is deleted."""
        try:
            with path.open("rb") as file:
                header = _header(file.readline(_MAX_HEADER))
                if header.get("format") == _MAGIC and header.get("key") != self._key:
                    return None  # another model's, or that of another version
                count, state_bytes = _sizes(header)
                packed = file.read(count * _TOKEN_BYTES)
                size = file.tell() + state_bytes
            if len(packed) != count * _TOKEN_BYTES or size != path.stat().st_size:
                raise ValueError("its length is not what its header says")
            return _Entry(tuple(array("i", packed)), state_bytes, str(header.get("digest")))
        except (ValueError, OSError) as error:
            self._refuse(path, error)
            return None

    def _checked(self, path: Path) -> Head | None:
        entry = self._entry(path)
        if entry is None:
            return None
        try:
            start = path.stat().st_size - entry.state_bytes
            state = np.fromfile(path, np.uint8, entry.state_bytes, offset=start).data
            if self._digest(entry.tokens, state) != entry.digest:
                raise ValueError("its content is not what was written")
        except (ValueError, OSError) as error:
            self._refuse(path, error)
            return None
        return Head(entry.tokens, state)

    def _digest(self, tokens: Sequence[int], state: bytes | memoryview) -> str:
        """Tells damage, not malice: who can write here owns the box."""
        found = xxhash.xxh3_128(self._key.encode())
        found.update(_packed(tokens))
        found.update(state)
        return found.hexdigest()

    def _refuse(self, path: Path, error: Exception) -> None:
        log.warning("the kept head %s is not used: %s; it is computed again", path.name, error)
        self._forget(path)

    def _forget(self, path: Path) -> None:
        self._known.pop(path, None)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s cannot be deleted: %s", path, error)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kept_digest(path: Path, folder: Path) -> str:
    """`file_digest`, remembered in `folder` until the file's name, size or time changes.

    Reading a 2 GB model at each start would cost more than the head that it keeps. Raises OSError
    when the file cannot be read; a memory that cannot be read or written is done without.
    """
    stat = path.stat()
    facts = f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    note = folder / f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}.sha256"
    try:
        known = note.read_text("ascii").strip()
        if len(known) == 64 and not set(known) - set("0123456789abcdef"):
            return known
    except (OSError, ValueError):
        pass
    digest = file_digest(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_whole(note, [digest.encode()])
    except OSError as error:
        log.warning("the model's checksum is not kept: %s", error)
    return digest


def _write_whole(
    path: Path, content: Iterable[bytes | memoryview], alive: Callable[[], None] = lambda: None
) -> None:
    """Write under a temporary name and rename: `path` is complete or as before. Raises OSError."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            for part_of_it in content:
                for start in range(0, len(part_of_it), _CHUNK):
                    file.write(memoryview(part_of_it)[start : start + _CHUNK])
                    alive()
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def shared_length(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two prompts have in common, from the first on."""
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return number
    return min(len(one), len(other))


def _header(line: bytes) -> dict[str, object]:
    if not line.endswith(b"\n"):
        raise ValueError("it has no header")
    header = json.loads(line)
    if not isinstance(header, dict):
        raise ValueError("its header is no object")
    return header


def _sizes(header: dict[str, object]) -> tuple[int, int]:
    """Tokens and bytes of state."""
    count, size = header.get("tokens"), header.get("state_bytes")
    if header.get("format") != _MAGIC or type(count) is not int or type(size) is not int:
        raise ValueError("its header is not ours")
    if count < 1 or size < 1:
        raise ValueError("it is empty")
    return count, size


def _packed(tokens: Sequence[int]) -> bytes:
    return array("i", tokens).tobytes()


def _touch(path: Path) -> None:
    with contextlib.suppress(OSError):  # a read-only folder loses the order of use, nothing else
        os.utime(path)
