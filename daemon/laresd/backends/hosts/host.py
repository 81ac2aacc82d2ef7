"""Port Host over HTTP: llama-server, vLLM, Ollama, and any other server of the OpenAI API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, Self

from laresd.backends.hosts.audio import media_models
from laresd.backends.hosts.http import HttpClient
from laresd.backends.hosts.kinds import Engine, engine_of, kind_of
from laresd.backends.hosts.llama_server import LocalModelFacts
from laresd.errors import LaresError, Permanent
from laresd.generation import Generation, Piece
from laresd.jobs import HostCosts, HostFacts, HostKind, JobKind
from laresd.ports import Synthesizer, Transcriber
from laresd.types import Transcript, Vectors


class Painter(Protocol):
    """Host.draw."""

    async def draw(self, prompt: str, *, width: int, height: int, deadline: float) -> bytes: ...


class Waker(Protocol):
    """Host.wake and Host.rest."""

    async def wake(self) -> None: ...

    async def rest(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Beside:
    """What a host does beside text and vectors. `by_models`: a part is there only where the host
    has a model that is made for it, and a host with no other models does no text.
    """

    transcriber: Transcriber | None = None
    synthesizer: Synthesizer | None = None
    painter: Painter | None = None
    waker: Waker | None = None
    by_models: bool = False

    def jobs(self, facts: HostFacts) -> frozenset[JobKind]:
        """All that a host does of which a probe has found this."""
        if not self.by_models:
            return facts.jobs | self._parts
        made_for = [media_models([{"id": model}]) for model in facts.models]
        media = frozenset(job for found in made_for for job in found)
        only_media = bool(made_for) and all(made_for)
        return (facts.jobs - {JobKind.TEXT} if only_media else facts.jobs) | (self._parts & media)

    @property
    def _parts(self) -> frozenset[JobKind]:
        parts = {
            JobKind.TRANSCRIBE: self.transcriber,
            JobKind.SPEAK: self.synthesizer,
            JobKind.IMAGE: self.painter,
        }
        return frozenset(job for job, part in parts.items() if part is not None)


class HttpHost:
    """One host, inside `async with`. What it is, is found out by the first call and by each
    `probe`; what it does meanwhile is asked of that model.
    """

    def __init__(
        self,
        http: HttpClient,
        *,
        kind: HostKind | None = None,
        model: str = "",
        costs: HostCosts | None = None,
        local: Callable[[], LocalModelFacts | None] = lambda: None,
        beside: Beside | None = None,
    ) -> None:
        """`http` is entered and left with the host. `kind` None: found out. `model` "": the first
        that it has. `local`: what the box's own model is known by, asked at each probe.
        """
        self._http = http
        self._kind = kind
        self._model = model
        self._costs = costs or HostCosts()
        self._local = local
        self._beside = beside or Beside()
        self._engine: Engine | None = None
        self._facts: HostFacts | None = None
        self._probing = asyncio.Lock()
        self._answering = 0

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    @property
    def name(self) -> str:
        return self._http.host

    @property
    def costs(self) -> HostCosts:
        return self._costs

    async def probe(self, *, deadline: float) -> HostFacts:
        if self._facts is not None and self._answering and self._is_touchy:
            return self._facts
        async with self._probing:
            try:
                self._engine, self._facts = await self._look(deadline)
            except LaresError:
                self._facts = None  # behind the same address there may be another server next time
                raise
            return self._facts

    @property
    def _is_touchy(self) -> bool:
        """Whether it must not be asked for anything while it answers: llama_cpp.server ends an
        answer when another request comes, if only for its list of models.
        """
        return self._facts is not None and self._facts.kind is HostKind.OPENAI

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        facts, engine = await self._known(JobKind.TEXT, deadline)
        if self._is_touchy:
            async with self._probing:  # one that is under way ends first
                pass
        self._answering += 1
        try:
            async with aclosing(engine.answer(facts, generation, deadline=deadline)) as pieces:
                async for piece in pieces:
                    yield self._signed(piece)
        finally:
            self._answering -= 1

    def _signed(self, piece: Piece) -> Piece:
        """With this host in its ending."""
        if piece.ending is None:
            return piece
        return replace(piece, ending=replace(piece.ending, where=self.name))

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors:
        facts, engine = await self._known(JobKind.EMBED, deadline)
        return await engine.embed(facts, texts, deadline=deadline)

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        if self._beside.transcriber is None:
            raise self._cannot(JobKind.TRANSCRIBE)
        transcriber = self._beside.transcriber
        return await transcriber.transcribe(pcm, language=language, deadline=deadline, hints=hints)

    async def synthesize(self, text: str, *, language: str, deadline: float) -> bytes:
        if self._beside.synthesizer is None:
            raise self._cannot(JobKind.SPEAK)
        synthesizer = self._beside.synthesizer
        return await synthesizer.synthesize(text, language=language, deadline=deadline)

    async def draw(self, prompt: str, *, width: int, height: int, deadline: float) -> bytes:
        if self._beside.painter is None:
            raise self._cannot(JobKind.IMAGE)
        painter = self._beside.painter
        return await painter.draw(prompt, width=width, height=height, deadline=deadline)

    async def wake(self) -> None:
        if self._beside.waker is None:
            raise Permanent(
                f"the host {self.name} cannot be woken",
                remedy=f"set hosts.{self.name}.mac to the address of its network card",
            )
        await self._beside.waker.wake()

    async def rest(self) -> None:
        if self._beside.waker is not None:
            await self._beside.waker.rest()

    async def _look(self, deadline: float) -> tuple[Engine, HostFacts]:
        kind = self._kind or await kind_of(self._http, deadline=deadline)
        engine = engine_of(kind, self._http, self._local())
        facts = await engine.probe(self._model, deadline=deadline)
        again = await self._http.get("/health", deadline=deadline)  # the connection is there now
        jobs = self._beside.jobs(facts)
        return engine, replace(facts, round_trip_s=again.seconds, jobs=jobs)

    async def _known(self, job: JobKind, deadline: float) -> tuple[HostFacts, Engine]:
        """What there is to know, found out where it is not. Raises Permanent for a job that the
        host does not do.
        """
        facts = self._facts or await self.probe(deadline=deadline)
        if job not in facts.jobs or self._engine is None:
            raise self._cannot(job)
        return facts, self._engine

    def _cannot(self, job: JobKind) -> Permanent:
        return Permanent(f"the host {self.name} does no work of the kind {job}")
