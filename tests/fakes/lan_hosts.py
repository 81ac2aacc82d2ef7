"""Hosts on the LAN that do, and fail, as the test tells them to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace

from laresd.errors import DeadlineExceeded, LaresError, Temporary
from laresd.generation import Generation, GrammarKind, Piece
from laresd.jobs import HostCosts, HostFacts, HostKind, JobKind
from laresd.ports import Host
from laresd.types import Transcript, Vectors
from tests.fakes.language_model import FakeLanguageModel

FACTS = HostFacts(
    HostKind.LLAMA_SERVER,
    frozenset({JobKind.TEXT}),
    model="big",
    identity="1",
    slots=4,
    round_trip_s=0.001,
    grammars=frozenset({str(GrammarKind.GBNF), str(GrammarKind.JSON_SCHEMA)}),
    tools=True,
    resumes=True,
    decode_speed=50.0,
    prefill_speed=1000.0,
)


@dataclass
class FakeHost:
    """Port Host. Answers as its model does; `hangs_after` and `breaks_after` count the words that
    it still says of an answer of more than one token. `down`: no probe or answer comes back.
    `mute`: its health is fine, and no token comes.
    """

    name: str
    model: FakeLanguageModel
    facts: HostFacts = FACTS
    costs: HostCosts = field(default_factory=HostCosts)
    breaks_after: int | None = None
    hangs_after: int | None = None
    down: LaresError | None = None
    mute: bool = False
    trials: int = 0
    worked: int = 0
    seconds: float = 0.1  # of work that is no text
    asked: list[Generation] = field(default_factory=list)
    woken: int = 0
    rested: int = 0

    async def probe(self, *, deadline: float) -> HostFacts:
        if self.down is not None:
            raise self.down
        return self.facts

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        if self.down is not None:
            raise self.down
        if generation.max_tokens > 1:
            self.asked.append(generation)
        else:
            self.trials += 1
        if self.mute:
            await _late(deadline)
        said = 0
        async for piece in self.model.generate(generation, deadline=deadline):
            if generation.max_tokens > 1 and said == self.breaks_after:
                raise Temporary(f"{self.name} broke the connection")
            if generation.max_tokens > 1 and said == self.hangs_after:
                await asyncio.sleep(1e6)
            said += 1
            tokens = piece.tokens if generation.ids else ()
            yield replace(piece, tokens=tokens)

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors:
        await self._work(deadline)
        return Vectors(1, b"\0\0\x80\x3f" * len(texts))

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        await self._work(deadline)
        return Transcript(f"heard by {self.name}")

    async def synthesize(self, text: str, *, language: str, deadline: float) -> bytes:
        await self._work(deadline)
        return self.name.encode()

    async def draw(self, prompt: str, *, width: int, height: int, deadline: float) -> bytes:
        await self._work(deadline)
        return f"{width}x{height} by {self.name}".encode()

    async def _work(self, deadline: float) -> None:
        self.worked += 1
        if self.down is not None:
            raise self.down
        if self.mute:
            await _late(deadline)
        await asyncio.sleep(self.seconds)

    async def wake(self) -> None:
        self.woken += 1

    async def rest(self) -> None:
        self.rested += 1


async def _late(deadline: float) -> None:
    try:
        async with asyncio.timeout_at(deadline):
            await asyncio.Event().wait()
    except TimeoutError:
        raise DeadlineExceeded("it did not answer in time") from None


class FakeHosts:
    """Port Hosts: those in the list, which the test may change."""

    def __init__(self, *hosts: Host) -> None:
        self.hosts = [*hosts]

    def trusted(self) -> Sequence[Host]:
        return self.hosts
