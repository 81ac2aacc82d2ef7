"""The answer to what was said in a turn, and how it is spoken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from laresd.errors import LaresError
from laresd.frontends.voice import wording
from laresd.frontends.voice.ear import Ear
from laresd.frontends.voice.mouth import Mouth
from laresd.frontends.voice.parts import Parts
from laresd.frontends.voice.record import Record
from laresd.frontends.voice.speaking import Script, speak
from laresd.frontends.voice.transcribing import Job
from laresd.turns import Event, ReplyBegun, ReplyReady
from laresd.types import Priority, Reply, ReplyKind, Request, Transcript

log = logging.getLogger(__name__)

GRACE_S = 1.0  # beyond the request's deadline, for an assistant that answers at the last moment


def request_of(parts: Parts, ear: Ear, turn_id: str, text: str, language: str) -> Request:
    """What is said to an ear, as it is asked."""
    return Request(
        id=turn_id,
        text=text,
        language=language,
        deadline=parts.clock.now() + parts.answer_seconds,
        source="voice",
        priority=Priority.VOICE,
        area=ear.area,
        site=ear.site,
    )


class Answering:
    """One reply: `run` gets it, `speak` says it, which may begin before all of it is there."""

    def __init__(self, parts: Parts, mouth: Mouth, record: Record, job: Job) -> None:
        self.job = job
        self._parts = parts
        self._mouth = mouth
        self._record = record
        self._script = Script()
        self._told: list[str] = []

    async def run(
        self, request: Request, step: Callable[[Event], None], *, guesses: bool = False
    ) -> ReplyReady:
        """Ask, and note the reply. `step` learns of its first sentence, where that comes early. It
        `guesses` that this was said to Lares: what is not understood was not, and nothing is said.
        """

        def tell(sentence: str) -> None:
            self._told.append(sentence)
            self._script.add(sentence)
            if len(self._told) == 1:
                step(ReplyBegun(self.job.number))

        if self.job.error:
            text = wording.cannot_hear(self.job.language)
            reply = Reply(self._record.id, ReplyKind.FAILED, text)
        else:
            reply = await self._reply(request, tell)
        silent = guesses and reply.kind is ReplyKind.NOT_UNDERSTOOD
        if not silent and (not self._told or reply.kind is ReplyKind.FAILED):
            self._script.add(reply.text)
        self._script.end()
        self._record.reply = reply
        self._record.secret = reply.secret
        waits = reply.kind is ReplyKind.QUESTION
        asks = waits or reply.text.rstrip().endswith(("?", "？"))
        return ReplyReady(self.job.number, asks=asks, waits=waits)

    async def speak(self) -> None:
        """Say it to its end; cancelling stops the sound."""
        record, clock = self._record, self._parts.clock
        begun = clock.now()
        sounds: list[float] = []
        async with self._mouth.word() as sink:
            await speak(
                self._parts,
                sink,
                self._script,
                self.job.language,
                lambda: sounds.append(clock.now()),
            )
        if sounds:
            record.note("reply", begun, sounds[0])
            record.note("speak", sounds[0], clock.now())

    async def one_moment(self, is_wanted: Callable[[], bool]) -> None:
        """Say that it takes a while, if it does."""
        await asyncio.sleep(self._parts.config.turn.one_moment_ms / 1000)
        if not is_wanted():
            return
        async with self._mouth.word() as sink:
            language = self.job.language
            if is_wanted():
                script = Script(wording.one_moment(language))
                await speak(self._parts, sink, script, language)

    def says(self, heard: Transcript) -> bool:
        """Whether the words may be its own, as the microphone hears them."""
        reply = self._record.reply.text if self._record.reply else " ".join(self._told)
        return wording.has_words(reply, heard.text)

    async def _reply(self, request: Request, tell: Callable[[str], None]) -> Reply:
        try:
            async with asyncio.timeout_at(request.deadline + GRACE_S):
                return await self._parts.assistant.answer(request, tell)
        except TimeoutError:
            self._record.trouble = "the assistant did not answer in time"
        except LaresError as error:
            self._record.trouble = error.message
        log.warning("turn %s failed: %s", self._record.id, self._record.trouble)
        return Reply(request.id, ReplyKind.FAILED, wording.failed(self.job.language))
