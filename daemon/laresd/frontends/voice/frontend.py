"""Several ears at once, each with turns of its own, and recordings beside them."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from laresd.errors import DeadlineExceeded, LaresError, Permanent, Refused, Temporary
from laresd.frontends.voice.ear import Ear
from laresd.frontends.voice.mouth import Mouth
from laresd.frontends.voice.parts import Parts
from laresd.frontends.voice.record import Record
from laresd.frontends.voice.session import BUSY, Session
from laresd.frontends.voice.speaking import Script, announce, speak
from laresd.ports import AudioSource, Listener
from laresd.turns import Closing, Phase, Sign
from laresd.types import SAMPLE_RATE, Turn

log = logging.getLogger(__name__)

IDLE_FRAMES = 8  # heard at once in a quiet room: an eighth of the messages to the worker
STIR_FRAMES = 3  # where somebody speaks who may say the wake word: it is heard 96 ms late at most
BUSY_FRAMES = 2  # while a turn is answered: the wake word must still interrupt it quickly
MICROPHONE = "microphone"  # the name of the box's own ear
CALL_S = 1.0  # in which the ear opens when it is told to, or not at all

OnTurn = Callable[[Turn], None]
OnWake = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Call:
    """Somebody wants the ear to be open; done or cancelled when that is over. `seconds` None: for
    as long as a button is held.
    """

    opened: asyncio.Future[None]
    seconds: float | None


@dataclass(slots=True)
class _Attended:
    """An ear that is listened to. `call`: that somebody waits for."""

    ear: Ear
    session: Session
    mouth: Mouth
    call: _Call | None = None


class VoiceFrontend:
    """Turns from ears (`attend`) and from recordings (`play`), all side by side.

    `on_turn` gets every turn, and `on_wake` each wake word as it is heard. While `listening` is off
    no ear begins a turn; recordings still do. Where a `site` is asked for, "" is the box's own.
    """

    def __init__(
        self, parts: Parts, *, on_turn: OnTurn, on_wake: OnWake = lambda wake_word: None
    ) -> None:
        self.listening = True
        self._parts = parts
        self._on_turn = on_turn
        self._on_wake = on_wake
        self._own = Mouth(parts.sink)
        self._attended: list[_Attended] = []
        self._playing = asyncio.Lock()  # one recording at a time
        self._recording: Session | None = None
        self._numbers = itertools.count(1)

    async def attend(self, ear: Ear) -> None:
        """Listen and answer through this ear until its source ends, or until it turns out that it
        cannot hear. Raises Refused when there is an ear of that name already.
        """
        if any(attended.ear.name == ear.name for attended in self._attended):
            raise Refused(f"there is an ear {ear.name!r} already", remedy="give it another name")
        mouth = self._own if ear.sink is self._parts.sink else Mouth(ear.sink)
        phrase = self._parts.config.wake.phrase
        listener = self._parts.listener(ear.name)
        try:
            async with asyncio.TaskGroup() as tasks:
                session = Session(
                    self._parts,
                    tasks,
                    listener,
                    mouth,
                    ear,
                    on_turn=self._tell,
                    on_wake=self._on_wake,
                    may_answer=lambda score, loud: self._parts.may_answer(score, loud, ear.site),
                    open_ear=bool(phrase),
                    phrase=phrase,
                    shows=True,
                )
                attended = _Attended(ear, session, mouth)
                self._attended.append(attended)
                try:
                    await self._listen(attended, listener)
                finally:
                    self._attended.remove(attended)
        except* Permanent as group:
            log.warning("no sound from %s: %s", ear.name, group.exceptions[0])
        finally:
            await _release(listener)

    async def play(
        self,
        source: AudioSource,
        *,
        name: str,
        wake: Literal["word", "assume"] = "word",
        on_turn: OnTurn | None = None,
    ) -> tuple[Turn, ...]:
        """Play a recording through the path of the microphone; at least one turn comes of it.

        With wake="assume" all speech is meant for Lares; else it begins with the wake word (or
        phrase). The recording is read faster than real time and waits while a turn is answered.
        """
        turns: list[Turn] = []

        def tell(turn: Turn) -> None:
            turns.append(turn)
            self._tell(turn)
            if on_turn:
                on_turn(turn)

        phrase = "" if wake == "assume" else self._parts.config.wake.phrase
        ear = Ear(name, source, self._parts.sink, area=self._parts.config.box.area or None)
        async with self._playing:
            listener = self._parts.listener(f"recording {next(self._numbers)}")
            try:
                async with asyncio.TaskGroup() as tasks:
                    self._recording = session = Session(
                        self._parts,
                        tasks,
                        listener,
                        self._own,
                        ear,
                        on_turn=tell,
                        on_wake=self._on_wake,
                        open_ear=wake == "assume" or bool(phrase),
                        phrase=phrase,
                    )
                    await _play(session, source)
            finally:
                self._recording = None
                await _release(listener)
        if not turns:
            what = "speech" if wake == "assume" else "wake word"
            tell(Record(name, doubt=f"no {what} was heard").close(Closing.NO_SPEECH))
        return tuple(turns)

    async def say(self, text: str, *, site: str = "") -> None:
        """Say it aloud to its end, after what is said so already; cancelling stops the sound. A
        voice or loudspeaker that fails is logged. Raises Refused where there is no such ear.
        """
        async with self._mouth(site).word() as sink:
            await speak(self._parts, sink, Script(text), self._parts.language)

    async def announce(self, text: str, *, language: str, deadline: float, site: str = "") -> None:
        """As `say`, in a language. Raises what the voice or the loudspeaker raises, and
        DeadlineExceeded when it is not at its end by the deadline.
        """
        mouth = self._mouth(site)
        try:
            async with asyncio.timeout_at(deadline), mouth.word() as sink:
                await announce(self._parts, sink, text, language=language, deadline=deadline)
        except TimeoutError:
            raise DeadlineExceeded("it was not said to its end within its deadline") from None

    async def open_ear(self, seconds: float, *, site: str = "") -> None:
        """Begin a turn as the wake word would, and listen at least so long while nobody speaks.

        Raises Refused without an ear there that may listen, Temporary when it is in use, or gives
        no sound.
        """
        await self._call(seconds, site)

    async def hold_ear(self, *, site: str = "") -> None:
        """As `open_ear`, but no pause ends what is said before `release_ear`."""
        await self._call(None, site)

    def release_ear(self, *, ends: bool, site: str = "") -> None:
        """The button that held the ear was let go. `ends`: at once what was said is answered, or
        the turn is over where nothing was; else it goes on as after the wake word.
        """
        for attended in self._at(site):
            attended.session.release(ends=ends)

    async def _call(self, seconds: float | None, site: str) -> None:
        attended = next(iter(self._at(site)), None)
        if attended is None or not self.listening:
            where = f"no ear {site!r}" if site else "no microphone"
            remedy = "is it connected?" if site else "look at audio.enabled, and at its switches"
            raise Refused(f"this box has {where}, or is told not to listen", remedy=remedy)
        if attended.call is not None or attended.session.phase not in (
            Phase.IDLE,
            Phase.FOLLOW_UP,
        ):
            raise Temporary("the microphone is in use", remedy="wait until the turn is over")
        attended.call = call = _Call(asyncio.get_running_loop().create_future(), seconds)
        try:
            async with asyncio.timeout(CALL_S):
                await call.opened
        except TimeoutError:
            raise Temporary("the microphone gives no sound", remedy="is it muted?") from None
        finally:
            attended.call = None

    def cancel(self, *, site: str = "") -> None:
        """Stop the turn that goes on there: the button, the stop of a recording."""
        for attended in self._at(site):
            attended.session.cancel()
        if self._recording is not None and not site:
            self._recording.cancel()

    def _at(self, site: str) -> Iterable[_Attended]:
        return [attended for attended in self._attended if attended.ear.site == site]

    def _mouth(self, site: str) -> Mouth:
        if not site:
            return self._own
        for attended in self._at(site):
            return attended.mouth
        raise Refused(f"there is nobody who speaks at {site!r}", remedy="is it connected?")

    def _tell(self, turn: Turn) -> None:
        if turn.reason and not turn.transcript:  # else what was said may be in it
            log.info("turn %s ended without an answer: %s", turn.id, turn.reason)
        self._on_turn(turn)

    async def _listen(self, attended: _Attended, listener: Listener) -> None:
        session, ear = attended.session, attended.ear
        gap = True
        self._parts.signs.show(Sign.IDLE, ear.site)
        async with aclosing(_batches(ear.source, session)) as batches:
            async for pcm in batches:
                if not self.listening and session.phase is Phase.IDLE:
                    gap = True
                    continue
                if gap:
                    await _fresh(listener)
                    gap = False
                _answer_call(attended)
                await session.hear(pcm)
        session.end()
        await session.finished()


def _answer_call(attended: _Attended) -> None:
    """Open the ear if somebody still waits for that."""
    call, attended.call = attended.call, None
    if call is not None and not call.opened.done():
        if call.seconds is None:
            attended.session.hold()
        else:
            attended.session.wake(call.seconds)
        call.opened.set_result(None)


async def _play(session: Session, source: AudioSource) -> None:
    async with aclosing(_batches(source, session)) as batches:
        async for pcm in batches:
            await session.hear(pcm)
            await session.settle(len(pcm) / 2 / SAMPLE_RATE)
    session.end()
    await session.finished()


async def _fresh(listener: Listener) -> None:
    try:
        await listener.reset()
    except LaresError as error:  # the first sound will tell whether it is back
        log.warning("cannot listen: %s", error)


async def _release(listener: Listener) -> None:
    try:
        await listener.close()
    except LaresError as error:  # a worker that is away keeps nothing
        log.debug("a listener was not freed: %s", error)


async def _batches(source: AudioSource, session: Session) -> AsyncGenerator[bytes, None]:
    """Several frames at a time while nobody speaks, each frame while somebody does."""
    batch = bytearray()
    count = 0

    def missing() -> int:
        return max(1, _at_once(session) - count)

    async with aclosing(source.frames(missing)) as frames:
        async for frame in frames:
            batch += frame
            count += 1
            if count < _at_once(session):
                continue
            yield bytes(batch)
            batch.clear()
            count = 0
    if batch:
        yield bytes(batch)


def _at_once(session: Session) -> int:
    phase = session.phase
    if phase is Phase.IDLE:
        return STIR_FRAMES if session.stirs else IDLE_FRAMES
    return BUSY_FRAMES if phase in BUSY else 1
