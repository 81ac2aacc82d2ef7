"""A bounded ring of audio frames between the sound system's thread and the event loop."""

from __future__ import annotations

import asyncio
from collections import deque

from laresd.types import FRAME_SAMPLES, SAMPLE_RATE

FRAME_BYTES = FRAME_SAMPLES * 2


class Ring:
    """Cuts what is written into frames. A full ring loses its oldest frame and counts it.

    `write` and `end` are for one thread, any; the rest is for the event loop in which the ring was
    made.
    """

    def __init__(self, seconds: float = 4.0) -> None:
        self.overruns = 0  # frames lost because nobody read them in time
        self._capacity = max(1, int(seconds * SAMPLE_RATE / FRAME_SAMPLES))
        self._frames: deque[bytes] = deque()
        self._rest = b""
        self._ended = False
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._wanted = 0  # frames that the waiting reader wants to be woken for

    def write(self, pcm: bytes) -> None:
        """Take any number of bytes. Never blocks."""
        data = self._rest + pcm
        whole = len(data) // FRAME_BYTES * FRAME_BYTES
        for start in range(0, whole, FRAME_BYTES):
            if len(self._frames) >= self._capacity:
                self._frames.popleft()
                self.overruns += 1
            self._frames.append(data[start : start + FRAME_BYTES])
        self._rest = data[whole:]
        if 0 < self._wanted <= len(self._frames):
            self._wanted = 0
            self._loop.call_soon_threadsafe(self._news.set)

    def flush(self) -> None:
        """Complete the last frame with silence. For the writer, after its last `write`."""
        if self._rest:
            self.write(bytes(FRAME_BYTES - len(self._rest)))

    def end(self) -> None:
        """No more will be written: the device is gone."""
        self._ended = True
        self._loop.call_soon_threadsafe(self._news.set)

    def take(self) -> bytes | None:
        """The next frame, if there is one."""
        return self._frames.popleft() if self._frames else None

    async def read(self, at_once: int = 1) -> bytes | None:
        """The next frame; None after the last. Waits, if there is none, until there are `at_once`,
        or the end came.
        """
        while True:
            if (frame := self.take()) is not None or self._ended:
                return frame
            self._news.clear()
            self._wanted = min(at_once, self._capacity)
            # the writer may have come in between
            if len(self._frames) < self._wanted and not self._ended:
                await self._news.wait()
