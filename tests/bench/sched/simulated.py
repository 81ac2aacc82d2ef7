"""Engines in virtual time: how long they take, whom they keep waiting, when they are away.

A token of a prompt and of an answer costs a fixed time. What an engine has computed of a prompt
it keeps as whole system messages, the last few of them. An answer is " w" for each token.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from laresd.errors import DeadlineExceeded, Permanent, Temporary
from laresd.generation import LOCAL, Ending, Finish, Generation, Message, Piece
from laresd.jobs import HostCosts, HostFacts, HostKind, JobKind
from laresd.types import Priority, Transcript, Vectors
from tests.bench.sched.workload import TOKEN

WORD = " w"
HEADS = 8  # system messages that an engine keeps
CHUNK = 8  # tokens of a prompt that the box computes before it looks who is more urgent
REFUSED_S = 1.0  # until a machine that is off is given up
CLASSES = list(Priority)


@dataclass(frozen=True, slots=True)
class Pace:
    """Tokens a second, of prompts and of answers; how many requests run side by side, and by what
    share each one more makes the others slower.
    """

    prefill: float
    decode: float
    slots: int = 1
    crowding: float = 0.0
    round_trip_s: float = 0.0


class Turns:
    """`most` at a time; who waits is let in by class, and within it in the order of coming."""

    def __init__(self, most: int) -> None:
        self._most, self.taken = most, 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    @property
    def waiting(self) -> int:
        return sum(not turn.done() for _, _, turn in self._waiting)

    @asynccontextmanager
    async def turn(self, rank: int = 0) -> AsyncIterator[None]:
        if self.taken < self._most:
            self.taken += 1
        else:
            await self._wait(rank)
        try:
            yield
        finally:
            self._leave()

    async def _wait(self, rank: int) -> None:
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._numbers), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        """Who leaves may want to come back at once, and is then one of those to choose among."""
        asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self.taken -= 1


class Heads:
    """The system messages that an engine has computed, newest last."""

    def __init__(self) -> None:
        self._kept: dict[str, None] = {}

    def fresh(self, generation: Generation) -> tuple[int, int]:
        """Tokens of the prompt, and those of them that are to be computed; the head is kept."""
        total = sum(len(message.content) for message in generation.messages) // TOKEN
        head = generation.messages[0].content
        cached = len(head) // TOKEN if head in self._kept else 0
        self.keep(head)
        return total, total - cached

    def keep(self, head: str) -> None:
        self._kept.pop(head, None)
        self._kept[head] = None
        while len(self._kept) > HEADS:
            del self._kept[next(iter(self._kept))]


class SimulatedBox:
    """Port LocalModel: one step at a time, the most urgent request's, in turns within a class.
    `answers`: tokens by the last message.
    """

    def __init__(self, pace: Pace, answers: Mapping[str, int]) -> None:
        self._pace, self._answers = pace, answers
        self._turns, self._heads = Turns(1), Heads()

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        rank = CLASSES.index(generation.priority)
        total, fresh = self._heads.fresh(generation)
        said = len(generation.said.text) // len(WORD)
        left = fresh + said
        while left > 0:
            await self._step(rank, min(left, CHUNK) / self._pace.prefill, deadline)
            left -= CHUNK
        answer = self._answers[generation.messages[-1].content]
        for number in range(said, answer):
            await self._step(rank, 1 / self._pace.decode, deadline)
            yield Piece(WORD, (number,))
        yield Piece(ending=_ending(answer, total, total - fresh))

    async def _step(self, rank: int, seconds: float, deadline: float) -> None:
        async with _until(deadline), self._turns.turn(rank):
            await asyncio.sleep(seconds)

    async def prepare(self, head: Sequence[Message], *, deadline: float) -> None:
        self._heads.keep(head[0].content)

    async def anticipate(self, generation: Generation, *, deadline: float) -> None:
        pass

    async def hold(self, priority: Priority, seconds: float, *, deadline: float) -> None:
        raise Permanent("nothing else computes here")

    async def pace(self, share: float, *, deadline: float) -> None:
        raise Permanent("it never gets hot here")

    async def ids(self, generation: Generation, *, deadline: float) -> tuple[int, ...]:
        raise Permanent("no host has this model")


Span = tuple[float, float]  # from, to


@dataclass(frozen=True, slots=True)
class Life:
    """What happens at a host beside our requests. `others`: requests of other people, when they
    come and for how long each has a slot.
    """

    away: tuple[Span, ...] = ()
    hanging: tuple[Span, ...] = ()
    others: tuple[Span, ...] = ()

    def is_away(self, now: float) -> bool:
        return any(begin <= now < end for begin, end in self.away)

    def hangs_until(self, now: float) -> float:
        """`now` when it does not."""
        return next((end for begin, end in self.hanging if begin <= now < end), now)

    def serves(self, at: float, seconds: float, within: float) -> bool:
        """Whether so many seconds of work that come `at` can be done in time. What is done when it
        goes away is lost; it may begin again when it is back.
        """
        begins = [at, *(end for _, end in self.away)]
        return any(self._done(begin, seconds) <= at + within for begin in begins if begin >= at)

    def _done(self, begin: float, seconds: float) -> float:
        hangs = sorted(span for span in self.hanging if span[1] > begin)
        now = begin
        for since, until in hangs:
            if since >= now + seconds:
                break
            seconds -= max(since - now, 0.0)
            now = until
        end = now + seconds
        lost = self.is_away(begin) or any(begin < since < end for since, _ in self.away)
        return math.inf if lost else end


@dataclass(frozen=True, slots=True)
class Habits:
    """How a host's life is drawn: shares of the time, and seconds that each time lasts on average.
    While it is busy, others' requests of `request_s` each come as fast as `busy_load` of its slots
    takes.
    """

    away: float
    away_s: float
    hanging: float
    hanging_s: float
    busy: float
    busy_s: float
    busy_load: float
    request_s: float

    def life(self, rng: random.Random, slots: int, seconds: float) -> Life:
        busy = spans(rng, self.busy, self.busy_s, seconds)
        per_second = self.busy_load * slots / self.request_s
        others: list[Span] = []
        for begin, end in busy:
            now = begin + rng.expovariate(per_second)
            while now < end:
                others.append((now, rng.expovariate(1 / self.request_s)))
                now += rng.expovariate(per_second)
        return Life(
            spans(rng, self.away, self.away_s, seconds),
            spans(rng, self.hanging, self.hanging_s, seconds),
            tuple(others),
        )


def spans(rng: random.Random, share: float, each_s: float, seconds: float) -> tuple[Span, ...]:
    """Times that take `share` of all, come at random and last `each_s` on average."""
    found: list[Span] = []
    between_s = each_s * (1 - share) / share if share else 0.0
    now = rng.expovariate(1 / between_s) if share else seconds
    while now < seconds:
        end = now + rng.expovariate(1 / each_s)
        found.append((now, end))
        now = end + rng.expovariate(1 / between_s)
    return tuple(found)


class SimulatedHost:
    """Port Host. A request has a slot from its prompt to its end; who comes first is first."""

    costs = HostCosts(watts=200.0)

    def __init__(self, name: str, pace: Pace, life: Life, answers: Mapping[str, int]) -> None:
        self.name = name
        self._pace, self._life, self._answers = pace, life, answers
        self._turns, self._heads = Turns(pace.slots), Heads()
        self._facts = HostFacts(
            HostKind.LLAMA_SERVER,
            frozenset({JobKind.TEXT}),
            model="larger",
            identity="1",
            slots=pace.slots,
            round_trip_s=pace.round_trip_s,
            resumes=True,
            tools=True,
        )

    async def live(self) -> None:
        """Have the others' requests come."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            for at, seconds in self._life.others:
                await asyncio.sleep(max(at - loop.time(), 0.0))
                if not self._life.is_away(loop.time()):
                    tasks.create_task(self._serve_other(seconds))

    async def probe(self, *, deadline: float) -> HostFacts:
        async with _until(deadline):
            await self._reach()
        turns = self._turns
        return replace(self._facts, running=turns.taken, waiting=turns.waiting)

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        async with _until(deadline):
            await self._reach()
        turn = self._turns.turn()
        async with _until(deadline):
            await turn.__aenter__()
        try:
            async for piece in self._pieces(generation, deadline):
                yield piece
        finally:
            await turn.__aexit__(None, None, None)

    async def _pieces(self, generation: Generation, deadline: float) -> AsyncGenerator[Piece, None]:
        total, fresh = self._heads.fresh(generation)
        said = len(generation.said.text) // len(WORD)
        await self._compute((fresh + said) / self._pace.prefill, deadline)
        answer = self._answers.get(generation.messages[-1].content, 1)  # 1: a trial
        for _ in range(said, answer):
            await self._compute(1 / self._pace.decode, deadline)
            yield Piece(WORD)
        yield Piece(ending=_ending(answer, total, total - fresh))

    async def _compute(self, seconds: float, deadline: float) -> None:
        slower = 1 + self._pace.crowding * (self._turns.taken - 1)
        async with _until(deadline):
            await asyncio.sleep(seconds * slower)
            await self._reach(broken="broke the connection")

    async def _reach(self, broken: str = "") -> None:
        """Wait while it hangs. Raises Temporary when it is away."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0.0 if broken else self._pace.round_trip_s)
        if self._life.is_away(loop.time()):
            await asyncio.sleep(0.0 if broken else REFUSED_S)
            raise Temporary(f"{self.name} {broken or 'cannot be reached'}")
        until = self._life.hangs_until(loop.time())
        if until > loop.time():
            await asyncio.sleep(until - loop.time())

    async def _serve_other(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        async with self._turns.turn():
            gone = next((begin for begin, _ in self._life.away if begin > loop.time()), None)
            left = seconds if gone is None else min(seconds, gone - loop.time())
            await asyncio.sleep(left)

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors:
        raise Permanent("it makes text")

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        raise Permanent("it makes text")

    async def synthesize(self, text: str, *, language: str, deadline: float) -> bytes:
        raise Permanent("it makes text")

    async def draw(self, prompt: str, *, width: int, height: int, deadline: float) -> bytes:
        raise Permanent("it makes text")

    async def wake(self) -> None:
        raise Permanent("it cannot be woken")

    async def rest(self) -> None:
        raise Permanent("it is never put to sleep")


@asynccontextmanager
async def _until(deadline: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError:
        raise DeadlineExceeded("it was not done in time") from None


def _ending(answer: int, prompt: int, cached: int) -> Ending:
    return Ending(
        Finish.STOP, prompt_tokens=prompt, cached_tokens=cached, answer_tokens=answer, where=LOCAL
    )
