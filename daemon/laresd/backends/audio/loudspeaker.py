"""The loudspeaker, and what stands in for it where there is none."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from laresd.backends.audio.card import (
    Hear,
    SoundCard,
    Stream,
    close_in_thread,
    open_in_thread,
    settle,
)
from laresd.backends.audio.playlist import Playing, Playlist
from laresd.errors import LaresError, Temporary
from laresd.types import SAMPLE_RATE

log = logging.getLogger(__name__)

LEAD_SAMPLES = SAMPLE_RATE // 20  # 50 ms: cards that wake up cut the beginning
STALL_S = 2.0  # a card that takes nothing for so long is gone; sound servers may begin 1 s late
IDLE_S = 15.0  # that the device stays open after a sound: answers come one after the other
SOON_S = 0.045  # a device that plays on for longer after a cancelled sound is closed to silence it
TRIES = 2  # of opening a device anew for the rest of one sound


class Loudspeaker:
    """Port AudioSink on a device whose name contains `device`; "" is the default one.

    The device is opened by the first sound and closed when none came for `idle_s`. A sound in which
    the device goes away goes on where it was, if the device can be opened anew. `on_played` is told
    what is heard, and when: for whoever listens at the same time.
    """

    def __init__(
        self,
        card: SoundCard,
        device: str = "",
        *,
        volume: float = 1.0,
        on_played: Hear | None = None,
        idle_s: float = IDLE_S,
        stall_s: float = STALL_S,
    ) -> None:
        self._card = card
        self._device = device
        self._idle_s = idle_s
        self._stall_s = stall_s
        self._playlist = Playlist(on_played)
        self._lock = asyncio.Lock()  # one opening or closing at a time
        self._stream: Stream | None = None
        self._gone: asyncio.Future[float] | None = None  # done when the device ended the stream
        self._pieces = 0  # that the device took
        self._users = 0
        self._resting: asyncio.TimerHandle | None = None
        self.set_volume(volume)

    @property
    def volume(self) -> float:
        """0 to 1, as it is set."""
        return math.sqrt(self._playlist.loudness)

    def set_volume(self, volume: float) -> None:
        """0 to 1, from now on. Half is heard as half: a quarter of the amplitude."""
        self._playlist.loudness = min(1.0, max(0.0, volume)) ** 2

    def duck(self, share: float) -> None:
        self._playlist.share = min(1.0, max(0.0, share))

    async def play(self, pcm: bytes) -> None:
        await self._play(pcm, gives_way=False)

    async def chime(self, pcm: bytes) -> None:
        """Play it only if nothing else plays, and no longer than until something else is to; as
        loud as the volume is set, however much else is ducked.
        """
        if not self._playlist:
            await self._play(pcm, gives_way=True)

    async def wake(self) -> None:
        """Open the device for a sound that will come soon. Raises what `play` raises."""
        async with self._held():
            pass

    async def close(self) -> None:
        """Silence at once; the next sound opens the device again."""
        if self._resting is not None:
            self._resting.cancel()
        async with self._lock:
            await self._close_stream()

    async def _play(self, pcm: bytes, *, gives_way: bool) -> None:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[float] = loop.create_future()
        sound = Playing(pcm, partial(settle, loop, ended), gives_way=gives_way)
        if sound.over:
            return
        self._playlist.add(sound)
        try:
            async with self._held():
                await self._taken(ended)
                await asyncio.sleep(ended.result() - loop.time())
        except LaresError:
            self._playlist.drop(sound)
            raise
        except asyncio.CancelledError:
            if sound.begun and self._is_late:
                self._playlist.hold(sound)
                self._silence()
            else:
                self._playlist.remove(sound)
            raise

    async def _taken(self, ended: asyncio.Future[float]) -> None:
        """Until the device has taken the whole sound."""
        tries = TRIES
        while not ended.done():
            stream, gone, pieces = self._stream, self._gone, self._pieces
            waiting = {ended} if gone is None else {ended, gone}
            await asyncio.wait(waiting, timeout=self._stall_s, return_when=asyncio.FIRST_COMPLETED)
            is_gone = gone is None or gone.done() or self._pieces == pieces
            if ended.done() or not is_gone:
                continue
            if not tries:
                remedy = "check its cable"
                raise Temporary("the loudspeaker stopped taking sound", remedy=remedy)
            tries -= 1
            await self._open(instead_of=stream)

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        """The device is open in the block, and for a while after it."""
        self._users += 1
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        try:
            lost = self._stream if self._gone is not None and self._gone.done() else None
            await self._open(instead_of=lost)
            yield
        finally:
            self._users -= 1
            if not self._users and self._stream is not None:
                loop = asyncio.get_running_loop()
                self._resting = loop.call_later(self._idle_s, self._rest)

    async def _open(self, *, instead_of: Stream | None) -> None:
        """Open the device unless it is open; a stream that is of no use any more is closed first,
        unless another caller has done so.
        """
        async with self._lock:
            if self._stream is not None and self._stream is instead_of:
                await self._close_stream()
            if self._stream is None:
                loop = asyncio.get_running_loop()
                self._gone = gone = loop.create_future()
                self._playlist.lead = LEAD_SAMPLES
                self._playlist.go_on()
                tell = partial(settle, loop, gone, loop.time())
                open_stream = partial(self._card.open_output, self._device, self._supply, tell)
                self._stream = await open_in_thread(open_stream)

    async def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            await close_in_thread(stream)

    def _rest(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            asyncio.get_running_loop().run_in_executor(None, stream.close)

    @property
    def _is_late(self) -> bool:
        """Whether it has so much of a sound already that only closing it silences it."""
        return self._stream is not None and self._stream.delay_s > SOON_S

    def _silence(self) -> None:
        """Close the device at once; what waits opens it again."""
        stream, gone = self._stream, self._gone
        if stream is not None and gone is not None:
            loop = asyncio.get_running_loop()
            loop.run_in_executor(None, stream.close)
            settle(loop, gone, loop.time())

    def _supply(self, samples: int, at: float) -> bytes:
        self._pieces += 1
        return self._playlist.supply(samples, at)


class Silence:
    """Port AudioSink of a box without a loudspeaker: all is played the moment it comes."""

    async def play(self, pcm: bytes) -> None:
        return None

    def duck(self, share: float) -> None:
        return None
