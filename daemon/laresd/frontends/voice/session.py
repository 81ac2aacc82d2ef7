"""One source of sound and its turns: frames in, effects carried out, a record for each turn."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace

from laresd.errors import LaresError
from laresd.frontends.voice import wording
from laresd.frontends.voice.ear import Ear
from laresd.frontends.voice.mouth import Mouth
from laresd.frontends.voice.parts import MayAnswer, Parts, always
from laresd.frontends.voice.record import Record
from laresd.frontends.voice.speaking import speak
from laresd.frontends.voice.tape import Tape
from laresd.ports import Listener, Signs
from laresd.sound import level_dbfs
from laresd.turns import (
    Answer,
    Cancel,
    Close,
    Closing,
    Commit,
    Discard,
    Effect,
    Event,
    FrameHeard,
    Open,
    Phase,
    PlaybackEnded,
    ReplyReady,
    Sign,
    SourceEnded,
    Speak,
    Transcribe,
    Transcribed,
    WakeHeard,
)
from laresd.types import (
    SAMPLE_RATE,
    Heard,
    HeardKind,
    Priority,
    Reply,
    ReplyKind,
    Request,
    Span,
    Transcript,
    Turn,
)

log = logging.getLogger(__name__)

GRACE_S = 1.0  # beyond the request's deadline, for an assistant that answers at the last moment
BUSY = (Phase.THINKING, Phase.SPEAKING)
CALLED = "request"  # the name of the wake word where somebody opened the ear instead
_SIGNS = {
    Phase.IDLE: Sign.IDLE,
    Phase.LISTENING: Sign.LISTENING,
    Phase.THINKING: Sign.THINKING,
    Phase.SPEAKING: Sign.SPEAKING,
    Phase.FOLLOW_UP: Sign.LISTENING,
}


@dataclass(slots=True)
class _Job:
    """One transcription. `command`: what of its text may be acted on. `ahead`: gets ready to
    answer it while it may still be going on.
    """

    number: int
    task: asyncio.Task[None] | None = None
    ahead: asyncio.Task[None] | None = None
    heard: Transcript | None = None
    command: str = ""
    error: LaresError | None = None
    span: Span | None = None


class Session:
    """Feed it with `hear`, tell it the `end`, and wait for `finished`.

    Its tasks live in the group that it is given. `phrase`: must begin what is said to an open ear,
    "" for nothing. `on_turn` gets each turn when it is over, `on_wake` each wake word (or phrase)
    that `may_answer` left to this box.
    """

    def __init__(
        self,
        parts: Parts,
        tasks: asyncio.TaskGroup,
        listener: Listener,
        mouth: Mouth,
        ear: Ear,
        *,
        on_turn: Callable[[Turn], None],
        on_wake: Callable[[str], None] = lambda wake_word: None,
        may_answer: MayAnswer = always,
        open_ear: bool = False,
        phrase: str = "",
        signs: Signs | None = None,
    ) -> None:
        self._parts = parts
        self._tasks = tasks
        self._listener = listener
        self._mouth = mouth
        self._ear = ear
        self._source = ear.name
        self._language = ear.language or parts.language
        self._signs = signs
        self._on_turn = on_turn
        self._on_wake = on_wake
        self._may_answer = may_answer
        self._asked: asyncio.Task[bool] | None = None  # whether the phrase of this turn is ours
        self._held_until = 0  # sample until which the ear stays open while nobody speaks
        self._phrase = phrase
        self._machine = parts.machine(open_ear)
        self._tape = Tape()
        self._record = Record(ear.name)
        self._opened_at = 0
        self._job: _Job | None = None  # the one that the machine wants
        self._work: set[asyncio.Task[None]] = set()
        self._deaf = False
        self._waits = False  # the last reply waits for an answer
        self._follows = False  # this turn was opened by speech after a reply

    @property
    def phase(self) -> Phase:
        return self._machine.phase

    async def hear(self, pcm: bytes) -> None:
        """The next whole frames of the source."""
        self._tape.append(pcm)
        try:
            found = await self._listener.hear(pcm)
        except LaresError as error:
            self._cannot_listen(error)
            return
        if self._deaf:
            self._deaf = False
            log.info("listening again")
        for event in self._events(found):
            if isinstance(event, WakeHeard):
                if not await self._may_answer(event.score, self._loudness(event.at)):
                    continue
                self._held_until = 0
            self._step(event)
        self._tape.forget(self._machine.keep_from)

    async def settle(self, seconds: float) -> None:
        """What a recording waits for after each piece of `seconds`.

        It holds still while a turn thinks or speaks, as a person would, and goes on in real time
        while a transcription runs, so that the turn ends exactly as with the microphone.
        """
        while self.phase in BUSY and (running := self._running()):
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        if running := self._running():
            await asyncio.wait(running, timeout=seconds)

    def wake(self, seconds: float) -> None:
        """Open a turn as the wake word would, and listen at least so long while nobody speaks."""
        self._held_until = self._tape.end + int(seconds * SAMPLE_RATE)
        self._step(WakeHeard(self._tape.end, CALLED))

    def end(self) -> None:
        """No more audio will come."""
        self._step(SourceEnded())

    def cancel(self) -> None:
        """Stop the turn that goes on, if there is one."""
        self._step(Cancel())

    async def finished(self) -> None:
        """Wait until nothing goes on."""
        while running := self._running():
            await asyncio.wait(running)

    def _running(self) -> set[asyncio.Task[None]]:
        return {task for task in self._work if not task.done()}

    def _events(self, found: Sequence[Heard]) -> Iterator[Event]:
        """In the order of the sound, at the session's samples.

        The listener counts anew after a restart; its last frame is the last that was recorded.
        """
        frames = [heard.sample for heard in found if heard.kind is HeardKind.SPEECH]
        shift = self._tape.end - max(frames) if frames else 0
        for heard in sorted(found, key=lambda heard: (heard.sample, heard.kind is HeardKind.WAKE)):
            if heard.kind is HeardKind.SPEECH:
                yield FrameHeard(heard.sample + shift, heard.score)
            elif heard.kind is HeardKind.WAKE:
                yield WakeHeard(heard.sample + shift, heard.name, heard.score)

    def _cannot_listen(self, error: LaresError) -> None:
        if not self._deaf:
            self._deaf = True
            log.warning("cannot listen: %s", error)
        self._tape.forget(self._tape.end - SAMPLE_RATE)
        if self.phase is Phase.LISTENING:
            self._record.trouble = error.message
            self._step(Cancel())
            self._start(self._apologize(), "apologize")

    def _step(self, event: Event) -> None:
        before = self._machine.phase
        effects = self._machine.step(event)
        if self._machine.phase is not before and self._signs is not None:
            self._signs.show(_SIGNS[self._machine.phase], self._ear.site)
        for effect in effects:
            if isinstance(effect, Open):
                self._follows = before is Phase.FOLLOW_UP
            self._perform(effect)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Open():
                self._record = Record(self._source, wake_word=effect.name)
                self._opened_at = effect.at
                self._asked = None
                if effect.name and effect.name != CALLED:
                    self._on_wake(effect.name)
            case Transcribe():
                self._job = job = _Job(effect.job)
                pcm = self._tape.cut(effect.start, effect.end)
                job.task = self._start(self._transcribe(job, pcm), "transcribe")
            case Discard():
                self._drop_job()
            case Commit():
                self._note_commit(effect)
            case Answer():
                self._start(self._answer(effect.job), "answer")
            case Speak():
                self._start(self._speak(effect.job), "speak")
            case Close():
                self._close(effect.closing)

    def _start(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        task = self._tasks.create_task(work, name=f"{name} ({self._source})")
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    def _drop_job(self) -> None:
        for task in (self._job.task, self._job.ahead) if self._job else ():
            if task is not None:
                task.cancel()
        self._job = None

    def _close(self, closing: Closing) -> None:
        here = asyncio.current_task()
        for task in self._running() - {here}:
            task.cancel()
        self._note_job()
        self._job = None
        if closing is Closing.NO_SPEECH and self._tape.end < self._held_until:
            self._step(WakeHeard(self._tape.end, CALLED))
            return
        if closing is not Closing.NOT_ADDRESSED:  # what was said to others is not recorded
            self._on_turn(self._record.close(closing))

    def _note_job(self) -> None:
        if self._job is None:
            return
        self._record.transcript = self._job.heard
        if self._job.heard:
            self._record.doubt = self._job.heard.reason
        if self._job.error:
            self._record.trouble = self._job.error.message
        if self._job.span:
            self._record.spans.append(self._job.span)
            self._job.span = None

    def _note_commit(self, commit: Commit) -> None:
        """Stages that only the audio decides, as long as they were in the audio."""

        def when(sample: int) -> float:
            return self._parts.clock.now() - (commit.at - sample) / SAMPLE_RATE

        if self._record.wake_word:
            self._record.note("wake", when(self._opened_at), when(commit.speech_start))
        self._record.note("endpoint", when(commit.speech_end), when(commit.at))

    async def _transcribe(self, job: _Job, pcm: bytes) -> None:
        parts = self._parts
        begun = parts.clock.now()
        deadline = begun + parts.config.speech_to_text.timeout_s
        try:
            heard = await parts.transcriber.transcribe(
                pcm,
                language=self._language,
                deadline=deadline,
                hints=parts.hints(self._language),
            )
            event = await self._judge(job, heard)
        except LaresError as error:
            log.warning("nothing was transcribed: %s", error)
            job.error = error
            asked = bool(self._record.wake_word) or not self._phrase
            event = Transcribed(job.number, "", failed=asked, addressed=asked)
        detail = {"audio_ms": round(len(pcm) / 2 * 1000 / SAMPLE_RATE)}
        job.span = Span("transcribe", begun, parts.clock.now(), detail)
        if job.command and self._job is job:
            job.ahead = self._start(self._anticipate(job.command), "anticipate")
        self._step(event)

    async def _judge(self, job: _Job, heard: Transcript) -> Transcribed:
        """What of the text may be acted on; kept in the job."""
        rest = wording.after_phrase(heard.text, self._phrase) if self._phrase else None
        if rest is not None:
            if not self._record.wake_word:
                if not await self._is_ours():
                    return Transcribed(job.number, "", addressed=False)
                self._record.wake_word = self._phrase
                self._on_wake(self._phrase)
            heard = replace(heard, text=rest)
            if not rest:
                job.heard = heard
                return Transcribed(job.number, "", wake_only=True)
        elif self._phrase and not (self._record.wake_word or self._follows):
            return Transcribed(job.number, "", addressed=False)
        doubt = self._doubt(heard)
        if doubt:
            job.heard = replace(heard, text="", reason=doubt)
            return Transcribed(job.number, "")
        job.heard, job.command = heard, heard.text
        complete = await self._parts.complete(heard.text, self._language)
        return Transcribed(job.number, heard.text, complete=complete)

    async def _is_ours(self) -> bool:
        """Whether this box answers the phrase; asked once in a turn, however often it is heard."""
        if self._asked is None:
            asking = self._may_answer(1.0, self._loudness(self._tape.end))
            self._asked = self._tasks.create_task(_result(asking), name="who answers")
        return await asyncio.shield(self._asked)

    def _loudness(self, end: int) -> float:
        """Of what was just heard, in dBFS."""
        return level_dbfs(self._tape.cut(end - SAMPLE_RATE // 2, end))

    def _doubt(self, heard: Transcript) -> str:
        if not heard.text:
            return heard.reason or "no words were heard"
        judge = (self._waits and self._parts.answer_doubt) or self._parts.doubt
        doubt = judge(heard, self._language)
        if doubt and self._waits:  # it may have been a PIN
            return doubt
        return f"{doubt}: “{heard.text}”" if doubt else ""

    async def _answer(self, number: int) -> None:
        job = self._job
        if job is None or job.number != number:
            return
        self._note_job()
        if job.ahead is not None:
            job.ahead.cancel()
        if job.error:
            text = wording.cannot_hear(self._language)
            reply = Reply(self._record.id, ReplyKind.FAILED, text)
        else:
            reply = await self._ask(job.command)
        self._record.reply = reply
        self._record.secret = reply.secret
        waits = self._waits = reply.kind is ReplyKind.QUESTION
        asks = waits or reply.text.rstrip().endswith(("?", "？"))
        self._step(ReplyReady(number, asks=asks, waits=waits))

    async def _anticipate(self, text: str) -> None:
        try:
            await self._parts.assistant.anticipate(self._request(text))
        except LaresError as error:  # nobody waits for it; `answer` will say what is wrong
            log.debug("nothing was anticipated: %s", error)

    async def _ask(self, text: str) -> Reply:
        request = self._request(text)
        try:
            async with asyncio.timeout_at(request.deadline + GRACE_S):
                return await self._parts.assistant.answer(request)
        except TimeoutError:
            self._record.trouble = "the assistant did not answer in time"
        except LaresError as error:
            self._record.trouble = error.message
        log.warning("turn %s failed: %s", self._record.id, self._record.trouble)
        return Reply(request.id, ReplyKind.FAILED, wording.failed(self._language))

    def _request(self, text: str) -> Request:
        parts = self._parts
        return Request(
            id=self._record.id,
            text=text,
            language=self._language,
            deadline=parts.clock.now() + parts.answer_seconds,
            source="voice",
            priority=Priority.VOICE,
            area=self._ear.area,
            site=self._ear.site,
        )

    async def _speak(self, number: int) -> None:
        record, clock = self._record, self._parts.clock
        begun = clock.now()
        sounds: list[float] = []
        text = record.reply.text if record.reply else ""
        async with self._mouth.word() as sink:
            await speak(self._parts, sink, text, self._language, lambda: sounds.append(clock.now()))
        if sounds:
            record.note("reply", begun, sounds[0])
            record.note("speak", sounds[0], clock.now())
        self._step(PlaybackEnded(number))

    async def _apologize(self) -> None:
        async with self._mouth.word() as sink:
            text = wording.cannot_hear(self._language)
            await speak(self._parts, sink, text, self._language, lambda: None)


async def _result(asked: Awaitable[bool]) -> bool:
    return await asked
