"""The handlers of the box's ears and voice for programs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from laresd.errors import LaresError, Temporary
from laresd.frontends.http import transcripts
from laresd.frontends.http.audio import (
    Audio,
    Means,
    Segment,
    SpeechAsked,
    TranscriptionAsked,
    read_listen,
    read_speech,
    read_transcription,
)
from laresd.frontends.http.encoding import CONTENT_TYPES, encoder
from laresd.frontends.http.faults import Rejected
from laresd.frontends.http.multipart import read_form
from laresd.frontends.http.services import Services, missing
from laresd.frontends.http.terms import Terms, read_terms
from laresd.frontends.http.text import read_body
from laresd.frontends.http.wire import (
    DONE,
    ByteStream,
    Call,
    EventStream,
    Reply,
    encoded,
    event,
)
from laresd.sentences import sentences
from laresd.sound import Sound, read_wav
from laresd.types import SAMPLE_RATE

AUDIO_BYTES = 16 << 20  # of a recording: 8 minutes as Lares hears it
MAX_SECONDS = 600.0


class AudioHandlers:
    """`Services.audio` None: each of them says that there is none."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def transcribe(self, call: Call) -> Reply | EventStream:
        audio, terms = self._audio(), read_terms(call.headers)
        form = await asyncio.to_thread(read_form, call.headers.get("content-type", ""), call.body)
        asked = read_transcription(form, terms, self._services.models())
        sound = await asyncio.to_thread(_sound, asked.wav)
        segments = audio.transcribe(
            sound.pcm,
            language=asked.language,
            hints=asked.hints,
            means=self._means(terms, asked),
        )
        if asked.stream:
            return EventStream(_events(segments, sound.seconds))
        async with aclosing(segments):
            found = [segment async for segment in segments]
        return transcripts.told(asked.form, found, seconds=sound.seconds, language=asked.language)

    async def translate(self, call: Call) -> Reply:
        raise Rejected(
            "speech is not translated here, only written down",
            code="not_offered",
            remedy="transcribe it (/v1/audio/transcriptions), and have the text translated "
            "(/v1/chat/completions)",
        )

    async def speak(self, call: Call) -> ByteStream:
        audio, terms = self._audio(), read_terms(call.headers)
        asked = read_speech(await read_body(call.body), terms, self._services.models())
        means = self._means(terms, asked)
        return ByteStream(_spoken(audio, asked, means), CONTENT_TYPES[asked.encoding])

    async def listen(self, call: Call) -> Reply:
        seconds, site = read_listen(await read_body(call.body or b"{}"))
        if self._services.listening is None:
            raise missing("microphone", "set audio.enabled")
        await self._services.listening.open_ear(seconds, site=site)
        return Reply(body=encoded({"status": "listening"}))

    def _audio(self) -> Audio:
        if self._services.audio is None:
            raise missing("ear and voice for programs", "set speech_to_text and speech")
        return self._services.audio

    def _means(self, terms: Terms, asked: TranscriptionAsked | SpeechAsked) -> Means:
        deadline = self._services.clock.now() + terms.seconds
        return Means(deadline, terms.priority, asked.routing)


def _sound(wav: bytes) -> Sound:
    """Raises Rejected for what is no recording."""
    try:
        return read_wav(wav, max_seconds=MAX_SECONDS)
    except LaresError as error:
        raise Rejected(
            error.message, code="invalid_audio", param="file", remedy=error.remedy
        ) from None


async def _events(
    segments: AsyncGenerator[Segment, None], seconds: float
) -> AsyncGenerator[bytes, None]:
    found: list[Segment] = []
    async with aclosing(segments):
        async for segment in segments:
            found.append(segment)
            yield event(transcripts.delta(segment))
    yield event(transcripts.done(found, seconds))
    yield DONE


async def _spoken(audio: Audio, asked: SpeechAsked, means: Means) -> AsyncGenerator[bytes, None]:
    """Sentence by sentence, each as soon as it is there."""
    made = await asyncio.to_thread(encoder, asked.encoding)
    seconds = 0.0
    for sentence in sentences(asked.text):
        pcm = await audio.speak(sentence, language=asked.language, means=means)
        seconds += len(pcm) / 2 / SAMPLE_RATE
        if data := await asyncio.to_thread(made.feed, pcm):
            yield data
    if not seconds:
        raise Temporary("the voice said nothing", remedy="ask again")
    yield await asyncio.to_thread(made.end)
