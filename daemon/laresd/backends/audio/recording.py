"""A recording that plays the microphone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from laresd.backends.audio.ring import FRAME_BYTES, Ring
from laresd.ports import one
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE

BLOCK_BYTES = 2 * FRAME_BYTES  # what a sound card hands over at a time


class Recording:
    """Port AudioSource: 16 kHz mono s16 through the ring that the microphone uses.

    Silence before and after lets the voice activity settle and the endpoint come. Faster than real
    time, at the pace of whoever reads; `real_time` waits as long as a person would speak.
    """

    def __init__(
        self, pcm: bytes, *, lead_s: float = 0.3, trail_s: float = 1.5, real_time: bool = False
    ) -> None:
        self._pcm = _silence(lead_s) + pcm + _silence(trail_s)
        self._real_time = real_time

    @property
    def seconds(self) -> float:
        """With the silence around it."""
        return len(self._pcm) / 2 / SAMPLE_RATE

    async def frames(self, at_once: Callable[[], int] = one) -> AsyncGenerator[bytes, None]:
        ring = Ring()
        loop = asyncio.get_running_loop()
        due = loop.time()
        for start in range(0, len(self._pcm), BLOCK_BYTES):
            ring.write(self._pcm[start : start + BLOCK_BYTES])
            if start + BLOCK_BYTES >= len(self._pcm):
                ring.flush()
            while (frame := ring.take()) is not None:
                if self._real_time:
                    due += FRAME_SAMPLES / SAMPLE_RATE
                    await asyncio.sleep(max(0.0, due - loop.time()))
                yield frame


def _silence(seconds: float) -> bytes:
    return bytes(2 * int(seconds * SAMPLE_RATE))
