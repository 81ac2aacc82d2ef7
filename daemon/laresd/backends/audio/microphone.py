"""The microphone, however often it is unplugged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from laresd.backends.audio.card import SoundCard, Stream, opened
from laresd.backends.audio.echo import EchoCanceller
from laresd.backends.audio.meter import Levels, Meter, factor
from laresd.backends.audio.ring import Ring
from laresd.errors import Temporary
from laresd.ports import one
from laresd.sound import amplified

log = logging.getLogger(__name__)

STALL_S = 3.0  # a card that gives nothing for so long is gone: ALSA does not always say so
RETRY_S = 5.0
AGAIN_S = 0.2  # before a device is tried that has just been there


class Microphone:
    """Port AudioSource that ends only when its reader does.

    `channel` of a device with several microphones, from 1; `gain_db` makes it louder (clipped at
    full scale); `canceller` takes out what the loudspeaker plays. A device that is missing, busy or
    unplugged is tried again every `retry_s`; the log says it once. `frames` raises Permanent when
    the machine has no sound system at all.
    """

    def __init__(
        self,
        card: SoundCard,
        device: str = "",
        *,
        channel: int = 1,
        gain_db: float = 0.0,
        canceller: EchoCanceller | None = None,
        stall_s: float = STALL_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self.overruns = 0  # frames lost since the start
        self._card = card
        self._device = device
        self._channel = channel
        self._factor = factor(gain_db)
        self._canceller = canceller
        self._meter = Meter()
        self._stall_s = stall_s
        self._retry_s = retry_s
        self._complaint = ""

    @property
    def levels(self) -> Levels:
        """Of the last second that was heard."""
        return self._meter.levels

    async def frames(self, at_once: Callable[[], int] = one) -> AsyncGenerator[bytes, None]:
        while True:
            heard = False
            try:
                async with aclosing(self._open_frames(at_once)) as frames:
                    async for frame in frames:
                        heard = True
                        yield frame
            except Temporary as error:
                self._complain(error)
            await asyncio.sleep(min(AGAIN_S, self._retry_s) if heard else self._retry_s)

    async def _open_frames(self, at_once: Callable[[], int]) -> AsyncGenerator[bytes, None]:
        ring = Ring()

        def hear(pcm: bytes, at: float) -> None:
            louder = amplified(pcm, self._factor, self._factor)
            self._meter.feed(louder)
            ring.write(self._canceller.clean(louder, at) if self._canceller else louder)

        def open_stream() -> Stream:
            return self._card.open_input(self._device, self._channel, hear, ring.end)

        async with opened(open_stream):
            try:
                while True:
                    frame = await self._next(ring, at_once)
                    self._well()
                    yield frame
            finally:
                self._count(ring)

    async def _next(self, ring: Ring, at_once: Callable[[], int]) -> bytes:
        if (frame := ring.take()) is not None:
            return frame
        try:
            async with asyncio.timeout(self._stall_s):
                frame = await ring.read(at_once())
        except TimeoutError:
            frame = None
        if frame is None:
            raise Temporary(
                "the microphone gives no sound", remedy="plug it in again; it is tried on its own"
            )
        return frame

    def _count(self, ring: Ring) -> None:
        if ring.overruns:
            self.overruns += ring.overruns
            log.warning("%d frames of the microphone came too fast and were lost", ring.overruns)

    def _complain(self, error: Temporary) -> None:
        if str(error) != self._complaint:
            self._complaint = str(error)
            log.warning("no microphone: %s; trying again every %g s", error, self._retry_s)

    def _well(self) -> None:
        if self._complaint:
            self._complaint = ""
            log.info("the microphone is back")
