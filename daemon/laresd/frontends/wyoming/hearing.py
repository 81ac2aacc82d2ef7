"""What a client lets the box hear: transcribed, or listened through for wake words.

An utterance is transcribed whole when it has ended; one that goes on is transcribed while it is
still being said. A client that sends faster than anybody speaks has a recording: nobody waits for
its voice to stop, and it is transcribed whole.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from laresd.errors import LaresError, Permanent, Refused
from laresd.frames.wyoming import Event, Format, format_of
from laresd.frontends.wyoming.doors import Connection
from laresd.frontends.wyoming.services import Services
from laresd.frontends.wyoming.voice import VoiceEdges
from laresd.ports import Listener
from laresd.sound import Intake
from laresd.types import SAMPLE_RATE, HeardKind, Json

log = logging.getLogger(__name__)

DICTATE_S = 8.0  # of speech, from which on its transcript comes while it is said
AHEAD_S = 1.0  # that live sound may be ahead of the clock
WAITING = 64  # pieces of sound that a dictation has not read yet
CLIP_S = 30.0  # of sound, for which speech_to_text.timeout_s is meant


@dataclass(frozen=True, slots=True)
class _Wanted:
    """`words`: wake words to detect, empty for any; None: a transcript is wanted."""

    words: tuple[str, ...] | None = None
    language: str = ""
    hints: tuple[str, ...] = ()


@dataclass(slots=True)
class _Stream:
    """Sound from its start to its stop. Times are monotonic seconds."""

    begun: float
    edges: VoiceEdges
    form: Format | None = None
    intake: Intake | None = None
    begins_ms: int = 0  # the client's time of the first sample
    pcm: bytearray = field(default_factory=bytearray)  # for the transcript
    samples: int = 0
    detected: bool = False
    dictating: _Dictating | None = None
    followed: bool = True  # for the voice in it

    def ms(self, sample: int) -> int:
        return self.begins_ms + sample * 1000 // SAMPLE_RATE


class Hearing:
    """`tasks`: of the client. Raises, from all of its methods, what the client is to be told."""

    def __init__(self, services: Services, client: Connection, tasks: asyncio.TaskGroup) -> None:
        self._services = services
        self._client = client
        self._tasks = tasks
        self._wanted = _Wanted()
        self._stream: _Stream | None = None
        self._listener: Listener | None = None

    async def transcribe(self, event: Event) -> None:
        """The sound that follows is to be transcribed."""
        told = event.fields
        names = (*told.texts("transcript_names"), *told.texts("transcript_terms"))
        self._wanted = _Wanted(None, _tag(told.text("language", "")), names)

    async def detect(self, event: Event) -> None:
        """The sound that follows is to be listened through for wake words."""
        offered = [word.name for word in self._services.offer().wake_words]
        words = event.fields.texts("names") if event.data.get("names") else ()
        if missing := [word for word in words if word not in offered]:
            raise Permanent(
                f"there is no wake word {missing[0]!r}",
                remedy="there is: " + (", ".join(offered) or "none"),
            )
        self._wanted = _Wanted(words)

    async def start(self, event: Event) -> None:
        await self._begin(format_of(event))

    async def chunk(self, event: Event) -> None:
        stream = self._stream or await self._begin(format_of(event))
        form = format_of(event)
        if stream.form != form or stream.intake is None:
            stream.form, stream.intake = form, Intake(form.rate, form.width, form.channels)
        if not stream.samples:
            stream.begins_ms = event.fields.integer("timestamp", 0)
        await self._hear(stream, stream.intake.feed(event.payload))

    async def stop(self) -> None:
        """Answer what was wanted. Without any sound that is: nothing was heard."""
        stream, self._stream = self._stream, None
        stream = stream or self._fresh()
        if stream.intake is not None:
            await self._hear(stream, stream.intake.end())
        if self._wanted.words is None:
            await self._transcript(stream)
        elif not stream.detected:
            await self._client.send(Event("not-detected"))

    async def close(self) -> None:
        """Give up what goes on."""
        self._drop()
        if self._listener is not None:
            try:
                await self._listener.close()
            except LaresError as error:  # a worker that is away keeps nothing
                log.debug("a listener was not freed: %s", error)

    async def _begin(self, form: Format) -> _Stream:
        self._drop()
        self._stream = stream = self._fresh()
        stream.form, stream.intake = form, Intake(form.rate, form.width, form.channels)
        if self._listener is not None:
            await self._listener.reset()
        return stream

    def _fresh(self) -> _Stream:
        turn = self._services.config.turn
        edges = VoiceEdges(turn.vad_threshold, turn.end_silence_ms)
        return _Stream(self._services.clock.now(), edges)

    def _drop(self) -> None:
        if self._stream is not None and self._stream.dictating is not None:
            self._stream.dictating.cancel()
        self._stream = None

    async def _hear(self, stream: _Stream, pcm: bytes) -> None:
        if not pcm:
            return
        stream.samples += len(pcm) // 2
        if self._wanted.words is not None:
            await self._listen(stream, pcm)
            return
        ahead = stream.samples / SAMPLE_RATE - (self._services.clock.now() - stream.begun)
        live = ahead <= AHEAD_S
        await self._keep(stream, pcm, live=live)
        stream.followed = stream.followed and live
        if stream.followed:
            try:
                await self._listen(stream, pcm)
            except LaresError as error:  # the transcript does not need it
                log.info("the voice in a client's sound is not followed: %s", error)
                stream.followed = False

    async def _keep(self, stream: _Stream, pcm: bytes, *, live: bool) -> None:
        """For the transcript."""
        if stream.dictating is not None:
            await stream.dictating.hear(pcm)
            return
        stream.pcm += pcm
        seconds = len(stream.pcm) / 2 / SAMPLE_RATE
        if live and seconds >= DICTATE_S and self._services.dictation is not None:
            stream.dictating = _Dictating(self._services, self._client, self._tasks, self._wanted)
            await stream.dictating.hear(bytes(stream.pcm))
            stream.pcm.clear()
        elif seconds > self._client.limits.audio_s:
            self._drop()
            raise Refused(
                f"a recording of more than {self._client.limits.audio_s:g} s",
                remedy="send it in parts, or as it is recorded",
            )

    async def _listen(self, stream: _Stream, pcm: bytes) -> None:
        """Tell of wake words, where they are wanted, and of the voice."""
        if self._listener is None:
            self._listener = self._services.listener(f"wyoming {self._client.number}")
        for heard in await self._listener.hear(pcm):
            if heard.kind is HeardKind.SPEECH:
                if edge := stream.edges.frame(heard.score, heard.sample):
                    kind, since = edge
                    await self._client.send(Event(str(kind), {"timestamp": stream.ms(since)}))
            elif heard.kind is HeardKind.WAKE and self._wants(heard.name):
                stream.detected = True
                told: dict[str, Json] = {"name": heard.name, "timestamp": stream.ms(heard.sample)}
                await self._client.send(Event("detection", told))

    def _wants(self, word: str) -> bool:
        words = self._wanted.words
        return words is not None and (not words or word in words)

    async def _transcript(self, stream: _Stream) -> None:
        if stream.dictating is not None:
            text = await stream.dictating.finish()
            language = stream.dictating.language
        else:
            text, language = await self._whole(bytes(stream.pcm))
            await self._client.send(Event("transcript-start", _spoken(language)))
            if text:
                await self._client.send(Event("transcript-chunk", {"text": text}))
        await self._client.send(
            Event("transcript", {"text": text, **_spoken(language)}), Event("transcript-stop")
        )

    async def _whole(self, pcm: bytes) -> tuple[str, str]:
        """The text of an utterance, and its language."""
        services, language = self._services, self._wanted.language or self._services.language
        if not pcm:
            return "", language
        patience = services.config.speech_to_text.timeout_s
        patience *= max(1.0, len(pcm) / 2 / SAMPLE_RATE / CLIP_S)
        heard = await services.transcriber.transcribe(
            pcm,
            language=language,
            deadline=services.clock.now() + patience,
            hints=self._wanted.hints,
        )
        spoken = heard.language or language
        doubt = services.doubt(heard, spoken) if heard.text else heard.reason
        if doubt:
            log.info("nothing was transcribed for a client: %s", doubt)
        return ("" if doubt else heard.text), spoken


class _Dictating:
    """A transcript that goes out while the client's sound comes in."""

    def __init__(
        self, services: Services, client: Connection, tasks: asyncio.TaskGroup, wanted: _Wanted
    ) -> None:
        self.language = wanted.language or services.language
        self._services = services
        self._client = client
        self._hints = wanted.hints
        self._sound: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING)
        self._text = ""
        self._error: LaresError | OSError | None = None
        self._task = tasks.create_task(self._run(), name="dictation for a client")

    async def hear(self, pcm: bytes) -> None:
        """Waits where the speech model is slower than who speaks."""
        if self._error is not None:
            raise self._error
        await self._sound.put(pcm)

    async def finish(self) -> str:
        """The whole text, when all of it is known."""
        await self._sound.put(None)
        await self._task
        if self._error is not None:
            raise self._error
        return self._text

    def cancel(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        """Keeps what goes wrong for whoever sends the sound."""
        try:
            await self._dictate()
        except (LaresError, OSError) as error:
            self._error = error
            while await self._sound.get() is not None:
                pass

    async def _dictate(self) -> None:
        assert self._services.dictation is not None
        await self._client.send(Event("transcript-start", _spoken(self.language)))
        stream = self._services.dictation.stream(
            self._frames(), language=self.language, hints=self._hints
        )
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                self.language = piece.language or self.language
                self._text += piece.text
                if piece.text:
                    await self._client.send(Event("transcript-chunk", {"text": piece.text}))

    async def _frames(self) -> AsyncGenerator[bytes, None]:
        while (pcm := await self._sound.get()) is not None:
            yield pcm


def _spoken(language: str) -> dict[str, Json]:
    return {"language": language} if language else {}


def _tag(language: str) -> str:
    """As it is written in the configuration: en, zh-CN."""
    return language.replace("_", "-")
