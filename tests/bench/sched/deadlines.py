"""How many jobs are done within their deadlines, beside policies that look at nothing.

The engines are simulated (simulated.py), in virtual time. What they are, what the hosts do beside
and which jobs come is set here, before anything was measured with it.
"""

from __future__ import annotations

import asyncio
import random
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from laresd.config import Scheduler
from laresd.core.scheduler.counts import Event
from laresd.errors import LaresError
from laresd.generation import Message, Role
from laresd.ports import Host, LanguageModel, LocalModel
from laresd.types import Priority
from tests.bench.results import Row
from tests.bench.sched.house import House
from tests.bench.sched.simulated import Habits, Life, Pace, SimulatedBox, SimulatedHost
from tests.bench.sched.workload import TOKEN, Caller, Work, workload
from tests.fakes.virtual_time import VirtualTimeLoop

COMMAND = "make bench-sched ONLY=deadlines"
SECONDS = 4 * 3600.0  # of each run, in virtual time
SEEDS = range(5)
LOADS = {"light": 1.0, "mixed": 4.0, "heavy": 12.0}  # jobs a minute

# A Raspberry Pi 5 with a 3B model, a desktop's and a laptop's GPU with larger ones.
BOX = Pace(prefill=30.0, decode=5.0)
TOWER = Pace(prefill=1200.0, decode=40.0, slots=2, crowding=0.15, round_trip_s=0.003)
LAPTOP = Pace(prefill=300.0, decode=15.0, slots=1, round_trip_s=0.008)
TOWER_HABITS = Habits(
    away=0.15,
    away_s=600.0,
    hanging=0.03,
    hanging_s=60.0,
    busy=0.25,
    busy_s=600.0,
    busy_load=0.9,
    request_s=15.0,
)
LAPTOP_HABITS = Habits(
    away=0.3,
    away_s=900.0,
    hanging=0.03,
    hanging_s=60.0,
    busy=0.15,
    busy_s=300.0,
    busy_load=0.9,
    request_s=20.0,
)
VOICE_HEAD = "These are the devices of the home and what can be done with each. " * 24  # 400 tokens
HEAD = "You are the assistant of a household. Be brief. " * 4
CALLERS = (
    Caller("voice", 0.35, Priority.VOICE, 3.0, VOICE_HEAD, (40, 120), (4, 12), 64),
    Caller("chat", 0.3, Priority.INTERACTIVE, 15.0, HEAD, (100, 1600), (15, 120), 256),
    Caller("automation", 0.2, Priority.AUTOMATION, 60.0, HEAD, (400, 2400), (10, 80), 128),
    Caller("documents", 0.15, Priority.BACKGROUND, 600.0, HEAD, (2000, 8000), (60, 300), 512),
)
SCHEDULER = "scheduler"
POLICIES = (SCHEDULER, "always local", "always tower", "always laptop", "hosts in turn", "in turn")


@dataclass(frozen=True, slots=True)
class World:
    """The jobs, and what the hosts do beside them: the same for every policy."""

    works: tuple[Work, ...]
    tower: Life
    laptop: Life


def world(load: float, seed: int) -> World:
    """`load`: jobs a minute."""
    rng = random.Random(f"{load} {seed}")
    jobs = round(load * SECONDS / 60)
    works = workload(CALLERS, rng, jobs=jobs, per_second=load / 60)
    end = max(works[-1].at, SECONDS) + 600.0
    return World(
        tuple(works),
        TOWER_HABITS.life(rng, TOWER.slots, end),
        LAPTOP_HABITS.life(rng, LAPTOP.slots, end),
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """Jobs by caller, in time and in all; `events`: what the scheduler did."""

    kept: Counter[str]
    all: Counter[str]
    events: Mapping[Event, int]

    @property
    def share(self) -> float:
        return self.kept.total() / self.all.total()


def run(policy: str, found: World) -> Outcome:
    """One policy through one world."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(_run(policy, found))


async def _run(policy: str, found: World) -> Outcome:
    answers = {work.question: work.tokens for work in found.works}
    box = SimulatedBox(BOX, answers)
    await box.prepare([Message(Role.SYSTEM, VOICE_HEAD)], deadline=60.0)
    hosts = (
        SimulatedHost("tower", TOWER, found.tower, answers),
        SimulatedHost("laptop", LAPTOP, found.laptop, answers),
    )
    async with asyncio.TaskGroup() as tasks:
        others = [tasks.create_task(host.live()) for host in hosts]
        if policy == SCHEDULER:
            house = House(hosts, box, Scheduler())
            async with house.running():
                kept = await _all(found.works, lambda work: house.model)
            events = {event: house.counts.sum(event) for event in Event}
        else:
            kept = await _all(found.works, _static(policy, box, hosts))
            events = {}
        for task in others:
            task.cancel()
    return Outcome(kept, Counter(work.caller for work in found.works), events)


Engine = LanguageModel | Host
Choose = Callable[[Work], Engine]


def _static(policy: str, box: LocalModel, hosts: Sequence[Host]) -> Choose:
    """The engine of each job; when that fails or is late, so is the job."""
    turns: dict[str, list[Engine]] = {
        "always local": [box],
        "always tower": [hosts[0]],
        "always laptop": [hosts[1]],
        "hosts in turn": [*hosts],
        "in turn": [box, *hosts],
    }
    engines, count = turns[policy], iter(range(1_000_000))
    return lambda work: engines[next(count) % len(engines)]


async def _all(works: Sequence[Work], choose: Choose) -> Counter[str]:
    """Ask for each when it comes; those that were done in time, by caller."""
    kept: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def one(work: Work) -> None:
        engine = choose(work)
        if await _in_time(engine, work, loop.time() + work.seconds):
            kept[work.caller] += 1

    async with asyncio.TaskGroup() as tasks:
        for work in works:
            await asyncio.sleep(max(begun + work.at - loop.time(), 0.0))
            tasks.create_task(one(work))
    return kept


async def _in_time(engine: Engine, work: Work, deadline: float) -> bool:
    try:
        async with aclosing(engine.generate(work.generation, deadline=deadline)) as pieces:
            ended = [piece async for piece in pieces if piece.ending is not None]
    except LaresError:
        return False
    return bool(ended) and asyncio.get_running_loop().time() <= deadline


def deadlines() -> list[Row]:
    rows: list[Row] = []
    ratios: list[float] = []
    for load, per_minute in LOADS.items():
        outcomes: dict[str, list[Outcome]] = {policy: [] for policy in POLICIES}
        possible: list[float] = []
        for seed in SEEDS:
            found = world(per_minute, seed)
            possible.append(possible_share(found))
            for policy in POLICIES:
                outcomes[policy].append(run(policy, found))
            print(f"bench: deadlines: {load}, seed {seed} is done", flush=True)
        here = over_best_static(outcomes)
        ratios += here
        note = f"{_shares(outcomes)}, {_percent(statistics.mean(possible))} {_POSSIBLE}"
        rows.append(
            _row(f"deadlines_{load}_over_best_static", here, "", f"{note}; {_did(outcomes)}")
        )
    note = f"the median over {', '.join(LOADS)} load; engines are SIMULATED: {_WHAT}"
    return [_row("deadlines_kept_over_best_static", ratios, ">=1.25", note), *rows]


_POSSIBLE = "would be where every job had its engines for itself"
_WHAT = (
    "a Pi 5 with a 3B (30 and 5 tokens/s, one step at a time, by class), a host of 1200 and 40 "
    "(2 slots; away 15 %, hanging 3 %, busy with others 25 % of the time) and one of 300 and 15 "
    "(1 slot; 30 %, 3 %, 15 %); voice within 3 s, chat 15 s, automations 60 s, documents 600 s; "
    "4 hours of virtual time each; static policies do not fail over: a job is lost with its engine"
)


def best_static(outcomes: Mapping[str, Sequence[Outcome]]) -> str:
    """The policy that keeps most over all its runs."""
    static = [policy for policy in outcomes if policy != SCHEDULER]
    return max(static, key=lambda policy: sum(each.share for each in outcomes[policy]))


def over_best_static(outcomes: Mapping[str, Sequence[Outcome]]) -> list[float]:
    """Of each run: the scheduler's share over that of the static policy which is best over all."""
    best = outcomes[best_static(outcomes)]
    pairs = zip(outcomes[SCHEDULER], best, strict=True)
    return [ours.share / theirs.share for ours, theirs in pairs]


def possible_share(found: World) -> float:
    """Jobs that one engine at least would do in time if it had nothing else to do: about as many as
    a policy could keep that knew what comes.
    """
    return statistics.fmean(_is_possible(work, found) for work in found.works)


def _is_possible(work: Work, found: World) -> bool:
    hosts = ((TOWER, found.tower), (LAPTOP, found.laptop))
    if _alone_s(work, BOX) <= work.seconds:
        return True
    return any(life.serves(work.at, _alone_s(work, pace), work.seconds) for pace, life in hosts)


def _alone_s(work: Work, pace: Pace) -> float:
    """With its head computed already."""
    return len(work.question) / TOKEN / pace.prefill + work.tokens / pace.decode


def _row(name: str, ratios: Sequence[float], goal: str, note: str) -> Row:
    value = statistics.median(ratios)
    spread = f"{min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} runs"
    return Row(f"sched/{name}", round(value, 3), goal, COMMAND, note=f"{spread}; {note}")


def _shares(outcomes: Mapping[str, Sequence[Outcome]]) -> str:
    shares = {policy: statistics.mean(o.share for o in each) for policy, each in outcomes.items()}
    return "in time: " + ", ".join(f"{policy} {_percent(of)}" for policy, of in shares.items())


def _did(outcomes: Mapping[str, Sequence[Outcome]]) -> str:
    """The scheduler's jobs by caller, and what it did."""
    ours = outcomes[SCHEDULER]
    kept = sum((o.kept for o in ours), Counter[str]())
    every = sum((o.all for o in ours), Counter[str]())
    callers = ", ".join(f"{name} {_percent(kept[name] / every[name])}" for name in sorted(every))
    hedged, lost, moved = (
        sum(o.events[event] for o in ours) for event in (Event.HEDGED, Event.LOST, Event.MOVED)
    )
    did = f"{hedged} hedged, {moved} moved, {lost} times an engine lost"
    return f"the scheduler's by caller: {callers}; {every.total()} jobs, {did}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
