"""Wake words found by a Wyoming service on another machine, in place of the box's own models."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from laresd.errors import LaresError
from laresd.frames.wyoming import Bounds, Event, Format, audio, encode, take
from laresd.ports import Listener
from laresd.types import SAMPLE_RATE, Heard, HeardKind, Json

log = logging.getLogger(__name__)

CONNECT_S = 0.3  # a LAN answers in milliseconds; the microphone's ring holds what comes meanwhile
RETRY_S = 10.0
UNSENT = 256 << 10  # bytes: a service that takes no sound for eight seconds is gone
BOUNDS = Bounds(line=64 << 10, payload=64 << 10)
FORM = Format(SAMPLE_RATE)


class WyomingWake:
    """Port Listener. `inner` hears the voice, and the wake word, too, while the service is away.

    `words`: those that are asked for; none: any that the service has.
    """

    def __init__(
        self,
        inner: Listener,
        address: tuple[str, int],
        words: Sequence[str] = (),
        *,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._inner = inner
        self._address = address
        self._words = tuple(words)
        self._now = now or asyncio.get_running_loop().time
        self._wire: _Wire | None = None
        self._next_try = 0.0
        self._well = True

    async def hear(self, pcm: bytes) -> Sequence[Heard]:
        found = await self._inner.hear(pcm)
        wire = await self._connected()
        if wire is None:
            return found
        wire.send(*audio(pcm, FORM))
        words = wire.detected()
        frames = [heard.sample for heard in found if heard.kind is HeardKind.SPEECH]
        end = max(frames, default=0)
        own = [heard for heard in found if heard.kind is HeardKind.SPEECH]
        return [*own, *(Heard(HeardKind.WAKE, end, 1.0, word) for word in words)]

    async def reset(self) -> None:
        await self._inner.reset()
        if self._wire is not None:
            self._wire.send(*self._request())

    async def close(self) -> None:
        self._drop()
        await self._inner.close()

    async def _connected(self) -> _Wire | None:
        """None while it is away."""
        if self._wire is not None and self._wire.gone:
            self._drop()
            self._complain("it has hung up")
        if self._wire is None and self._now() >= self._next_try:
            self._next_try = self._now() + RETRY_S
            try:
                async with asyncio.timeout(CONNECT_S):
                    loop = asyncio.get_running_loop()
                    _, self._wire = await loop.create_connection(_Wire, *self._address)
            except OSError as error:
                self._complain(str(error) or "it does not answer")
                return None
            self._wire.send(*self._request())
            log.info("wake words are found by %s:%d", *self._address)
            self._well = True
        return self._wire

    def _request(self) -> list[Event]:
        names: Json = [*self._words] or None
        return [Event("detect", {"names": names}), Event("audio-start", FORM.data())]

    def _drop(self) -> None:
        if self._wire is not None:
            self._wire.close()
        self._wire = None

    def _complain(self, why: str) -> None:
        if self._well:
            self._well = False
            log.warning("the wake service %s:%d: %s; this box listens itself", *self._address, why)


class _Wire(asyncio.Protocol):
    """One connection, written and read without waiting."""

    def __init__(self) -> None:
        self.gone = False
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._words: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while (event := take(self._buffer, BOUNDS)) is not None:
                if event.type == "detection":
                    self._words.append(str(event.data.get("name") or "wake word"))
        except LaresError as error:
            log.info("the wake service: %s", error)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True

    def send(self, *events: Event) -> None:
        if self._transport is None or self.gone:
            return
        for event in events:
            self._transport.write(encode(event))
        if self._transport.get_write_buffer_size() > UNSENT:
            self.close()

    def detected(self) -> list[str]:
        """The wake words that it told of since the last call."""
        words, self._words = self._words, []
        return words

    def close(self) -> None:
        self.gone = True
        if self._transport is not None:
            self._transport.abort()
