"""Jobs that are no text: speech, vectors and pictures, each where it is best, and elsewhere when
that place fails. Nothing of such a job is told before it is done, so it is simply begun anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

from laresd.core.scheduler.breaker import Fault
from laresd.core.scheduler.counts import Counts, Event
from laresd.core.scheduler.engine import THIS_BOX, Engine
from laresd.core.scheduler.gate import Gate
from laresd.core.scheduler.offers import Job
from laresd.core.scheduler.placement import Nowhere, Placement, nobody, place
from laresd.core.scheduler.pool import Pool
from laresd.core.scheduler.speeds import Observation
from laresd.errors import DeadlineExceeded, LaresError, Permanent, Refused, Temporary
from laresd.jobs import ANYWHERE, JobKind, Routing
from laresd.ports import Clock, Embedder, Host, StreamingSynthesizer, Transcriber
from laresd.types import SAMPLE_RATE, Priority, Transcript, Vectors

Result = TypeVar("Result")

LATE_S = 2.0  # a host may be so much later than its p95, or twice as late; then it is hung
BATCH = 8  # texts that are embedded before voice is looked out for again
_BYTES_PER_SECOND = 2 * SAMPLE_RATE


class ScheduledWork:
    """Ports Transcriber, StreamingSynthesizer and Embedder over the box's own engines and its
    hosts; `draw` is for hosts alone.
    """

    def __init__(
        self,
        pool: Pool,
        counts: Counts,
        gate: Gate,
        clock: Clock,
        *,
        transcriber: Transcriber,
        synthesizer: StreamingSynthesizer,
        embedder: Embedder | None = None,
    ) -> None:
        self._pool, self._counts, self._gate, self._clock = pool, counts, gate, clock
        self._transcriber, self._synthesizer = transcriber, synthesizer
        self._embedder = embedder

    async def transcribe(
        self,
        pcm: bytes,
        *,
        language: str,
        deadline: float,
        hints: Sequence[str] = (),
        priority: Priority = Priority.VOICE,
        routing: Routing = ANYWHERE,
    ) -> Transcript:
        """What is less urgent than voice waits until nothing more urgent is done on the box."""

        async def here() -> Transcript:
            with self._gate.taken(priority):
                return await self._transcriber.transcribe(
                    pcm, language=language, deadline=deadline, hints=hints
                )

        def there(engine: Engine) -> Awaitable[Transcript]:
            return _host(engine).transcribe(pcm, language=language, deadline=deadline, hints=hints)

        await self._gate.clear(priority, deadline=deadline)
        seconds = len(pcm) / _BYTES_PER_SECOND
        job = Job(JobKind.TRANSCRIBE, priority, seconds, routing=routing)
        return await self._run(job, deadline, lambda e: there(e) if e.host else here())

    async def synthesize(
        self,
        text: str,
        *,
        language: str,
        deadline: float,
        priority: Priority = Priority.VOICE,
        routing: Routing = ANYWHERE,
    ) -> bytes:
        """As `transcribe`."""

        async def here() -> bytes:
            with self._gate.taken(priority):
                return await self._synthesizer.synthesize(
                    text, language=language, deadline=deadline
                )

        def there(engine: Engine) -> Awaitable[bytes]:
            return _host(engine).synthesize(text, language=language, deadline=deadline)

        await self._gate.clear(priority, deadline=deadline)
        job = Job(JobKind.SPEAK, priority, float(len(text)), routing=routing)
        return await self._run(job, deadline, lambda e: there(e) if e.host else here())

    async def stream(
        self, text: str, *, language: str, timeout_s: float
    ) -> AsyncGenerator[bytes, None]:
        """Piece by piece where it is spoken on this box; from a host, and where this box fails
        before anything was heard, as a whole.
        """
        job = Job(JobKind.SPEAK, Priority.VOICE, float(len(text)))
        deadline = self._clock.now() + timeout_s
        heard = False
        try:
            if self._place(job, deadline, {}, {}).where == THIS_BOX:
                pieces = self._synthesizer.stream(text, language=language, timeout_s=timeout_s)
                async with aclosing(pieces):
                    while (pcm := await self._next(pieces)) is not None:
                        heard = True
                        yield pcm
                return
        except LaresError:
            if heard:
                raise
        yield await self.synthesize(text, language=language, deadline=deadline)

    async def _next(self, pieces: AsyncGenerator[bytes, None]) -> bytes | None:
        with self._gate.taken(Priority.VOICE):
            return await anext(pieces, None)

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors:
        """On this box, a few texts at a time, each when nothing more urgent is done here: vectors
        of another model would not fit those that are kept.
        """
        if self._embedder is None:
            raise Refused("there is no embedding model on this box")
        rows, width, cut = [], 0, 0
        for start in range(0, len(texts), BATCH):
            await self._gate.clear(Priority.BACKGROUND, deadline=deadline)
            part = await self._embedder.embed(texts[start : start + BATCH], deadline=deadline)
            rows.append(part.rows)
            width, cut = part.width, cut + part.cut
        return Vectors(width, b"".join(rows), cut)

    async def draw(
        self,
        prompt: str,
        *,
        width: int,
        height: int,
        deadline: float,
        priority: Priority = Priority.INTERACTIVE,
        routing: Routing = ANYWHERE,
    ) -> bytes:
        """A picture (PNG). Raises Temporary when no host can make it."""
        job = Job(JobKind.IMAGE, priority, float(width * height), routing=routing)
        return await self._run(
            job,
            deadline,
            lambda e: _host(e).draw(prompt, width=width, height=height, deadline=deadline),
        )

    async def _run(
        self, job: Job, deadline: float, do: Callable[[Engine], Awaitable[Result]]
    ) -> Result:
        """Raises DeadlineExceeded, or why nobody could."""
        failed: dict[str, str] = {}
        errors: dict[str, LaresError] = {}
        self._counts.begun()
        while True:
            placement = self._place(job, deadline, failed, errors)
            engine = self._pool.engine(placement.where)
            if engine is None:  # its host was forgotten this very moment
                continue
            began = self._clock.now()
            try:
                with self._pool.busy(engine, job.priority):
                    result = await self._in_time(do(engine), placement, deadline)
            except LaresError as error:
                if self._clock.now() >= deadline:
                    raise
                self._lost(engine, error)
                failed[engine.name] = f"it failed at this: {error.message}"
                errors[engine.name] = error
                continue
            seconds = self._clock.now() - began
            self._counts.took(job.kind, engine.name, seconds)
            self._learn(engine, job, seconds)
            return result

    def _place(
        self,
        job: Job,
        deadline: float,
        failed: Mapping[str, str],
        errors: Mapping[str, LaresError],
    ) -> Placement:
        pool = self._pool
        timed = replace(job, seconds_left=max(deadline - self._clock.now(), 0.0))
        offers = pool.offers_of(job.kind, job.priority, failed=failed)
        found = place(timed, offers, pool.box, pool.weather)
        if isinstance(found, Nowhere):
            raise nobody(found, errors)
        self._counts.placed(job.priority, found)
        return found

    async def _in_time(
        self, work: Awaitable[Result], placement: Placement, deadline: float
    ) -> Result:
        """Raises Temporary where a host is so late that it must be hung."""
        told, name = placement.chosen.forecast, placement.where
        late_s = max(2 * told.surely_s, told.surely_s + LATE_S)
        until = deadline if name == THIS_BOX else min(self._clock.now() + late_s, deadline)
        try:
            async with asyncio.timeout_at(until):
                return await work
        except TimeoutError:
            if self._clock.now() >= deadline:
                raise DeadlineExceeded("it was not done in time") from None
            raise Temporary(f"{name} was not done after {late_s:.1f} s") from None

    def _lost(self, engine: Engine, error: LaresError) -> None:
        self._counts.happened(Event.LOST, engine.name, error.message)
        fault = Fault.STRANGE if isinstance(error, Permanent) else Fault.BROKE
        self._pool.failed(engine, fault, error.message)

    def _learn(self, engine: Engine, job: Job, seconds: float) -> None:
        facts = engine.facts
        seen = Observation(
            job.prompt_tokens,
            seconds,
            round_trip_s=facts.round_trip_s if facts else 0.0,
            slowdown=self._pool.weather.slowdown if engine.host is None else 1.0,
        )
        self._pool.done(engine, job.kind, seen)


def _host(engine: Engine) -> Host:
    """Raises Permanent for the box itself, which has no such engine."""
    if engine.host is None:
        raise Permanent("this box cannot do that by itself")
    return engine.host
