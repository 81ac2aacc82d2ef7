"""The microphone all day, and recordings in between, through one pair of ears."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from laresd.errors import DeadlineExceeded, LaresError, Permanent, Refused, Temporary
from laresd.frontends.voice.parts import Parts
from laresd.frontends.voice.record import Record
from laresd.frontends.voice.session import BUSY, Session
from laresd.frontends.voice.speaking import announce, speak
from laresd.ports import AudioSource
from laresd.turns import Closing, Phase
from laresd.types import SAMPLE_RATE, Turn

log = logging.getLogger(__name__)

IDLE_FRAMES = 8  # heard at once while nobody speaks: an eighth of the messages to the worker
BUSY_FRAMES = 4  # while a turn is answered: the wake word must still interrupt it quickly
MICROPHONE = "microphone"
CALL_S = 1.0  # in which the ear opens when it is told to, or not at all

OnTurn = Callable[[Turn], None]
OnWake = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Call:
    """Somebody wants the ear to be open; done or cancelled when that is over."""

    opened: asyncio.Future[None]
    seconds: float


class VoiceFrontend:
    """Turns from the microphone (`run`) and from recordings (`play`), one source at a time.

    The listener follows one stream of sound, so while a recording plays the microphone is not
    heard, and a recording waits for a turn that goes on. `on_turn` gets every turn of both, and
    `on_wake` each wake word as it is heard. While `listening` is off the microphone begins no turn.
    """

    def __init__(
        self, parts: Parts, *, on_turn: OnTurn, on_wake: OnWake = lambda wake_word: None
    ) -> None:
        self.listening = True
        self._parts = parts
        self._on_turn = on_turn
        self._on_wake = on_wake
        self._ears = asyncio.Lock()
        self._saying = asyncio.Lock()
        self._session: Session | None = None
        self._has_ear = False
        self._call: _Call | None = None

    async def run(self, microphone: AudioSource) -> None:
        """Listen until cancelled, or until it turns out that there can be no microphone."""
        phrase = self._parts.config.wake.phrase
        try:
            async with asyncio.TaskGroup() as tasks:
                session = Session(
                    self._parts,
                    tasks,
                    source=MICROPHONE,
                    on_turn=self._tell,
                    on_wake=self._on_wake,
                    may_answer=self._parts.may_answer,
                    open_ear=bool(phrase),
                    phrase=phrase,
                )
                self._has_ear = True
                await self._listen(session, microphone)
        except* Permanent as group:
            log.warning("no microphone: %s", group.exceptions[0])
        finally:
            self._has_ear = False

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
        async with self._ears, asyncio.TaskGroup() as tasks:
            open_ear = wake == "assume" or bool(phrase)
            self._session = session = Session(
                self._parts,
                tasks,
                source=name,
                on_turn=tell,
                on_wake=self._on_wake,
                open_ear=open_ear,
                phrase=phrase,
            )
            try:
                await self._play(session, source)
            finally:
                self._session = None
        if not turns:
            what = "speech" if wake == "assume" else "wake word"
            tell(Record(name, doubt=f"no {what} was heard").close(Closing.NO_SPEECH))
        return tuple(turns)

    async def say(self, text: str) -> None:
        """Say it aloud to its end, after what is said so already; cancelling stops the sound. A
        voice or loudspeaker that fails is logged.
        """
        async with self._saying:
            await speak(self._parts, text, lambda: None)

    async def announce(self, text: str, *, language: str, deadline: float) -> None:
        """As `say`, in a language. Raises what the voice or the loudspeaker raises, and
        DeadlineExceeded when it is not at its end by the deadline.
        """
        try:
            async with asyncio.timeout_at(deadline), self._saying:
                await announce(self._parts, text, language=language, deadline=deadline)
        except TimeoutError:
            raise DeadlineExceeded("it was not said to its end within its deadline") from None

    async def open_ear(self, seconds: float) -> None:
        """Begin a turn as the wake word would, and listen at least so long while nobody speaks.

        Raises Refused without a microphone that may listen, Temporary when it is in use, or gives
        no sound.
        """
        if not self._has_ear or not self.listening:
            raise Refused("this box has no microphone, or is told not to listen")
        if self._session is not None or self._ears.locked():
            raise Temporary("the microphone is in use", remedy="wait until the turn is over")
        self._call = call = _Call(asyncio.get_running_loop().create_future(), seconds)
        try:
            async with asyncio.timeout(CALL_S):
                await call.opened
        except TimeoutError:
            raise Temporary("the microphone gives no sound", remedy="is it muted?") from None

    def cancel(self) -> None:
        """Stop the turn that goes on: the button, the stop of a recording."""
        if self._session:
            self._session.cancel()

    def _tell(self, turn: Turn) -> None:
        reason = f" ({turn.reason})" if turn.reason and not turn.transcript else ""
        log.info("turn %s from %s: %s%s", turn.id, turn.source, turn.closing, reason)
        self._on_turn(turn)

    async def _play(self, session: Session, source: AudioSource) -> None:
        await self._fresh()
        async with aclosing(_batches(source, session)) as batches:
            async for pcm in batches:
                await session.hear(pcm)
                await session.settle(len(pcm) / 2 / SAMPLE_RATE)
        session.end()
        await session.finished()

    async def _listen(self, session: Session, microphone: AudioSource) -> None:
        """Hold the ears through each turn, and give them away between turns."""
        gap = True
        async with aclosing(_batches(microphone, session)) as batches:
            try:
                async for pcm in batches:
                    if self._session is not session:
                        if self._ears.locked() or not self.listening:
                            gap = True
                            continue
                        await self._ears.acquire()
                        self._session = session
                        if gap:
                            await self._fresh()
                            gap = False
                    self._called(session)
                    await session.hear(pcm)
                    if session.phase is Phase.IDLE:
                        self._session = None
                        self._ears.release()
            finally:
                if self._session is session:
                    self._session = None
                    self._ears.release()
        session.end()
        await session.finished()

    def _called(self, session: Session) -> None:
        """Open the ear if somebody still waits for that."""
        call, self._call = self._call, None
        if call is not None and not call.opened.done():
            session.wake(call.seconds)
            call.opened.set_result(None)

    async def _fresh(self) -> None:
        try:
            await self._parts.listener.reset()
        except LaresError as error:  # the first sound will tell whether it is back
            log.warning("cannot listen: %s", error)


async def _batches(source: AudioSource, session: Session) -> AsyncGenerator[bytes, None]:
    """Several frames at a time while nobody speaks, each frame while somebody does."""
    batch = bytearray()
    count = 0

    def missing() -> int:
        return max(1, _at_once(session.phase) - count)

    async with aclosing(source.frames(missing)) as frames:
        async for frame in frames:
            batch += frame
            count += 1
            if count < _at_once(session.phase):
                continue
            yield bytes(batch)
            batch.clear()
            count = 0
    if batch:
        yield bytes(batch)


def _at_once(phase: Phase) -> int:
    if phase is Phase.IDLE:
        return IDLE_FRAMES
    return BUSY_FRAMES if phase in BUSY else 1
