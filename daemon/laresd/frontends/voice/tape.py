"""The last seconds of what was heard, addressed by sample."""

from __future__ import annotations


class Tape:
    """Mono s16 samples since the session began, of which the old ones can be forgotten."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._first = 0  # index of the oldest sample that is kept

    @property
    def end(self) -> int:
        """Index after the newest sample."""
        return self._first + len(self._pcm) // 2

    def append(self, pcm: bytes) -> None:
        self._pcm += pcm

    def cut(self, start: int, end: int) -> bytes:
        """The samples from `start` to before `end`, as far as they are kept."""
        first = max(0, start - self._first)
        return bytes(self._pcm[2 * first : 2 * max(first, end - self._first)])

    def forget(self, before: int) -> None:
        """Drop the samples before this index."""
        count = min(max(0, before - self._first), len(self._pcm) // 2)
        del self._pcm[: 2 * count]
        self._first += count
