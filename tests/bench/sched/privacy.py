"""Private jobs on the wire: every byte that goes to the hosts is kept and searched.

Each job has a mark of its own in its question, and the box's answer repeats it. Half of the jobs
are public, a quarter is private by the header of the request, a quarter since the box is set so,
whatever their headers ask for. Meanwhile hosts die and hang, the box's own model fails now and
then, and every late first token has somebody else begin, too.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

import httpx

from laresd.backends.hosts.host import HttpHost
from laresd.backends.hosts.http import Address, HttpClient
from laresd.config import Scheduler
from laresd.core.scheduler.counts import Event
from laresd.errors import Temporary
from laresd.generation import Generation, Piece
from laresd.jobs import HostKind
from tests.bench.results import Row
from tests.bench.sched.house import House
from tests.bench.sched.tap import Tap
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.openai_formats import Fault, ids
from tests.fakes.openai_host import FACTS, OpenAiHost
from tests.unit.frontends.http.served import asking, serving

COMMAND = "make bench-sched ONLY=privacy"
JOBS, SEED = 300, 6
PER_SECOND = 8.0
SETTLED_S, TROUBLE_S = 0.3, 0.4  # until something goes wrong, and is well again
WORD_S = 0.02  # of the box's answers
FAILS = ("0", "1")  # marks that end so are too much for the box
KINDS = (HostKind.LLAMA_SERVER, HostKind.VLLM, HostKind.OLLAMA)
FAULTS = (Fault.RESET, Fault.HANG, Fault.CLOSED, Fault.GARBAGE, Fault.BUSY, Fault.CRASHED)
PIECES = 4  # of an answer, before most of the faults


class Why(StrEnum):
    PUBLIC = "public"
    HEADER = "private by its header"
    BOX = "private by the box's setting"


@dataclass(frozen=True, slots=True)
class Marked:
    """A job; `mark` occurs in its question and nowhere else."""

    mark: str
    why: Why
    headers: Mapping[str, str]


def marked(count: int, rng: random.Random) -> list[Marked]:
    """Half of them public, in any order."""
    whys = [Why.PUBLIC, Why.PUBLIC, Why.HEADER, Why.BOX] * (count // 4)
    rng.shuffle(whys)
    return [Marked(f"mark{rng.getrandbits(64):016x}", why, _headers(why, rng)) for why in whys]


def _headers(why: Why, rng: random.Random) -> dict[str, str]:
    """As tempting as headers can be."""
    headers = {
        "X-Lares-Policy": rng.choice(["fastest", "greenest", "host-first"]),
        "X-Lares-Priority": rng.choice(["interactive", "automation"]),
        "X-Lares-Deadline": "60",
    }
    if why is Why.HEADER:
        return headers | {"X-Lares-Reach": "device"}
    if rng.random() < 0.5:
        headers["X-Lares-Hosts"] = str(rng.choice(KINDS))
    return headers | {"X-Lares-Reach": "lan"}


def forms(mark: str) -> tuple[bytes, ...]:
    """How it may be written on the wire: as text, and as the fake model's tokens in JSON."""
    numbers = [str(byte) for byte in mark.encode()]
    return mark.encode(), ", ".join(numbers).encode(), ",".join(numbers).encode()


def seen(mark: str, sent: Iterable[bytes | bytearray]) -> bool:
    """Whether a connection carried it."""
    wanted = forms(mark)
    return any(form in connection for connection in sent for form in wanted)


class FailingModel(FakeLanguageModel):
    """The box's own: it repeats the question, has the hosts' tokens, and fails at some questions,
    however often it is asked, when it has said nearly all.
    """

    def __init__(self) -> None:
        super().__init__(_echo, seconds=WORD_S)
        self.failed = 0

    async def ids(self, generation: Generation, *, deadline: float) -> tuple[int, ...]:
        return ids(f"<user>{generation.messages[-1].content}")

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        fails = mark_in(generation).endswith(FAILS)
        async with aclosing(super().generate(generation, deadline=deadline)) as pieces:
            async for piece in pieces:
                if fails and piece.ending is not None:
                    self.failed += 1
                    raise Temporary("the worker died")
                yield piece


def mark_in(generation: Generation) -> str:
    return generation.messages[-1].content.rpartition(" ")[2]


def _echo(generation: Generation) -> str:
    return f"You asked for {mark_in(generation)} and I cannot say."


@dataclass
class Lan:
    """The hosts and the wires to them. `troubles`: what went wrong, counted."""

    hosts: Mapping[str, OpenAiHost]
    taps: Mapping[str, Tap]
    urls: Mapping[str, str]
    troubles: Counter[str]

    async def trouble(self, rng: random.Random) -> None:
        """One host after the other fails, each in its own way; never ends."""
        while True:
            await asyncio.sleep(SETTLED_S)
            name = rng.choice([*self.hosts])
            host, tap = self.hosts[name], self.taps[name]
            kind = rng.choice(["dead", *FAULTS])
            self.troubles[str(kind)] += 1
            if isinstance(kind, Fault):
                host.fault, host.after = kind, rng.randrange(PIECES)
            else:
                tap.down = True
                tap.cut()
            await asyncio.sleep(TROUBLE_S)
            host.fault, tap.down = None, False

    @property
    def sent(self) -> list[bytearray]:
        return [connection for tap in self.taps.values() for connection in tap.sent]


def privacy() -> list[Row]:
    return asyncio.run(_measured())


async def _measured() -> list[Row]:
    rng = random.Random(SEED)
    jobs = marked(JOBS, rng)
    async with AsyncExitStack() as stack:
        lan = await stack.enter_async_context(_lan())
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        model = FailingModel()
        houses = [
            await stack.enter_async_context(_house(lan, model, reach))
            for reach in ("lan", "device")
        ]
        trouble = tasks.create_task(lan.trouble(rng))
        answered = await _ask(jobs, houses)
        trouble.cancel()
    return [_row(jobs, lan, answered, model, houses[0][0])]


@asynccontextmanager
async def _lan() -> AsyncIterator[Lan]:
    async with AsyncExitStack() as stack:
        hosts, taps, urls = dict[str, OpenAiHost](), dict[str, Tap](), dict[str, str]()
        for kind in KINDS:
            name = str(kind)
            hosts[name] = await stack.enter_async_context(OpenAiHost(kind))
            taps[name] = Tap(hosts[name].port)
            urls[name] = await stack.enter_async_context(taps[name].listening())
        yield Lan(hosts, taps, urls, Counter())


@asynccontextmanager
async def _house(lan: Lan, model: FailingModel, reach: str) -> AsyncIterator[tuple[House, str]]:
    """With the address of its API."""
    settings = Scheduler(
        reach="device" if reach == "device" else "lan", hedge_percent=100.0, probe_s=0.5
    )
    async with AsyncExitStack() as stack:
        hosts = [
            await stack.enter_async_context(
                HttpHost(HttpClient(Address(name, url)), local=lambda: FACTS)
            )
            for name, url in lan.urls.items()
        ]
        house = House(hosts, model, settings)
        await stack.enter_async_context(house.running())
        yield house, await stack.enter_async_context(serving(house.model))


async def _ask(
    jobs: Sequence[Marked], houses: Sequence[tuple[House, str]]
) -> Counter[tuple[Why, bool]]:
    """Whether each was answered, by why it is private."""
    answered: Counter[tuple[Why, bool]] = Counter()
    async with AsyncExitStack() as stack:
        open_house, closed = [
            await stack.enter_async_context(asking(address)) for _, address in houses
        ]

        async def one(job: Marked) -> None:
            client = closed if job.why is Why.BOX else open_house
            answered[job.why, await _answers(client, job)] += 1

        async with asyncio.TaskGroup() as tasks:
            for job in jobs:
                tasks.create_task(one(job))
                await asyncio.sleep(1 / PER_SECOND)
    return answered


async def _answers(client: httpx.AsyncClient, job: Marked) -> bool:
    body = {
        "model": "lares",
        "messages": [{"role": "user", "content": f"Who is {job.mark}"}],
        "max_tokens": 64,
    }
    answer = await client.post("/v1/chat/completions", json=body, headers=dict(job.headers))
    return answer.status_code == httpx.codes.OK


def _row(
    jobs: Sequence[Marked],
    lan: Lan,
    answered: Mapping[tuple[Why, bool], int],
    model: FailingModel,
    house: House,
) -> Row:
    sent = lan.sent
    found = Counter(job.why for job in jobs if seen(job.mark, sent))
    every = Counter(job.why for job in jobs)
    leaked = found.total() - found[Why.PUBLIC]
    did = ", ".join(f"{house.counts.sum(e)} {e}" for e in (Event.HEDGED, Event.LOST, Event.RESUMED))
    troubles = ", ".join(f"{count} {name}" for name, count in sorted(lan.troubles.items()))
    jobs_by = ", ".join(f"{every[w]} {w} ({answered[w, True]} answered)" for w in Why)
    note = (
        f"{jobs_by}; of the public ones {found[Why.PUBLIC]} were on the wire; "
        f"{sum(map(len, sent))} bytes on {len(sent)} connections to {len(lan.taps)} fake hosts "
        f"were searched for each job's mark, as text and as tokens; troubles of the hosts: "
        f"{troubles}; {did}, {model.failed} times the box's own model failed"
    )
    if not found[Why.PUBLIC]:
        raise RuntimeError(f"no public job was on the wire, so that nothing is shown: {note}")
    return Row("sched/private_jobs_on_the_wire", leaked, "0", COMMAND, note=note)
