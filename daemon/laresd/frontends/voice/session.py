"""One source of sound and its turns: frames in, effects carried out, a record for each turn."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine

from laresd.errors import LaresError
from laresd.frontends.voice import wording
from laresd.frontends.voice.answering import Answering, request_of
from laresd.frontends.voice.ear import Ear
from laresd.frontends.voice.hearing import events
from laresd.frontends.voice.mouth import Mouth
from laresd.frontends.voice.overhearing import STOP, Overheard, Told
from laresd.frontends.voice.parts import MayAnswer, Parts, always
from laresd.frontends.voice.record import Record
from laresd.frontends.voice.showing import Shown
from laresd.frontends.voice.speaking import Script, speak
from laresd.frontends.voice.tape import Tape
from laresd.frontends.voice.transcribing import Expected, Job, Scribe
from laresd.ports import Listener
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
    Open,
    Overhear,
    Phase,
    PlaybackEnded,
    Released,
    SourceEnded,
    Speak,
    Transcribe,
    Transcribed,
    WakeHeard,
    Wholeness,
)
from laresd.types import SAMPLE_RATE, HeardKind, Request, Turn

log = logging.getLogger(__name__)

STIRS = SAMPLE_RATE // 2  # after a sound that may be a voice
VOICE = 0.2  # probability of speech of such a sound
BUSY = (Phase.THINKING, Phase.SPEAKING)
CALLED = "request"  # the name of the wake word where somebody opened the ear instead


class Session:
    """Feed it with `hear`, tell it the `end`, and wait for `finished`.

    Its tasks live in the group that it is given. `phrase`: must begin what is said to an open ear,
    "" for nothing. `on_turn` gets each turn when it is over, `on_wake` each wake word (or phrase)
    that `may_answer` left to this box. `shows`: how it fares is shown, and the loudspeaker is
    turned down while it listens.
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
        shows: bool = False,
    ) -> None:
        self._parts = parts
        self._tasks = tasks
        self._listener = listener
        self._mouth = mouth
        self._ear = ear
        self._on_turn = on_turn
        self._on_wake = on_wake
        self._may_answer = may_answer
        self._phrase = phrase
        self._scribe = Scribe(parts, ear.language)
        self._shown = Shown(parts, ear) if shows else None
        self._machine = parts.machine(open_ear)
        self._tape = Tape()
        self._record = Record(ear.name)
        self._opened_at = 0
        self._asked: asyncio.Task[bool] | None = None  # whether the phrase of this turn is ours
        self._second_look: asyncio.Task[bool] | None = None  # at the wake word of this turn
        self._held_until = 0  # sample until which the ear stays open while nobody speaks
        self._job: Job | None = None  # the one that the machine wants
        self._answering: Answering | None = None
        self._overheard = Overheard(self._scribe, phrase, stops=parts.config.turn.barge_in == STOP)
        self._overhearing: asyncio.Task[None] | None = None
        self._work: set[asyncio.Task[None]] = set()
        self._deaf = False
        self._stirred_at = -STIRS  # end of the last sound that may be a voice
        self._waits = False  # the last reply waits for an answer
        self._language = ""  # of the last reply
        self._goes_on = False  # this turn is what was said right after a command
        self._follows = False  # this turn was opened by speech after a reply

    @property
    def phase(self) -> Phase:
        return self._machine.phase

    @property
    def stirs(self) -> bool:
        """Whether there was just a sound that may be a voice, and so become a wake word."""
        return self._tape.end - self._stirred_at < STIRS

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
            if self._shown is not None:
                self._shown.phase(self.phase)
        if any(heard.kind is HeardKind.SPEECH and heard.score >= VOICE for heard in found):
            self._stirred_at = self._tape.end
        for event in events(found, self._tape):
            if isinstance(event, WakeHeard):
                if not await self._is_for_us(event):
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

    def hold(self) -> None:
        """Open a turn that no pause ends, until `release`."""
        self._held_until = 0
        self._step(WakeHeard(self._tape.end, CALLED, held=True))

    def release(self, *, ends: bool) -> None:
        """End what is said, or only the holding; nothing is done where nothing is held."""
        self._step(Released(ends))

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

    async def _is_for_us(self, wake: WakeHeard) -> bool:
        """What is being said stops at once; it goes on where another box answers."""
        if self._shown is not None and self.phase is Phase.SPEAKING:
            self._shown.hush()
        ours = await self._may_answer(wake.score, self._loudness(wake.at))
        if not ours and self._shown is not None:
            self._shown.phase(self.phase)
        return ours

    def _cannot_listen(self, error: LaresError) -> None:
        if not self._deaf:
            self._deaf = True
            log.warning("cannot listen: %s", error)
        self._tape.forget(self._tape.end - SAMPLE_RATE)
        if self.phase is Phase.LISTENING:
            self._record.trouble = error.message
            self._step(Cancel())
            self._start(self._apologize(), "apologize")
        elif self._shown is not None:
            self._shown.trouble()

    def _step(self, event: Event) -> None:
        before = self._machine.phase
        effects = self._machine.step(event)
        if self._machine.phase is not before and self._shown is not None:
            self._shown.phase(self._machine.phase)
        for effect in effects:
            if isinstance(effect, Open):
                self._goes_on = effect.goes_on
                self._follows = effect.goes_on or before is Phase.FOLLOW_UP
            self._perform(effect)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Open():
                self._record = Record(self._ear.name, wake_word=effect.name)
                self._opened_at = effect.at
                self._asked = None
                self._look_again(effect.name)
                if effect.name and effect.name != CALLED:
                    self._on_wake(effect.name)
            case Transcribe():
                self._job = job = Job(effect.job)
                pcm = self._tape.cut(effect.start, effect.end)
                job.task = self._start(self._transcribe(job, pcm), "transcribe")
            case Overhear():
                self._overhear(effect)
            case Discard():
                self._drop_job()
            case Commit():
                self._note_commit(effect)
            case Answer():
                self._answer(effect.job)
            case Speak():
                if self._answering is not None:
                    self._start(self._speak(self._answering, effect.job), "speak")
            case Close():
                self._close(effect.closing)

    def _start(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        task = self._tasks.create_task(work, name=f"{name} ({self._ear.name})")
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
        self._job = self._answering = self._overhearing = None
        if closing is Closing.NO_SPEECH and self._tape.end < self._held_until:
            self._step(WakeHeard(self._tape.end, CALLED))
            return
        if self._shown is not None and self._record.trouble:
            self._shown.trouble()
        if closing is not Closing.NOT_ADDRESSED:  # what was said to others is not recorded
            self._on_turn(self._record.close(closing))

    def _note_job(self) -> None:
        if self._job is None:
            return
        self._record.transcript = self._job.heard
        if self._job.heard and self._job.heard.reason:
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

    async def _transcribe(self, job: Job, pcm: bytes) -> None:
        addressed = bool(self._record.wake_word) or self._follows
        language = self._language if self._follows else ""
        expected = Expected(self._phrase, addressed, self._waits, language, self._goes_on)
        event = await self._scribe.write(job, pcm, expected, self._phrase_said, self._is_whole)
        if self._second_look is not None and not await asyncio.shield(self._second_look):
            job.command, event = "", Transcribed(job.number, "", addressed=False)
        if self._job is job and job.command and event.wholeness is not Wholeness.WHOLE:
            job.ahead = self._start(self._anticipate(job), "anticipate")
        self._step(event)

    def _look_again(self, wake_word: str) -> None:
        """Have it checked, while the command is still being said, whether it was said at all."""
        if self._second_look is not None:
            self._second_look.cancel()
            self._second_look = None
        if wake_word and wake_word != CALLED:
            looking = self._parts.was_said(self._ear.name, wake_word)
            self._second_look = self._tasks.create_task(_result(looking), name="second look")

    def _ask(self, text: str, language: str) -> Request:
        return request_of(self._parts, self._ear, self._record.id, text, language)

    async def _is_whole(self, text: str, language: str) -> Wholeness:
        return await self._parts.assistant.wholeness(self._ask(text, language))

    async def _anticipate(self, job: Job) -> None:
        try:
            await self._parts.assistant.anticipate(self._ask(job.command, job.language))
        except LaresError as error:  # nobody waits for it; `answer` will say what is wrong
            log.debug("nothing was anticipated: %s", error)

    async def _phrase_said(self) -> bool:
        """Whether this box answers the phrase; asked once in a turn, however often it is heard."""
        if self._record.wake_word:
            return True
        if self._asked is None:
            asking = self._may_answer(1.0, self._loudness(self._tape.end))
            self._asked = self._tasks.create_task(_result(asking), name="who answers")
        if not await asyncio.shield(self._asked):
            return False
        self._record.wake_word = self._phrase
        self._on_wake(self._phrase)
        return True

    def _loudness(self, end: int) -> float:
        """Of what was just heard, in dBFS."""
        return level_dbfs(self._tape.cut(end - SAMPLE_RATE // 2, end))

    def _overhear(self, said: Overhear) -> None:
        """One at a time: the next one is said again by who means it."""
        if self._overhearing is None or self._overhearing.done():
            pcm = self._tape.cut(said.start, said.end)
            self._overhearing = self._start(self._interrupt_if_told(said, pcm), "overhear")

    async def _interrupt_if_told(self, said: Overhear, pcm: bytes) -> None:
        record, answering = self._record, self._answering
        if answering is None:
            return
        told = await self._overheard.told(pcm, answering, goes_on=said.goes_on)
        if told is Told.WAKE and not await self._may_answer(1.0, self._loudness(said.end)):
            return
        if told is None or self._record is not record or self.phase is not Phase.SPEAKING:
            return
        if told is Told.WAKE:
            self._step(WakeHeard(said.start, self._phrase, until=said.end))
        else:
            record.doubt = "it was told to stop"
            self._step(Cancel())

    def _answer(self, number: int) -> None:
        job = self._job
        if job is None or job.number != number:
            return
        self._note_job()
        if job.ahead is not None:
            job.ahead.cancel()
        self._answering = answering = Answering(self._parts, self._mouth, self._record, job)
        self._start(self._answered(answering), "answer")
        if self._parts.config.turn.one_moment_ms > 0:
            self._start(answering.one_moment(lambda: self.phase is Phase.THINKING), "one moment")

    async def _answered(self, answering: Answering) -> None:
        request = self._ask(answering.job.command, answering.job.language)
        ready = await answering.run(request, self._step, guesses=self._goes_on)
        self._waits, self._language = ready.waits, answering.job.language
        self._step(ready)

    async def _speak(self, answering: Answering, number: int) -> None:
        await answering.speak()
        self._step(PlaybackEnded(number))

    async def _apologize(self) -> None:
        language = self._scribe.language
        async with self._mouth.word() as sink:
            script = Script(wording.cannot_hear(language))
            await speak(self._parts, sink, script, language)


async def _result(asked: Awaitable[bool]) -> bool:
    return await asked
