"""A real llama-server and the box's own model, over a wire that breaks: the answer goes on."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from laresd.backends.workers.supervisor import Worker
from laresd.core.scheduler.counts import Event
from laresd.core.scheduler.engine import THIS_BOX, State
from laresd.generation import Generation, Message, Role, Tool
from laresd.jobs import ANYWHERE, Policy, Reach, Routing
from tests.fakes.llama_hosts import RealServer, llama_cpp_server, llama_server
from tests.fakes.wire import AT_HOST, PATIENCE, Told, Wire, a_wire, a_worker

pytestmark = pytest.mark.slow

# What follows is certain: no two next words are nearly as likely.
NUMBERS = "1 2 3 4 5 6 7 8 9 10 11 12"
ASKED = Generation(prompt=NUMBERS, max_tokens=40)
AT_HOME = Routing(Reach.DEVICE)


@dataclass
class House:
    """The box with one host behind a wire."""

    worker: Worker
    server: RealServer
    wire: Wire

    async def answer(
        self,
        asked: Generation = ASKED,
        routing: Routing = AT_HOST,
        *,
        then: Callable[[], None] = lambda: None,
    ) -> Told:
        """After its third piece `then` is done."""
        return await self.wire.stream(asked, routing, after=3, then=then)

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
        engine = self.wire.pool.engine("tower")
        assert engine is not None
        return engine.state(asyncio.get_running_loop().time())


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
    async with a_worker(context=2048) as worker, a_wire(server, worker, probe_s=1.0) as wire:
        yield House(worker, server, wire)


@pytest.fixture
async def house(server: RealServer) -> AsyncIterator[House]:
    async with a_house(server) as made:
        yield made


async def test_a_host_with_the_boxs_own_model_says_the_same(house: House) -> None:
    engine = house.wire.pool.engine("tower")
    assert engine is not None and engine.facts is not None
    there, here = await house.at_tower(), await house.answer(routing=AT_HOME)
    assert (there.ending.where, here.ending.where) == ("tower", THIS_BOX)
    assert "13 14 15 16" in here.text
    if engine.facts.same_model:  # llama_cpp.server tells nothing of its model
        assert there.text == here.text


async def test_a_reset_in_mid_answer_costs_no_word(house: House) -> None:
    alone = await house.answer(routing=AT_HOME)
    told = await house.answer(then=house.wire.lan.break_now)
    assert (told.text, told.ending.where) == (alone.text, THIS_BOX)
    assert house.wire.counts.events[Event.RESUMED, THIS_BOX] == 1


async def test_a_silent_wire_in_mid_answer_costs_no_word(house: House) -> None:
    alone = await house.answer(routing=AT_HOME)

    def silence() -> None:
        house.wire.lan.silent_after = 0

    told = await house.answer(then=silence)
    assert (told.text, told.ending.where) == (alone.text, THIS_BOX)


async def test_garbage_in_mid_answer_is_not_shown(house: House) -> None:
    alone = await house.answer(routing=AT_HOME)

    def garble() -> None:
        house.wire.lan.garbage_after = 0

    told = await house.answer(then=garble)
    assert told.text == alone.text


@pytest.mark.parametrize("how", ["cut", "black_hole", "latency"])
async def test_a_host_that_is_not_reached_costs_no_answer(house: House, how: str) -> None:
    alone = await house.answer(routing=AT_HOME)
    if how == "latency":
        house.wire.lan.latency_s = 10.0
    else:
        setattr(house.wire.lan, how, True)
        house.wire.lan.break_now()
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
    assert b"/completion" in house.wire.lan.sent
    house.wire.lan.sent.clear()
    secret = Generation((Message(Role.USER, "My secret word is Xylograph."),), max_tokens=8)
    await house.answer(secret, AT_HOME)
    assert b"Xylograph" not in house.wire.lan.sent
    assert b"/completion" not in house.wire.lan.sent


async def test_a_local_answer_whose_worker_dies_goes_on_and_costs_no_word(house: House) -> None:
    alone = await house.answer(routing=AT_HOME)
    for routing in (AT_HOME, Routing(policy=Policy.LOCAL_FIRST)):
        told = await house.answer(routing=routing, then=house.worker.restart)
        assert told.text == alone.text
    assert house.wire.counts.events[Event.LOST, THIS_BOX] == 2


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
