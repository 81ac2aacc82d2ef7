"""What was said in a turn: a transcription that may be thrown away, and what its text is worth."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from laresd.errors import LaresError
from laresd.frontends.voice import wording
from laresd.frontends.voice.languages import asked_of_model, one_of, spoken
from laresd.frontends.voice.parts import Parts
from laresd.frontends.voice.phrase import after_phrase
from laresd.turns import Transcribed, Wholeness
from laresd.types import AUTO, SAMPLE_RATE, Span, Transcript

log = logging.getLogger(__name__)

FALLBACK = "en"  # where the language is to be found out, and was not


@dataclass(slots=True)
class Job:
    """One transcription. `command`: what of its text may be acted on, in `language`. `ahead`: gets
    ready to answer it while it may still be going on.
    """

    number: int
    task: asyncio.Task[None] | None = None
    ahead: asyncio.Task[None] | None = None
    heard: Transcript | None = None
    command: str = ""
    language: str = FALLBACK
    error: LaresError | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """`phrase`: must begin what is said, "" for nothing. `addressed`: Lares is spoken to in any
    case. `waits`: the reply before waits for an answer. `language`: in which this is said, "" where
    that is to be found out. `goes_on`: only where it goes on with what was said before it.
    """

    phrase: str
    addressed: bool
    waits: bool
    language: str = ""
    goes_on: bool = False


OnPhrase = Callable[[], Awaitable[bool]]
"""The wake phrase was said: whether it is for this box."""

Whole = Callable[[str, str], Awaitable[Wholeness]]
"""(text, language) -> whether it is all."""


class Scribe:
    """Writes down what is said to one ear. `language` "": those that are spoken to the box; AUTO:
    any that there is.
    """

    def __init__(self, parts: Parts, language: str) -> None:
        self._parts = parts
        self._among = () if language == AUTO else (language,) if language else spoken(parts.config)
        self._asks = asked_of_model(self._among) if self._among else AUTO

    @property
    def language(self) -> str:
        """For what is said when nobody has spoken yet."""
        return self._among[0] if self._among else FALLBACK

    def language_of(self, heard: Transcript) -> str:
        """In which it is understood and answered."""
        if not self._among:
            return heard.language or FALLBACK
        return one_of(heard.language, self._among) or self.language

    async def read(self, pcm: bytes, language: str = "") -> Transcript:
        """In this language, or in that which is found; what seems to be in none that is spoken
        here is read as the first one. Raises what the transcriber raises.
        """
        heard = await self._read(pcm, language or self._asks)
        strange = heard.text and heard.language and not one_of(heard.language, self._among)
        if self._asks == AUTO and not language and self._among and strange:
            heard = await self._read(pcm, self.language)
        return heard

    async def _read(self, pcm: bytes, language: str) -> Transcript:
        deadline = self._parts.clock.now() + self._parts.config.speech_to_text.timeout_s
        hints = self._parts.hints(language)
        return await self._parts.transcriber.transcribe(
            pcm, language=language, deadline=deadline, hints=hints
        )

    async def write(
        self, job: Job, pcm: bytes, expected: Expected, on_phrase: OnPhrase, whole: Whole
    ) -> Transcribed:
        """What the turn machine is to know; the rest is kept in the job."""
        begun = self._parts.clock.now()
        try:
            heard = await self.read(pcm, expected.language)
            event = await self._judge(job, heard, expected, on_phrase, whole)
        except LaresError as error:
            log.warning("nothing was transcribed: %s", error)
            job.error = error
            asked = (expected.addressed or not expected.phrase) and not expected.goes_on
            event = Transcribed(job.number, "", failed=asked, addressed=asked)
        detail = {"audio_ms": round(len(pcm) / 2 * 1000 / SAMPLE_RATE)}
        job.span = Span("transcribe", begun, self._parts.clock.now(), detail)
        return event

    async def _judge(
        self, job: Job, heard: Transcript, expected: Expected, on_phrase: OnPhrase, whole: Whole
    ) -> Transcribed:
        job.language = expected.language or self.language_of(heard)
        phrase = expected.phrase
        rest = after_phrase(heard.text, phrase) if phrase else None
        if rest is not None:
            if not await on_phrase():
                return Transcribed(job.number, "", addressed=False)
            heard = replace(heard, text=rest)
            if not rest:
                job.heard = heard
                return Transcribed(job.number, "", wake_only=True)
        elif not _is_addressed(expected, heard.text, job.language):
            return Transcribed(job.number, "", addressed=False)
        doubt = self._doubt(heard, job.language, waits=expected.waits)
        if doubt:
            job.heard = replace(heard, text="", reason=doubt)
            return Transcribed(job.number, "")
        job.heard, job.command = heard, heard.text
        wholeness = await whole(heard.text, job.language)
        return Transcribed(job.number, heard.text, wholeness=wholeness)

    def _doubt(self, heard: Transcript, language: str, *, waits: bool) -> str:
        if not heard.text:
            return heard.reason or "no words were heard"
        judge = (waits and self._parts.answer_doubt) or self._parts.doubt
        doubt = judge(heard, language)
        if doubt and waits:  # it may have been a PIN
            return doubt
        return f"{doubt}: “{heard.text}”" if doubt else ""


def _is_addressed(expected: Expected, text: str, language: str) -> bool:
    """Of what was said without the wake phrase."""
    if expected.goes_on:
        return wording.goes_on(text, language)
    return expected.addressed or not expected.phrase
