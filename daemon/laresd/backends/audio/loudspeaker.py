"""The loudspeaker, and what stands in for it where there is none."""

from __future__ import annotations

import asyncio
from functools import partial

from laresd.backends.audio.card import SoundCard, Stream, opened
from laresd.errors import Temporary
from laresd.types import SAMPLE_RATE

LEAD = bytes(2 * SAMPLE_RATE // 20)  # 50 ms: cards that wake up cut the beginning
GRACE_S = 5.0  # beyond the sound's own length, for a card that starts late


class Loudspeaker:
    """Port AudioSink on a device whose name contains `device`; "" is the default one.

    `play` raises Permanent without a sound system, Temporary when the device is gone.
    """

    def __init__(self, card: SoundCard, device: str = "") -> None:
        self._card = card
        self._device = device
        self._share = 1.0

    def duck(self, share: float) -> None:
        self._share = share

    async def play(self, pcm: bytes) -> None:
        loop = asyncio.get_running_loop()
        done = asyncio.Event()

        def open_stream() -> Stream:
            ended = partial(loop.call_soon_threadsafe, done.set)
            return self._card.open_output(self._device, LEAD + pcm, ended)

        async with opened(open_stream) as stream:
            try:
                async with asyncio.timeout(len(pcm) / 2 / SAMPLE_RATE + GRACE_S):
                    await done.wait()
                    await loop.run_in_executor(None, stream.finish)
            except TimeoutError:
                raise Temporary(
                    "the loudspeaker stopped taking sound", remedy="check its cable"
                ) from None


class Silence:
    """Port AudioSink of a box without a loudspeaker: all is played the moment it comes."""

    async def play(self, pcm: bytes) -> None:
        return None

    def duck(self, share: float) -> None:
        return None
