"""Where a long sound may be cut so that no word is cut: the pauses in it, by loudness alone."""

from __future__ import annotations

from collections.abc import Sequence

from laresd.sound import level_dbfs
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE

FRAME_BYTES = 2 * FRAME_SAMPLES  # 32 ms
PER_SECOND = SAMPLE_RATE / FRAME_SAMPLES
LONG_PAUSE = int(1.0 * PER_SECOND)  # frames; it closes any window
SHORT_PAUSE = int(0.35 * PER_SECOND)  # it closes a long one
LONG = int(10.0 * PER_SECOND)
FORCED = int(12.0 * PER_SECOND)  # where nobody pauses, the cut is at the quietest moment after this
LONGEST = int(24.0 * PER_SECOND)  # Whisper reads 30 s
QUIET_DBFS = -60.0  # as long as nobody has spoken, what is below this is quiet
CONTRAST_DB = 10.0  # between speech and pauses; a sound with less is all of one kind
_SHARE = 0.2  # of the way from the quietest to the loudest, below which a frame is quiet
_LOUD = 4  # frames that make something loud; fewer are a click

Run = tuple[int, int]
"""The first frame, and the one after the last."""


class Window:
    """The sound since the last cut (16 kHz mono s16), and how loud each frame of it is."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._levels: list[float] = []
        self._seen = 0  # bytes of it that were looked at
        self._gone = 0  # bytes before it
        self._limit = QUIET_DBFS

    @property
    def pcm(self) -> bytes:
        """Whole samples."""
        return bytes(self._pcm[: len(self._pcm) // 2 * 2])

    @property
    def begins_s(self) -> float:
        """How much sound was before it."""
        return self._gone / 2 / SAMPLE_RATE

    @property
    def ends_s(self) -> float:
        return (self._gone + len(self._pcm)) / 2 / SAMPLE_RATE

    @property
    def fresh_s(self) -> float:
        """How much was added since it was last looked at."""
        return (len(self._pcm) - self._seen) / 2 / SAMPLE_RATE

    @property
    def is_quiet(self) -> bool:
        return all(level < self._limit for level in self._levels)

    def append(self, pcm: bytes) -> None:
        self._pcm += pcm
        begin = len(self._levels) * FRAME_BYTES
        for end in range(begin + FRAME_BYTES, len(self._pcm) + 1, FRAME_BYTES):
            self._levels.append(level_dbfs(bytes(self._pcm[end - FRAME_BYTES : end])))

    def look(self) -> None:
        """What is there now is not fresh any more; a long pause at its beginning is dropped."""
        self._limit = limit_of(self._levels, self._limit)
        first = next(iter(runs(self._levels, self._limit)), (0, 0))
        if first[0] == 0 and first[1] > LONG_PAUSE:
            self._drop(first[1] - SHORT_PAUSE)
        self._seen = len(self._pcm)

    def cut(self) -> bytes | None:
        """The sound up to a pause, which is then gone from the window; None: it can wait."""
        frame = cut_at(self._levels, self._limit)
        return None if frame is None else self._drop(frame)

    def _drop(self, frames: int) -> bytes:
        head = bytes(self._pcm[: frames * FRAME_BYTES])
        del self._pcm[: len(head)]
        del self._levels[:frames]
        self._gone += len(head)
        self._seen = max(0, self._seen - len(head))
        return head


def limit_of(levels: Sequence[float], usual: float) -> float:
    """The level (dBFS) below which a frame is quiet; `usual` for a sound that is all of one kind,
    and can be all speech or all silence.
    """
    if len(levels) < _LOUD:
        return usual
    ordered = sorted(levels)
    low, top = ordered[len(ordered) // 10], ordered[-_LOUD]
    if top - ordered[0] < CONTRAST_DB:
        return usual
    low = min(low, top - CONTRAST_DB)
    return low + _SHARE * (top - low)


def runs(levels: Sequence[float], limit: float) -> list[Run]:
    """The stretches in which nobody speaks."""
    found: list[Run] = []
    begun: int | None = None
    for number, level in enumerate([*levels, limit]):
        if level < limit and begun is None:
            begun = number
        elif level >= limit and begun is not None:
            found.append((begun, number))
            begun = None
    return found


def cut_at(levels: Sequence[float], limit: float) -> int | None:
    """The frame before which a sound is to be cut; None: not yet, or only after what comes.

    A long pause closes any window, a short one a long window. Where there is none for too long,
    the cut is at the quietest moment.
    """
    pauses = [run for run in runs(levels, limit) if run[0] > 0]
    for first, end in pauses:
        if end - first >= LONG_PAUSE:
            return (first + end) // 2
    short = [run for run in pauses if run[1] - run[0] >= SHORT_PAUSE]
    if len(levels) >= LONG and short:
        return sum(short[-1]) // 2
    if len(levels) < LONGEST:
        return None
    return _quietest(levels, FORCED, len(levels) - int(PER_SECOND / 2))


def _quietest(levels: Sequence[float], first: int, end: int) -> int:
    """The middle of the quietest moment between two frames."""

    def around(frame: int) -> float:
        return levels[frame - 1] + 2 * levels[frame] + levels[frame + 1]

    return min(range(first, end), key=around)
