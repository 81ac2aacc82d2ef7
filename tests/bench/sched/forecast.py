"""How far off the forecasts are: two hundred jobs on real engines, against what each took.

The box is its own worker with SmolLM2, the host a real llama-server with the same model. On one
machine they would take each other's cores, which a box and its host do not: each has one of its
own.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from laresd.app.mind import local_model
from laresd.backends.hosts.host import HttpHost
from laresd.backends.hosts.http import Address, HttpClient
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerLanguageModel
from laresd.config import Llm
from laresd.core.scheduler.counts import Event
from laresd.core.scheduler.offers import token_s
from laresd.errors import LaresError
from laresd.generation import AnswerGrammar, Ending, Finish, GrammarKind
from laresd.jobs import ANYWHERE, Policy, Reach, Routing
from laresd.types import Priority
from tests.bench.results import Row
from tests.bench.sched.house import House
from tests.bench.sched.workload import Caller, Work, workload
from tests.bench.shared import percentile
from tests.fakes.llama_hosts import RealServer, llama_server
from tests.fakes.workers import pid_of, running, soon

COMMAND = "make bench-sched ONLY=forecast"
JOBS, SEED, PER_SECOND = 200, 4, 0.3
WARM_UP = 20  # jobs before which little is known; they count, too
CONTEXT = 4096  # tokens
# In so small batches, one core is busy with each for about as long as a GPU with the usual 2048.
SERVER = ("-t", "1", "-tb", "1", "-b", "128", "-ub", "128")
_ROUTINGS = (
    *[ANYWHERE] * 6,
    *[Routing(Reach.DEVICE)] * 2,
    Routing(policy=Policy.LOCAL_FIRST),
    Routing(policy=Policy.HOST_FIRST),
)
_VERDICT = AnswerGrammar(
    GrammarKind.JSON_SCHEMA,
    json.dumps(
        {
            "type": "object",
            "properties": {
                "urgent": {"type": "boolean"},
                "room": {"enum": ["kitchen", "hall", "garden"]},
            },
            "required": ["urgent", "room"],
            "additionalProperties": False,
        }
    ),
)


def _caller(
    name: str,
    share: float,
    priority: Priority,
    *,
    characters: tuple[int, int],
    most: int,
    task: str,
    grammar: AnswerGrammar | None = None,
) -> Caller:
    return Caller(
        name,
        share,
        priority,
        600.0,
        f"You are a helpful assistant of a household. {task}",
        characters,
        (1, most),
        most,
        "What do you say?",
        _ROUTINGS,
        grammar,
    )


CALLERS = (
    _caller(
        "voice",
        0.3,
        Priority.VOICE,
        characters=(30, 120),
        most=32,
        task="Answer in one short sentence.",
    ),
    _caller(
        "chat",
        0.3,
        Priority.INTERACTIVE,
        characters=(100, 800),
        most=128,
        task="Talk with the person who asks.",
    ),
    _caller(
        "automation",
        0.25,
        Priority.AUTOMATION,
        characters=(300, 1200),
        most=48,
        task="Say in JSON which room it is about, and whether it is urgent.",
        grammar=_VERDICT,
    ),
    _caller(
        "documents",
        0.15,
        Priority.BACKGROUND,
        characters=(1000, 2400),
        most=96,
        task="Sum up the document.",
    ),
)


@dataclass(frozen=True, slots=True)
class Timed:
    """A job that was done. Seconds. `if_known_s`: the forecast, had it known how many tokens the
    answer would have. `beside`: jobs that were under way when it came. `where`: it was placed.
    `cut`: the answer ended at its limit.
    """

    caller: str
    where: str
    forecast_s: float
    if_known_s: float
    took_s: float
    first_forecast_s: float
    first_s: float
    beside: int
    cut: bool


def error(forecast: float, actual: float) -> float:
    """Of a forecast, as a share of what it was."""
    return abs(forecast - actual) / actual


def errors(timed: Sequence[Timed]) -> list[float]:
    return [error(each.forecast_s, each.took_s) for each in timed]


def forecast() -> list[Row]:
    works = workload(CALLERS, random.Random(SEED), jobs=JOBS, per_second=PER_SECOND)
    with llama_server(*SERVER, slots=2, context=CONTEXT // 2) as server:
        timed, counts = asyncio.run(_ask(works, server))
    return rows(timed, counts)


def rows(timed: Sequence[Timed], did: str) -> list[Row]:
    """All of them, in the order in which they came."""
    found = errors(timed)
    parts = {
        f"after the first {WARM_UP}": timed[WARM_UP:],
        "alone": [each for each in timed if not each.beside],
        "beside others": [each for each in timed if each.beside],
        "with an answer as long as allowed": [each for each in timed if each.cut],
        **{name: [each for each in timed if each.where == name] for name in _names(timed)},
        **{c.name: [each for each in timed if each.caller == c.name] for c in CALLERS},
    }
    known = [error(each.if_known_s, each.took_s) for each in timed]
    first = [error(each.first_forecast_s, each.first_s) for each in timed]
    medians = ", ".join(f"{n} {_median(errors(p))} ({len(p)})" for n, p in parts.items() if p)
    note = (
        f"p90 {_percent(percentile(found, 0.9))}; {len(timed)} jobs on real engines, the first "
        f"ones among them, before which nothing is known; the median of those {medians}; had the "
        f"answer's length been known {_median(known)}, of the first token alone {_median(first)}; "
        f"{did}; SmolLM2, one core for the box and one for the host"
    )
    value = 100 * statistics.median(found)
    return [Row("sched/forecast_error_percent", round(value, 1), "<20", COMMAND, note=note)]


def _names(timed: Sequence[Timed]) -> list[str]:
    return sorted({each.where for each in timed})


def _median(shares: Sequence[float]) -> str:
    return _percent(statistics.median(shares))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


async def _ask(works: Sequence[Work], server: RealServer) -> tuple[list[Timed], str]:
    loop = asyncio.get_running_loop()
    async with _house(server) as (house, pids), asyncio.TaskGroup() as tasks:
        before = [Ran.of(pid) for pid in pids]
        begun, asked = loop.time(), list[asyncio.Task[Timed | None]]()
        for number, work in enumerate(works):
            await asyncio.sleep(max(begun + work.at - loop.time(), 0.0))
            beside = sum(not task.done() for task in asked)
            asked.append(tasks.create_task(_one(house, work, beside)))
            if number % WARM_UP == 0:
                print(f"bench: forecast: {number} of {len(works)} jobs", flush=True)
        done = [await task for task in asked]
        after = [Ran.of(pid) for pid in pids]
        happened = Counter({event: house.counts.sum(event) for event in Event})
    hedged, moved, lost = (happened[each] for each in (Event.HEDGED, Event.MOVED, Event.LOST))
    waited = [now.waited_share_since(then) for now, then in zip(after, before, strict=True)]
    kept = f"other work kept the box from its core for {_percent(waited[0])} of its time, the host"
    timed = [each for each in done if each is not None]
    did = f"{hedged} hedged, {moved} moved, {lost} lost, {len(done) - len(timed)} failed"
    return timed, f"{did}; {kept} {_percent(waited[1])}"


async def _one(house: House, work: Work, beside: int) -> Timed | None:
    """None for an answer that failed, which says nothing of forecasts."""
    try:
        return await _timed(house, work, beside)
    except LaresError as error:
        print(f"bench: forecast: {work.caller} failed: {error}", flush=True)
        return None


async def _timed(house: House, work: Work, beside: int) -> Timed:
    loop = asyncio.get_running_loop()
    begun, first_at, ending = loop.time(), 0.0, Ending(Finish.CANCELLED)
    stream = house.model.generate(work.generation, deadline=begun + work.seconds)
    async with aclosing(stream) as pieces:
        async for piece in pieces:
            first_at = first_at or loop.time()
            ending = piece.ending or ending
    placement = house.counts.first()
    if placement is None:
        raise RuntimeError("an answer came that was placed nowhere")
    told = placement.chosen.forecast
    return Timed(
        work.caller,
        placement.where,
        told.completion_s,
        told.first_token_s
        + max(ending.answer_tokens - 1, 0) * token_s(placement.chosen.offer, 1.0),
        loop.time() - begun,
        told.first_token_s,
        first_at - begun,
        beside,
        ending.finish is Finish.LENGTH,
    )


@asynccontextmanager
async def _house(server: RealServer) -> AsyncIterator[tuple[House, tuple[int, int]]]:
    """With the ids of the box's worker and of the host."""
    spec = specs.language_model(Llm(context=CONTEXT, threads=1))
    async with running(spec) as worker:
        await worker.wait_ready(deadline=soon(180.0))
        box, host = (core % (os.cpu_count() or 1) for core in (0, 1))
        pids = await pid_of(worker), server.process.pid
        _give(pids[0], box)
        _give(pids[1], host)
        http = HttpClient(Address("tower", server.url))
        async with HttpHost(http, local=lambda: local_model(worker)) as tower:
            house = House([tower], WorkerLanguageModel(worker), context=CONTEXT)
            async with house.running():
                yield house, pids


def _give(pid: int, core: int) -> None:
    """One core to all threads of a process, none of which gives way to the others'; threads that
    it makes later follow.
    """
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})
        os.setpriority(os.PRIO_PROCESS, int(thread.name), os.getpriority(os.PRIO_PROCESS, 0))


@dataclass(frozen=True, slots=True)
class Ran:
    """Seconds that the threads of a process had a core, and that they waited for it (Linux,
    Documentation/scheduler/sched-stats.rst: the first two figures of schedstat are nanoseconds).
    """

    had_s: float
    waited_s: float

    @classmethod
    def of(cls, pid: int) -> Self:
        found = [
            (thread / "schedstat").read_text(encoding="ascii").split()
            for thread in Path(f"/proc/{pid}/task").iterdir()
        ]
        had, waited = (sum(int(each[place]) for each in found) / 1e9 for place in (0, 1))
        return cls(had, waited)

    def waited_share_since(self, before: Ran) -> float:
        """Of the time in which it had something to do."""
        had, waited = self.had_s - before.had_s, self.waited_s - before.waited_s
        return waited / (had + waited) if had + waited > 0 else 0.0
