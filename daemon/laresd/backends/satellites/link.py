"""One connection to a satellite: what it hears and tells, and what it is sent."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from laresd.backends.audio.ring import FRAME_BYTES, Ring
from laresd.errors import LaresError, Temporary
from laresd.frames.wyoming import Bounds, Event, Format, encode, format_of, read
from laresd.sound import Intake
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE

log = logging.getLogger(__name__)

BOUNDS = Bounds(payload=1 << 20)
WAITING = 256  # events that wait to be sent: a satellite that takes nothing is gone
PING_S = 5.0  # between two looks whether it is there
SILENT_S = 15.0  # without an event, after which it is gone; some answer no ping, and say nothing
FRAME_S = FRAME_SAMPLES / SAMPLE_RATE
WAKE_WORD = "wake word"  # of a satellite that does not name it
SILENCE = "lares-silence"  # the user-event that ends what plays; the protocol has none of its own


@dataclass(frozen=True, slots=True)
class Detected:
    """A wake word that the satellite heard itself. `loudness`: dBFS, None where it does not say."""

    name: str
    loudness: float | None = None


class Link:
    """Keep `run` running. `heard`: its microphone, which ends with the connection."""

    def __init__(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.heard = Ring(seconds=8.0)
        self.detected: Detected | None = None  # that nobody has taken notice of
        self.wakes = False  # it listens for its wake word itself
        self.triggers = False  # it can be told to listen
        self.area = ""
        self.streaming = False
        self.played = asyncio.Event()
        self.gone = asyncio.Event()
        self.described = asyncio.Event()
        self.quiet = asyncio.Event()  # silence is heard where nothing comes
        self._name = name
        self._reader = reader
        self._writer = writer
        self._outgoing: asyncio.Queue[Event] = asyncio.Queue(WAITING)
        self._form: Format | None = None
        self._intake: Intake | None = None
        self._word = ""  # of the detection that a run-pipeline follows
        self._asked = False  # to listen on, without a wake word
        self._answers_pings = False

    def push(self, *events: Event) -> None:
        """Send them soon. Returns at once; a satellite that takes nothing is given up."""
        for event in events:
            try:
                self._outgoing.put_nowait(event)
            except asyncio.QueueFull:
                self._writer.transport.abort()

    async def send(self, *events: Event) -> None:
        """As `push`, as fast as it takes them. Raises Temporary when it is gone."""
        for event in events:
            if self.gone.is_set():
                raise Temporary(f"the satellite {self._name} is gone")
            await self._outgoing.put(event)

    async def run(self) -> None:
        """Until the satellite is gone."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(each) for each in (self._write(), self._ping(), self._rest())
            ]
            try:
                await self._read()
            except (LaresError, OSError, TimeoutError) as error:
                log.debug("the satellite %s: %s", self._name, error)
            finally:
                self.gone.set()
                self.played.set()
                self.heard.end()
                self._writer.transport.abort()
                for task in tasks:
                    task.cancel()

    async def _read(self) -> None:
        while True:
            async with asyncio.timeout(SILENT_S if self._answers_pings else None):
                event = await read(self._reader, BOUNDS)
            if event is None:
                return
            try:
                self._take(event)
            except LaresError as error:  # an event that makes no sense costs only itself
                log.info("%s of the satellite %s: %s", event.type, self._name, error.message)

    async def _write(self) -> None:
        try:
            while True:
                self._writer.write(encode(await self._outgoing.get()))
                async with asyncio.timeout(SILENT_S):
                    await self._writer.drain()
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_S)
            self.push(Event("ping", {"text": "lares"}))

    async def _rest(self) -> None:
        """A turn goes on by what is heard: where nothing comes, silence is."""
        while True:
            await self.quiet.wait()
            if not self.streaming:
                self.heard.write(bytes(FRAME_BYTES))
            await asyncio.sleep(FRAME_S)

    def _take(self, event: Event) -> None:
        match event.type:
            case "audio-chunk":
                self._hear(event)
            case "detection":
                self._detect(event)
            case "run-pipeline":
                self._begin(event)
            case "audio-stop" | "streaming-stopped":
                self._end()
            case "played":
                self.played.set()
            case "pong":
                self._answers_pings = True
            case "ping":
                self.push(Event("pong", {"text": event.data.get("text")}))
            case "info":
                self._describe(event)
            case "error":
                log.warning("the satellite %s says: %.200s", self._name, event.data.get("text"))

    def listen_on(self) -> None:
        """Have it send what is said now, as after its wake word."""
        self._asked = True
        self.push(Event("run-pipeline", {"start_stage": "asr", "end_stage": "tts"}))

    def _hear(self, event: Event) -> None:
        form = format_of(event)
        if form != self._form or self._intake is None:
            self._form, self._intake = form, Intake(form.rate, form.width, form.channels)
        self.streaming = True
        self.heard.write(self._intake.feed(event.payload))

    def _detect(self, event: Event) -> None:
        self._word = event.fields.text("name", "") or WAKE_WORD
        context = event.fields.row("context")
        loudness = context.real("loudness_dbfs", 0.0) if context is not None else 0.0
        self.detected = Detected(self._word, loudness if loudness < 0 else None)

    def _begin(self, event: Event) -> None:
        """What comes now follows a wake word, where it begins at `asr` and was not asked for: some
        satellites say no more of their wake word than that, or than its name here.
        """
        self.wakes = event.fields.text("start_stage") != "wake"
        if self.wakes and self.detected is None and not self._asked:
            word = event.fields.text("wake_word_name", "") or self._word
            self.detected = Detected(word or WAKE_WORD)
        self._word, self._asked = "", False

    def _end(self) -> None:
        self.streaming = False
        self.heard.flush()

    def _describe(self, event: Event) -> None:
        told = event.fields.row("satellite")
        if told is not None:
            self.area = told.text("area", "")
            self.triggers = told.flag("supports_trigger", default=False)
            self.wakes = bool(told.texts("active_wake_words") or event.data.get("wake"))
        self.described.set()
