"""This machine as a satellite: its microphone and loudspeaker for a bigger box or Home Assistant.

The server connects, says run-satellite, and is sent what is said after the wake word (or all that
is said, where the server listens for the wake word); it sends back what is to be played.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from array import array
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing

from laresd.config import Config
from laresd.errors import LaresError, Refused
from laresd.frames.wyoming import Event, audio
from laresd.frontends.wyoming.doors import Connection, told
from laresd.frontends.wyoming.info import FORM, Offered, satellite
from laresd.frontends.wyoming.playing import Player
from laresd.ports import AudioSink, AudioSource, Clock, Listener, Signs
from laresd.sound import level_dbfs
from laresd.turns import Sign
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE, Heard, HeardKind, Json

log = logging.getLogger(__name__)

IDLE_FRAMES = 8  # heard at once while the wake word is waited for
BUSY_FRAMES = 2  # sent at once
LONGEST_S = 60.0  # that is streamed after a wake word, for a server that never ends it
QUIET_S = 15.0  # without an event, after which another server may take its place
SILENCE = "lares-silence"  # the user-event that ends what plays; the protocol has none of its own
RINGS = 3
_FRAME_BYTES = 2 * FRAME_SAMPLES


class SatelliteRole:
    """Call it for each client; keep `run` running. `listener` None: the server listens for the
    wake word. It serves one server at a time.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        source: AudioSource,
        sink: AudioSink,
        listener: Listener | None,
        *,
        wake_words: Callable[[], Sequence[Offered]],
        signs: Signs,
    ) -> None:
        self._config = config
        self._clock = clock
        self._source = source
        self._listener = listener
        self._wake_words = wake_words
        self._signs = signs
        self._player = Player(sink, self._played)
        self._server: Connection | None = None
        self._spoke = 0.0  # when the server did last
        self._streaming_since: float | None = None
        self._sample = 0  # of the microphone, since the start
        self._listened = 0  # samples that the listener has had since its reset
        self._answers: dict[str, Callable[[Event], Awaitable[None]]] = {
            "pause-satellite": self._pause,
            "run-pipeline": self._asked_to_run,
            "transcript": self._understood,
            "error": self._failed,
            "detection": self._shown(Sign.LISTENING),
            "voice-stopped": self._shown(Sign.THINKING),
            "timer-finished": self._ring,
        }

    async def __call__(self, client: Connection) -> None:
        """Until the client has no more. Raises for what is no event, and what the network does."""
        try:
            while (event := await client.receive()) is not None:
                try:
                    await self._take(client, event)
                except LaresError as error:
                    log.info("%s of the server failed: %s", event.type, error.message)
                    await client.send(told(error))
        finally:
            if self._server is client:
                self._lose()

    async def run(self) -> None:
        """Listen and play until cancelled. Raises Permanent where there can be no microphone."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._player.run(), name="what the server sends")
            group.create_task(self._microphone(), name="microphone")

    @property
    def served(self) -> bool:
        """Whether a server uses it now."""
        return self._server is not None

    @property
    def streaming(self) -> bool:
        return self._streaming_since is not None

    async def _take(self, client: Connection, event: Event) -> None:
        if self._server is client:
            self._spoke = self._clock.now()
        if event.type == "describe":
            words = self._wake_words() if self._listener is not None else ()
            box = self._config.box
            await client.send(satellite(box.name, box.area, words))
        elif event.type == "ping":
            await client.send(Event("pong", {"text": event.data.get("text")}))
        elif event.type == "run-satellite":
            await self._serve(client)
        elif self._server is not client:
            log.debug("%r of a client that is not the server is dropped", event.type[:40])
        elif event.type in ("audio-start", "audio-chunk", "audio-stop", "user-event"):
            self._sound(event)
        elif (answer := self._answers.get(event.type)) is not None:
            await answer(event)

    async def _serve(self, client: Connection) -> None:
        """A server that is gone may not have said so: one that says nothing is replaced."""
        old = self._server
        if old is not None and old is not client:
            silent = self._clock.now() - self._spoke > QUIET_S
            if old.peer != client.peer and not silent:
                raise Refused("another server uses this satellite", remedy="pause it there")
            self._lose()
            await old.close()
        log.info("this satellite is used by %s", client.peer or "this machine")
        self._server, self._spoke = client, self._clock.now()
        self._signs.show(Sign.IDLE, "")
        await self._listen_again()
        if self._listener is None:
            await self._stream("wake", restart=True)

    def _lose(self) -> None:
        log.info("this satellite's server has gone")
        self._server, self._streaming_since = None, None
        self._player.silence()
        self._signs.show(Sign.IDLE, "")

    async def _pause(self, event: Event) -> None:
        await self._stop_streaming()
        self._lose()

    async def _asked_to_run(self, event: Event) -> None:
        """The server wants to hear what is said now, as if the wake word had been said, or not."""
        stage = event.fields.text("start_stage")
        if stage == "asr":
            await self._stream("asr")
        elif stage == "wake":
            if self._listener is not None:
                await self._stop_streaming()
            self._signs.show(Sign.IDLE, "")

    async def _understood(self, event: Event) -> None:
        if self._listener is not None:
            await self._stop_streaming()
        self._signs.show(Sign.THINKING, "")

    async def _failed(self, event: Event) -> None:
        if self._listener is not None:
            await self._stop_streaming()
        self._signs.show(Sign.ERROR, "")

    def _shown(self, sign: Sign) -> Callable[[Event], Awaitable[None]]:
        async def show(event: Event) -> None:
            self._signs.show(sign, "")

        return show

    async def _ring(self, event: Event) -> None:
        self._player.add(_bell() * RINGS)
        self._player.stop()

    def _sound(self, event: Event) -> None:
        if event.type == "audio-start":
            self._signs.show(Sign.SPEAKING, "")
            self._player.start(event)
        elif event.type == "audio-chunk":
            self._player.chunk(event)
        elif event.type == "audio-stop":
            self._player.stop()
        elif event.data.get("name") == SILENCE:
            self._player.silence()

    async def _played(self) -> None:
        if self._server is not None:
            with contextlib.suppress(OSError, LaresError):
                await self._server.send(Event("played"))
        if not self._player.busy:
            self._signs.show(Sign.LISTENING if self._awaited else Sign.IDLE, "")

    @property
    def _awaited(self) -> bool:
        """Whether somebody is listened to who has said the wake word."""
        return self.streaming and self._listener is not None

    async def _stream(self, stage: str, *, word: str = "", restart: bool = False) -> None:
        """Begin to send what is said."""
        if self._server is None:
            return
        self._streaming_since = self._clock.now()
        run: dict[str, Json] = {
            "start_stage": stage,
            "end_stage": "tts",
            "restart_on_end": restart,
            **({"wake_word_name": word} if word else {}),
        }
        await self._server.send(Event("run-pipeline", run), Event("streaming-started"))
        if stage == "asr":
            self._signs.show(Sign.LISTENING, "")

    async def _stop_streaming(self) -> None:
        if not self.streaming:
            return
        self._streaming_since = None
        if self._server is not None:
            await self._server.send(Event("streaming-stopped"))
        await self._listen_again()

    async def _listen_again(self) -> None:
        self._listened = 0
        if self._listener is not None:
            with contextlib.suppress(LaresError):  # the next sound will tell
                await self._listener.reset()

    async def _microphone(self) -> None:
        batch = bytearray()

        def missing() -> int:
            return max(1, self._at_once() - len(batch) // _FRAME_BYTES)

        async with aclosing(self._source.frames(missing)) as frames:
            async for frame in frames:
                batch += frame
                if len(batch) // _FRAME_BYTES < self._at_once():
                    continue
                pcm = bytes(batch)
                batch.clear()
                self._sample += len(pcm) // 2
                try:
                    await self._hear(pcm)
                except (LaresError, OSError) as error:
                    log.info("what was said could not be sent: %s", error)
                    self._streaming_since = None

    def _at_once(self) -> int:
        return BUSY_FRAMES if self.streaming else IDLE_FRAMES

    async def _hear(self, pcm: bytes) -> None:
        if self._server is None:
            return
        if self.streaming:
            await self._send(pcm)
        elif self._listener is not None:
            await self._listen(self._listener, pcm)

    async def _send(self, pcm: bytes) -> None:
        since = self._streaming_since
        if self._server is None or since is None:
            return
        at = (self._sample - len(pcm) // 2) * 1000 // SAMPLE_RATE
        await self._server.send(*audio(pcm, FORM, begin_ms=at))
        if self._listener is not None and self._clock.now() - since > LONGEST_S:
            log.warning(
                "the server has not ended what it listens to; the wake word is needed again"
            )
            await self._server.send(Event("audio-stop"))
            await self._stop_streaming()
            self._signs.show(Sign.IDLE, "")

    async def _listen(self, listener: Listener, pcm: bytes) -> None:
        self._listened += len(pcm) // 2
        for heard in await listener.hear(pcm):
            if heard.kind is HeardKind.WAKE:
                await self._woken(heard, pcm)
                return

    async def _woken(self, heard: Heard, pcm: bytes) -> None:
        """What was said after the wake word goes out with what comes next."""
        if self._server is None:
            return
        self._player.silence()
        after = min(max(0, self._listened - heard.sample), len(pcm) // 2)
        at = (self._sample - after) * 1000 // SAMPLE_RATE
        context: dict[str, Json] = {"loudness_dbfs": level_dbfs(pcm)}  # who is nearest answers
        told: dict[str, Json] = {"name": heard.name, "timestamp": at, "context": context}
        await self._server.send(Event("detection", told))
        await self._stream("asr", word=heard.name)
        if after:
            await self._send(pcm[-2 * after :])


def _bell() -> bytes:
    """A second: a tone that dies away, and a pause."""
    tone = [
        round(9000 * math.exp(-n / 2400) * math.sin(2 * math.pi * 880 * n / SAMPLE_RATE))
        for n in range(SAMPLE_RATE)
    ]
    return array("h", tone).tobytes()
