"""How long it takes to decide where a job is computed, with eight hosts and the box."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from laresd.core.scheduler.offers import Box, Job, Offer
from laresd.core.scheduler.placement import place
from laresd.core.scheduler.pool import Pool
from laresd.core.scheduler.speeds import Observation, Speeds
from laresd.generation import Generation, Message, Role
from laresd.jobs import ANYWHERE, HostCosts, JobKind, Policy, Reach, Routing
from laresd.types import Priority
from tests.bench.results import Row
from tests.bench.sched.house import House
from tests.bench.sched.workload import Caller, workload
from tests.bench.shared import percentile
from tests.fakes.lan_hosts import FACTS, FakeHost
from tests.fakes.language_model import FakeLanguageModel

COMMAND = "make bench-sched ONLY=decision"
GOAL = "<1"
HOSTS = tuple(f"host{number}" for number in range(8))
JOBS, GENERATIONS = 50_000, 10_000
KNOWN = 8  # prompts that each engine has computed
_JSON = frozenset({"json_schema"})
_ROUTINGS = (
    ANYWHERE,
    *(Routing(policy=policy) for policy in Policy),
    Routing(Reach.DEVICE),
    Routing(hosts=frozenset(HOSTS[:3])),
)
_CALLERS = tuple(
    Caller(str(each), 1.0, each, 60.0, f"This is {each}. " * 20, (1500, 1900), (1, 2), 128)
    for each in Priority
)


def decision() -> list[Row]:
    rng = random.Random(1)
    alone = _timed(_placements(rng))
    whole = asyncio.run(_with_offers(rng))
    return [
        _row("decision_p99_ms", alone, f"place() alone: {JOBS} random jobs and offers"),
        _row(
            "decision_with_offers_p99_ms",
            whole,
            f"Pool.job, Pool.offers and place() for {GENERATIONS} Generations of about 2000 "
            f"characters, each engine with {KNOWN} prompts in mind",
        ),
    ]


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds: on the core, and by the clock, which also counts what others did meanwhile."""

    core_s: float
    clock_s: float


def _row(name: str, spent: Sequence[Spent], note: str) -> Row:
    core, clock = [1000 * each.core_s for each in spent], [1000 * each.clock_s for each in spent]
    p50, p99 = percentile(core, 0.5), percentile(core, 0.99)
    spread = (
        f"time on the core, p50 {p50:.3f} ms, the longest {max(core):.2f} ms (by the clock, with "
        f"other work beside it, p50 {percentile(clock, 0.5):.3f} and p99 "
        f"{percentile(clock, 0.99):.3f} ms)"
    )
    return Row(
        f"sched/{name}", round(p99, 4), GOAL, COMMAND, note=f"{spread}; 8 hosts and the box; {note}"
    )


def _timed(decisions: Iterable[Callable[[], object]]) -> list[Spent]:
    """What each took; what it is about is made outside of that."""
    spent = []
    for decide in decisions:
        core, clock = time.thread_time(), time.perf_counter()
        decide()
        spent.append(Spent(time.thread_time() - core, time.perf_counter() - clock))
    return spent


def _placements(rng: random.Random) -> Iterator[Callable[[], object]]:
    box = Box()
    for _ in range(JOBS):
        job, offers = random_job(rng), random_offers(rng)
        yield partial(place, job, offers, box)


def random_job(rng: random.Random) -> Job:
    return Job(
        JobKind.TEXT,
        rng.choice([*Priority]),
        rng.uniform(10, 4000),
        rng.uniform(1, 512),
        rng.uniform(1, 600),
        rng.choice(_ROUTINGS),
        grammars=rng.choice((frozenset(), frozenset(), _JSON)),
        tools=rng.random() < 0.2,
        resume=rng.random() < 0.2,
    )


def random_offers(rng: random.Random) -> list[Offer]:
    """Of the box and the eight hosts: some broken, some asleep, most busy."""
    return [
        Offer(
            name,
            name not in HOSTS,
            frozenset({JobKind.TEXT}),
            _speeds(rng),
            excluded="it broke off" if rng.random() < 0.1 else "",
            wake_s=30.0 if name in HOSTS and rng.random() < 0.1 else None,
            cached_tokens=rng.choice((0.0, 200.0)),
            running=rng.randrange(6),
            waiting=rng.randrange(3),
            slots=4,
            round_trip_s=0.002,
            watts=rng.uniform(5, 300),
            context=rng.choice((0, 2048, 8192)),
            grammars=_JSON,
            tools=rng.random() < 0.8,
            resumes=rng.random() < 0.8,
        )
        for name in ("this box", *HOSTS)
    ]


def _speeds(rng: random.Random) -> Speeds:
    return Speeds.of(
        latency_s=rng.uniform(0.02, 0.5),
        prefill_s=1 / rng.uniform(30, 3000),
        decode_s=1 / rng.uniform(5, 100),
    )


async def _with_offers(rng: random.Random) -> list[Spent]:
    hosts = [
        FakeHost(
            name,
            FakeLanguageModel(),
            replace(FACTS, running=rng.randrange(4), round_trip_s=0.002),
            HostCosts(watts=200.0),
        )
        for name in HOSTS
    ]
    house = House(hosts, FakeLanguageModel())
    async with house.running():
        _teach(house.pool, rng)
        asked = [
            replace(work.generation, routing=rng.choice(_ROUTINGS))
            for work in workload(_CALLERS, rng, jobs=GENERATIONS, per_second=1.0)
        ]
        return _timed(partial(_decide, house.pool, each) for each in asked)


def _decide(pool: Pool, generation: Generation) -> object:
    """All that an answer does before it is begun, as `Answer` does it."""
    deadline = asyncio.get_running_loop().time() + 60.0
    offers = pool.offers(generation, begun=False, failed={})
    job = pool.job(generation, deadline=deadline, begun=False)
    return place(job, offers, pool.box, pool.weather)


def _teach(pool: Pool, rng: random.Random) -> None:
    """Have each engine known by some jobs."""
    for engine in pool.engines:
        for number in range(KNOWN):
            (work,) = workload(_CALLERS, rng, jobs=1, per_second=1.0)
            tokens = rng.uniform(100, 600)
            seen = Observation(tokens, tokens / rng.uniform(30, 2000), 40, rng.uniform(0.5, 8))
            engine.learn(JobKind.TEXT, seen)
            message = Message(Role.USER, f"{number} {work.question}")
            asked = replace(work.generation, messages=(work.generation.messages[0], message))
            engine.prefixes = engine.prefixes.learned(asked, prompt_tokens=int(tokens))
