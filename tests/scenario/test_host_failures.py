"""A real llama-server and the box's own model, over a wire that breaks: the answer goes on."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from laresd.app.mind import local_model
from laresd.backends.clock import SystemClock
from laresd.backends.hosts.host import HttpHost
from laresd.backends.hosts.http import Address, HttpClient
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerLanguageModel
from laresd.backends.workers.supervisor import Worker
from laresd.config import Llm, Scheduler
from laresd.core.scheduler.counts import Counts, Event
from laresd.core.scheduler.engine import THIS_BOX, State
from laresd.core.scheduler.pool import Pool
from laresd.core.scheduler.text import ScheduledLanguageModel
from laresd.generation import Ending, Generation, Message, Role, Tool
from laresd.jobs import ANYWHERE, Policy, Reach, Routing
from tests.fakes.lan import Lan
from tests.fakes.lan_hosts import FakeHosts
from tests.fakes.llama_hosts import RealServer, llama_cpp_server, llama_server
from tests.fakes.workers import running, soon

pytestmark = pytest.mark.slow

# What follows is certain: no two next words are nearly as likely.
NUMBERS = "1 2 3 4 5 6 7 8 9 10 11 12"
ASKED = Generation(prompt=NUMBERS, max_tokens=40)
AT_HOST = Routing(policy=Policy.HOST_FIRST)
AT_HOME = Routing(Reach.DEVICE)
PATIENCE = 120.0


@dataclass
class House:
    """The box with one host behind a wire. `says` is what the box says alone."""

    worker: Worker
    lan: Lan
    server: RealServer
    pool: Pool
    counts: Counts
    model: ScheduledLanguageModel

    async def answer(
        self,
        asked: Generation = ASKED,
        routing: Routing = AT_HOST,
        *,
        then: Callable[[], None] = lambda: None,
    ) -> Told:
        """The whole answer; after its third piece `then` is done."""
        loop = asyncio.get_running_loop()
        deadline, pieces, gaps, before = soon(PATIENCE), [], [], loop.time()
        async for piece in self.model.generate(replace(asked, routing=routing), deadline=deadline):
            gaps.append(loop.time() - before)
            before = loop.time()
            pieces.append(piece)
            if len(pieces) == 3:
                then()
        ending = pieces[-1].ending
        assert ending is not None
        return Told("".join(piece.text for piece in pieces), ending, max(gaps))

    async def at_tower(self) -> Told:
        """An answer of the host: on a busy machine it may have been silent for too long before."""
        async with asyncio.timeout(PATIENCE):
            while (told := await self.answer()).ending.where != "tower":
                await self.until(State.READY)
        return told

    async def until(self, state: State) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.tower is not state:  # noqa: ASYNC110  # no event tells
                await asyncio.sleep(0.1)

    @property
    def tower(self) -> State:
        engine = self.pool.engine("tower")
        assert engine is not None
        return engine.state(asyncio.get_running_loop().time())


@dataclass(frozen=True)
class Told:
    text: str
    ending: Ending
    longest_gap_s: float


SERVERS = {"llama-server": llama_server, "llama_cpp.server": llama_cpp_server}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[RealServer]:
    with SERVERS[request.param]() as found:
        yield found


@pytest.fixture(params=SERVERS)
def doomed(request: pytest.FixtureRequest) -> Iterator[RealServer]:
    """A server of one test's own."""
    with SERVERS[request.param]() as found:
        yield found


@asynccontextmanager
async def a_house(server: RealServer) -> AsyncIterator[House]:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        lan = await stack.enter_async_context(Lan(int(server.url.rpartition(":")[2])))
        worker = await stack.enter_async_context(running(specs.language_model(Llm(context=2048))))
        await worker.wait_ready(deadline=soon())
        local = WorkerLanguageModel(worker)
        host = HttpHost(HttpClient(Address("tower", lan.url)), local=lambda: local_model(worker))
        await stack.enter_async_context(host)
        settings = Scheduler(hedge_percent=0.0, probe_s=1.0)
        counts = Counts(clock.wall, 0.0)
        pool = Pool(local=local, hosts=FakeHosts(host), clock=clock, settings=settings)
        model = ScheduledLanguageModel(pool, counts, clock, local=local)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        run = tasks.create_task(model.run())
        await pool.looked()
        try:
            yield House(worker, lan, server, pool, counts, model)
        finally:
            run.cancel()


@pytest.fixture
async def house(server: RealServer) -> AsyncIterator[House]:
    async with a_house(server) as made:
        yield made


async def test_a_host_with_the_boxs_own_model_says_the_same(house: House) -> None:
    engine = house.pool.engine("tower")
    assert engine is not None and engine.facts is not None
    there, here = await house.at_tower(), await house.answer(routing=AT_HOME)
    assert (there.ending.where, here.ending.where) == ("tower", THIS_BOX)
    assert "13 14 15 16" in here.text
    if engine.facts.same_model:  # llama_cpp.server tells nothing of its model
        assert there.text == here.text


async def test_a_reset_in_mid_answer_costs_no_word(house: House) -> None:
    alone = await house.answer(routing=AT_HOME)
    told = await house.answer(then=house.lan.break_now)
    assert (told.text, told.ending.where) == (alone.text, THIS_BOX)
    assert house.counts.events[Event.RESUMED, THIS_BOX] == 1


async def test_a_silent_wire_in_mid_answer_costs_no_word(house: House) -> None:
    alone = await house.answer(routing=AT_HOME)

    def silence() -> None:
        house.lan.silent_after = 0

    told = await house.answer(then=silence)
    assert (told.text, told.ending.where) == (alone.text, THIS_BOX)


async def test_garbage_in_mid_answer_is_not_shown(house: House) -> None:
    alone = await house.answer(routing=AT_HOME)

    def garble() -> None:
        house.lan.garbage_after = 0

    told = await house.answer(then=garble)
    assert told.text == alone.text


@pytest.mark.parametrize("how", ["cut", "black_hole", "latency"])
async def test_a_host_that_is_not_reached_costs_no_answer(house: House, how: str) -> None:
    alone = await house.answer(routing=AT_HOME)
    if how == "latency":
        house.lan.latency_s = 10.0
    else:
        setattr(house.lan, how, True)
        house.lan.break_now()
    told = await house.answer()
    assert (told.text, told.ending.where) == (alone.text, THIS_BOX)


async def test_a_stopped_server_is_left_and_comes_back_when_it_generates(house: House) -> None:
    alone = await house.answer(routing=AT_HOME)
    pid = house.server.process.pid
    try:
        told = await house.answer(then=lambda: os.kill(pid, signal.SIGSTOP))
        assert (told.text, told.ending.where) == (alone.text, THIS_BOX)
        assert house.tower in (State.SUSPECT, State.DOWN)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert await house.at_tower()


async def test_a_private_answer_is_not_on_the_wire(house: House) -> None:
    await house.at_tower()
    assert b"/completion" in house.lan.sent
    house.lan.sent.clear()
    secret = Generation((Message(Role.USER, "My secret word is Xylograph."),), max_tokens=8)
    await house.answer(secret, AT_HOME)
    assert b"Xylograph" not in house.lan.sent
    assert b"/completion" not in house.lan.sent


async def test_a_local_answer_whose_worker_dies_goes_on_and_costs_no_word(house: House) -> None:
    alone = await house.answer(routing=AT_HOME)
    for routing in (AT_HOME, Routing(policy=Policy.LOCAL_FIRST)):
        told = await house.answer(routing=routing, then=house.worker.restart)
        assert told.text == alone.text
    assert house.counts.events[Event.LOST, THIS_BOX] == 2


async def test_kill_9_of_the_server_in_mid_answer_costs_no_word(doomed: RealServer) -> None:
    async with a_house(doomed) as house:
        alone = await house.answer(routing=AT_HOME)
        told = await house.answer(then=doomed.process.kill)
        assert (told.text, told.ending.where) == (alone.text, THIS_BOX)
        await house.until(State.DOWN)
        assert (await house.answer()).ending.where == THIS_BOX


async def test_calls_of_tools_are_told_once(house: House) -> None:
    lamp = Tool("lamp", "Switch the lamp.", {"type": "object", "properties": {}})
    asked = Generation((Message(Role.USER, "Hello"),), max_tokens=40, tools=(lamp,))
    told = await house.answer(asked, ANYWHERE)
    assert len(told.ending.calls) <= 1
