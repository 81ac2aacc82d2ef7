"""A listener for the sounds of `tests.fakes.audio`: levels instead of neural networks."""

from __future__ import annotations

import array
from collections.abc import Sequence

from laresd.errors import Temporary
from laresd.types import FRAME_SAMPLES, Heard, HeardKind
from tests.fakes.audio import WAKE_WORD


class FakeListener:
    """Speech is any level from WAKE_WORD up; WAKE comes with the frame after a wake word's last."""

    def __init__(self, *, wake_name: str = "okay_nabu") -> None:
        self.calls = 0
        self.resets = 0
        self.closed = False
        self.fails_at_call = 0  # this call and no other finds the worker dead
        self._wake_name = wake_name
        self._rest = b""
        self._sample = 0
        self._in_wake_word = False

    async def hear(self, pcm: bytes) -> Sequence[Heard]:
        self.calls += 1
        if self.calls == self.fails_at_call:
            raise Temporary("the listening worker died")
        data = self._rest + pcm
        frame_bytes = 2 * FRAME_SAMPLES
        whole = len(data) // frame_bytes * frame_bytes
        self._rest = data[whole:]
        found: list[Heard] = []
        for start in range(0, whole, frame_bytes):
            found += self._frame(array.array("h", data[start : start + frame_bytes])[0])
        return found

    def _frame(self, value: int) -> list[Heard]:
        self._sample += FRAME_SAMPLES
        found = [Heard(HeardKind.SPEECH, self._sample, 0.9 if value >= WAKE_WORD else 0.02)]
        if self._in_wake_word and value != WAKE_WORD:
            at = self._sample - FRAME_SAMPLES
            found.insert(0, Heard(HeardKind.WAKE, at, 0.97, self._wake_name))
        self._in_wake_word = value == WAKE_WORD
        return found

    async def reset(self) -> None:
        self.resets += 1
        self._forget()

    async def close(self) -> None:
        self.closed = True
        self._forget()

    def _forget(self) -> None:
        self._rest = b""
        self._sample = 0
        self._in_wake_word = False
