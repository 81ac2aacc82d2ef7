"""What was said in a turn: a transcription that may be thrown away, and what its text is worth."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from laresd.errors import LaresError
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
    case. `waits`: the reply before waits for an answer.
    """

    phrase: str
    addressed: bool
    waits: bool


OnPhrase = Callable[[], Awaitable[bool]]
"""The wake phrase was said: whether it is for this box."""

Whole = Callable[[str, str], Awaitable[Wholeness]]
"""(text, language) -> whether it is all."""


class Scribe:
    """Writes down what is said to one ear. `language` may be AUTO."""

    def __init__(self, parts: Parts, language: str) -> None:
        self._parts = parts
        self._language = language

    @property
    def language(self) -> str:
        """For what is said when nobody has spoken yet."""
        return FALLBACK if self._language == AUTO else self._language

    async def read(self, pcm: bytes) -> Transcript:
        """Raises what the transcriber raises."""
        deadline = self._parts.clock.now() + self._parts.config.speech_to_text.timeout_s
        return await self._parts.transcriber.transcribe(
            pcm,
            language=self._language,
            deadline=deadline,
            hints=self._parts.hints(self.language),
        )

    async def write(
        self, job: Job, pcm: bytes, expected: Expected, on_phrase: OnPhrase, whole: Whole
    ) -> Transcribed:
        """What the turn machine is to know; the rest is kept in the job."""
        begun = self._parts.clock.now()
        try:
            heard = await self.read(pcm)
            event = await self._judge(job, heard, expected, on_phrase, whole)
        except LaresError as error:
            log.warning("nothing was transcribed: %s", error)
            job.error = error
            asked = expected.addressed or not expected.phrase
            event = Transcribed(job.number, "", failed=asked, addressed=asked)
        detail = {"audio_ms": round(len(pcm) / 2 * 1000 / SAMPLE_RATE)}
        job.span = Span("transcribe", begun, self._parts.clock.now(), detail)
        return event

    async def _judge(
        self, job: Job, heard: Transcript, expected: Expected, on_phrase: OnPhrase, whole: Whole
    ) -> Transcribed:
        job.language = self.language if self._language != AUTO else heard.language or FALLBACK
        phrase = expected.phrase
        rest = after_phrase(heard.text, phrase) if phrase else None
        if rest is not None:
            if not await on_phrase():
                return Transcribed(job.number, "", addressed=False)
            heard = replace(heard, text=rest)
            if not rest:
                job.heard = heard
                return Transcribed(job.number, "", wake_only=True)
        elif phrase and not expected.addressed:
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
