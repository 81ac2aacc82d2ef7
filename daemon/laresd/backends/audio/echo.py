"""Removes from the microphone's sound what the loudspeaker plays.

The filter finds out by itself how the room sounds, but what was played must reach it before its
echo does, and always by the same time. So both sounds are laid on the sound system's clock, what
was played a little ahead. Why the filter is our own: firmware-notes/decisions/0009.
"""

from __future__ import annotations

import statistics
import threading
from collections import deque

import numpy as np
import numpy.typing as npt

from laresd.backends.audio.echo_filter import FRAME, EchoFilter
from laresd.types import SAMPLE_RATE

AHEAD = SAMPLE_RATE // 40  # 25 ms that what was played comes before its echo
SLACK = SAMPLE_RATE // 125  # 8 ms by which the clocks may differ before they are aligned again
TAIL_S = 0.5  # a room's echo, after the loudspeaker's last sound
KEPT_S = 4.0  # of what was played
FULL = 32768.0  # of s16
JUMP_S = 0.2  # a stream whose time jumps so far has begun anew
TIMES = 25  # of pieces, whose median tells when a stream began
STEP_S, STEP_TIMES = 0.02, 5  # so many that differ so far are right: sound servers err at first

Samples = npt.NDArray[np.int16]


class _Timeline:
    """Where a stream of sound is on the clock, however unevenly its pieces come."""

    def __init__(self) -> None:
        self.count = 0  # samples so far
        self._starts: deque[float] = deque(maxlen=TIMES)

    def add(self, samples: int, at: float) -> bool:
        """The next samples, the first at this time. False when it is another stream."""
        start = at - self.count / SAMPLE_RATE
        same = not self._starts or abs(start - self._starts[-1]) < JUMP_S
        if not same:
            self._starts.clear()
            self.count, start = 0, at
        self._starts.append(start)
        self.count += samples
        return same

    def start(self) -> float:
        """When its sample 0 was in the air."""
        middle = statistics.median(self._starts)
        recent = list(self._starts)[-STEP_TIMES:]
        if all(abs(start - middle) > STEP_S for start in recent):
            self._starts.clear()
            self._starts.extend(recent)
            middle = statistics.median(recent)
        return middle


class _Played:
    """The last seconds of what was played; silence before and after that."""

    def __init__(self) -> None:
        self._ring: Samples = np.zeros(int(KEPT_S * SAMPLE_RATE), np.int16)
        self._end = 0

    def append(self, pcm: bytes) -> None:
        samples = np.frombuffer(pcm, "<i2")[-len(self._ring) :]
        self._ring[np.arange(self._end, self._end + len(samples)) % len(self._ring)] = samples
        self._end += len(samples)

    def cut(self, start: int, count: int) -> Samples:
        numbers = np.arange(start, start + count)
        known = (numbers >= max(0, self._end - len(self._ring))) & (numbers < self._end)
        return np.where(known, self._ring[numbers % len(self._ring)], 0).astype(np.int16)

    def clear(self) -> None:
        self._end = 0


class EchoCanceller:
    """`played` gets what the loudspeaker plays, `clean` what the microphone hears, each in its own
    thread and in order; times are those of `card`.

    While nothing plays `clean` gives back what it gets and computes nothing. What it gives back is
    at most 10 ms late then, and complete.
    """

    def __init__(self) -> None:
        self._filter = EchoFilter()
        self._lock = threading.Lock()
        self._far = _Timeline()
        self._near = _Timeline()
        self._history = _Played()
        self._loud_until = 0.0  # when the last that was played was in the air
        self._rest = b""  # of the microphone, less than a frame
        self._shift: int | None = None  # of a sample of the microphone to what is played then

    def played(self, pcm: bytes, at: float) -> None:
        """16 kHz mono s16 whose first sample will be in the air at that time."""
        samples = len(pcm) // 2
        with self._lock:
            if not self._far.add(samples, at):
                self._history.clear()
                self._shift = None
            self._history.append(pcm)
            if pcm.strip(b"\0"):
                self._loud_until = at + samples / SAMPLE_RATE

    def clean(self, pcm: bytes, at: float) -> bytes:
        """The same sound without what is played, of which up to 10 ms follow the next time."""
        with self._lock:
            first = self._near.count - len(self._rest) // 2
            if not self._near.add(len(pcm) // 2, at):
                first = -(len(self._rest) // 2)
                self._shift = None
            sound, self._rest = self._rest + pcm, b""
            if at > self._loud_until + TAIL_S:
                self._shift = None
                return sound
            whole = len(sound) // (2 * FRAME) * FRAME
            far = self._history.cut(first + self._aligned(), whole)
        sound, self._rest = sound[: 2 * whole], sound[2 * whole :]
        if not whole:
            return b""
        near = np.frombuffer(sound, "<i2") / FULL
        frames = [
            self._filter.clean(near[start : start + FRAME], far[start : start + FRAME] / FULL)
            for start in range(0, whole, FRAME)
        ]
        cleaned: Samples = np.clip(np.concatenate(frames) * FULL, -FULL, FULL - 1).astype("<i2")
        return cleaned.tobytes()

    def _aligned(self) -> int:
        """The number of the sample that was played, for that of the microphone, minus it."""
        shift = round((self._near.start() - self._far.start()) * SAMPLE_RATE) + AHEAD
        if self._shift is None or abs(shift - self._shift) > SLACK:
            self._shift = shift
        return self._shift
