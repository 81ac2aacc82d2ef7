"""A satellite that is configured, however often it goes and comes back.

While it is connected its microphone is an AudioSource and its loudspeaker an AudioSink. How a turn
fares is told it in the protocol's words: detection, voice-stopped, transcript, and run-pipeline
where it can be told to listen on.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable

from laresd.backends.broker.backoff import Backoff
from laresd.backends.satellites.link import BOUNDS, SILENCE, Detected, Link
from laresd.config import SatelliteSettings
from laresd.errors import ConfigError, LaresError, Temporary
from laresd.frames.wyoming import Event, Format, address, audio
from laresd.ports import one
from laresd.sound import amplified
from laresd.turns import Sign
from laresd.types import SAMPLE_RATE

log = logging.getLogger(__name__)

CONNECT_S = 3.0
DESCRIBE_S = 5.0
LEAD_S = 0.3  # of sound that a satellite has before it plays it: what a barge-in cannot take back
GRACE_S = 2.0  # beyond a sound's length, for a satellite that does not tell when it was played
FORM = Format(SAMPLE_RATE)

Attend = Callable[["RemoteSatellite"], Awaitable[None]]
"""Listens and answers through a satellite that is connected, until its `frames` end."""


class RemoteSatellite:
    """Ports AudioSource and AudioSink. Raises ConfigError for an address that is none."""

    def __init__(
        self,
        name: str,
        settings: SatelliteSettings,
        *,
        backoff: Backoff | None = None,
    ) -> None:
        self.name = name
        self.site = settings.site or name
        self._settings = settings
        self._address = _address(name, settings.url)
        self._backoff = backoff or Backoff(1.0, 30.0)
        self._link: Link | None = None
        self._detected: Detected | None = None  # the last one
        self._share = 1.0
        self._word = asyncio.Lock()
        self._complaint = ""

    @property
    def connected(self) -> bool:
        return self._link is not None

    @property
    def area(self) -> str:
        """The room, as it is configured, or as the satellite says."""
        return self._settings.area or (self._link.area if self._link is not None else "")

    @property
    def language(self) -> str:
        return self._settings.language

    @property
    def wakes(self) -> bool:
        """Whether it listens for its wake word itself."""
        return self._link is not None and self._link.wakes

    async def run(self, attend: Attend) -> None:
        """Connect, attend, and again, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            try:
                await self._once(attend)
                lasted = loop.time() - begun
            except (OSError, LaresError) as error:
                lasted = 0.0
                self._complain(str(error) or type(error).__name__)
            await asyncio.sleep(self._backoff.delay(lasted))

    def take(self) -> Detected | None:
        """The wake word that it told of since the last call."""
        if self._link is None:
            return None
        detected, self._link.detected = self._link.detected, None
        self._detected = detected or self._detected
        return detected

    @property
    def loudness(self) -> float | None:
        """Of the wake word that it told of last, dBFS; None where it does not say."""
        return self._detected.loudness if self._detected is not None and self.wakes else None

    async def frames(self, at_once: Callable[[], int] = one) -> AsyncGenerator[bytes, None]:
        """What it hears, until it is gone."""
        link = self._link
        while link is not None and (frame := await link.heard.read(at_once())) is not None:
            yield frame

    def show(self, sign: Sign) -> None:
        """Tell it how the turn at its ear fares. Returns at once."""
        link = self._link
        if link is None:
            return
        listening = sign is Sign.LISTENING
        if listening:
            link.quiet.set()
        else:
            link.quiet.clear()
        if listening and link.wakes and link.triggers and not link.streaming:
            link.listen_on()
        link.push(*_told(link, sign))

    async def play(self, pcm: bytes) -> None:
        async with self._word:
            link = self._link
            if link is None:
                raise Temporary(f"the satellite {self.name} is not connected")
            link.played.clear()
            try:
                await link.send(Event("audio-start", {**FORM.data(), "timestamp": 0}))
                await self._send(link, pcm)
                await link.send(Event("audio-stop", {}))
                await self._wait_played(link)
            except asyncio.CancelledError:
                link.push(Event("user-event", {"name": SILENCE}), Event("audio-stop", {}))
                raise
            if link.gone.is_set():
                raise Temporary(f"the satellite {self.name} went away while it spoke")

    def duck(self, share: float) -> None:
        self._share = min(1.0, max(0.0, share))

    async def _send(self, link: Link, pcm: bytes) -> None:
        """No faster than it is played, but for a lead: what was sent cannot be taken back."""
        loop = asyncio.get_running_loop()
        begun, step = loop.time(), 2 * SAMPLE_RATE // 10
        for start in range(0, len(pcm), step):
            piece = pcm[start : start + step]
            if self._share < 1.0:
                piece = amplified(piece, self._share, self._share)
            at = start / 2 / SAMPLE_RATE
            await asyncio.sleep(max(0.0, begun + at - LEAD_S - loop.time()))
            await link.send(*audio(piece, FORM, begin_ms=int(at * 1000)))

    async def _wait_played(self, link: Link) -> None:
        try:
            async with asyncio.timeout(LEAD_S + GRACE_S):
                await link.played.wait()
        except TimeoutError:
            log.debug("the satellite %s does not tell when it has played", self.name)

    async def _once(self, attend: Attend) -> None:
        """One connection, from its beginning to its end."""
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_connection(*self._address, limit=BOUNDS.line)
        except TimeoutError:
            raise Temporary("it does not answer") from None
        kept = writer.get_extra_info("socket")
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # some answer no ping
        link = Link(self.name, reader, writer)
        failure: LaresError | None = None
        async with asyncio.TaskGroup() as group:
            running = group.create_task(link.run(), name=f"satellite {self.name}")
            try:
                await self._greet(link)
                self._link, self._complaint = link, ""
                log.info("the satellite %s is connected", self.name)
                link.push(Event("run-satellite"))
                await attend(self)
            except LaresError as error:  # not to be wrapped in a group
                failure = error
            finally:
                self._link = None
                running.cancel()
        if failure is not None:
            raise failure
        log.info("the satellite %s is gone", self.name)

    async def _greet(self, link: Link) -> None:
        """Know where it stands before anybody speaks to it; an old one may not say."""
        link.push(Event("describe"))
        try:
            async with asyncio.timeout(DESCRIBE_S):
                await link.described.wait()
        except TimeoutError:
            if link.gone.is_set():
                raise Temporary("it hung up") from None

    def _complain(self, why: str) -> None:
        if why != self._complaint:
            self._complaint = why
            log.warning(
                "no satellite %s at %s: %s; trying again", self.name, self._settings.url, why
            )


def _told(link: Link, sign: Sign) -> list[Event]:
    """What a satellite understands of a sign."""
    understood = [
        Event("voice-stopped", {"timestamp": None}),
        Event("transcript", {"text": ""}),
    ]
    events: list[Event] = []
    match sign:
        case Sign.LISTENING if not link.wakes:
            events = [Event("detection", {"name": None, "timestamp": None})]
        case Sign.THINKING:  # one that cannot be told to listen on does so, for what is asked back
            events = understood if link.triggers or not link.wakes else understood[:1]
        case Sign.IDLE if link.triggers:
            events = [Event("run-pipeline", {"start_stage": "wake", "end_stage": "tts"})]
        case Sign.IDLE if link.streaming and link.wakes:
            events = understood[1:]
        case Sign.ERROR:
            events = [Event("error", {"text": "it failed", "code": "lares"})]
    return events


def _address(name: str, url: str) -> tuple[str, int]:
    found = address(url)
    if found is None:
        raise ConfigError(
            f"the address of the satellite {name} is not one: {url[:80]!r}",
            remedy=f'set satellites.{name}.url, e.g. "tcp://192.168.1.30:10700"',
        )
    return found
