"""What is known of each engine: by its word, and by a token that it has to generate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from laresd.backends.clock import SystemClock
from laresd.config import Scheduler
from laresd.core.scheduler.breaker import Fault
from laresd.core.scheduler.engine import THIS_BOX, Engine, State
from laresd.core.scheduler.pool import TRIAL_TIMEOUT_S, Pool
from laresd.core.scheduler.thermal import Heat
from laresd.errors import Permanent, Temporary
from laresd.generation import Generation, Message, Role
from laresd.jobs import HostCosts
from laresd.types import Reading
from tests.fakes.lan_hosts import FACTS, FakeHost, FakeHosts
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.pools import looking
from tests.fakes.virtual_time import virtual_time

ASKED = Generation((Message(Role.USER, "Tell me a story."),), max_tokens=64)
AWAY = Temporary("no route to it")


def host(costs: HostCosts | None = None) -> FakeHost:
    return FakeHost("tower", FakeLanguageModel("a b c", seconds=0.01), costs=costs or HostCosts())


class Board:
    """What the board tells."""

    def __init__(self) -> None:
        self.told = Reading()

    async def reading(self) -> Reading:
        return self.told


@asynccontextmanager
async def running(
    *hosts: FakeHost,
    settings: Scheduler | None = None,
    board: Board | None = None,
    local: FakeLanguageModel | None = None,
) -> AsyncIterator[tuple[Pool, FakeHosts]]:
    directory = FakeHosts(*hosts)
    pool = Pool(
        local=local or FakeLanguageModel("x"),
        hosts=directory,
        clock=SystemClock(),
        settings=settings or Scheduler(),
        board=board or Board(),
    )
    async with looking(pool):
        yield pool, directory


def state(pool: Pool, name: str = "tower") -> State:
    engine = pool.engine(name)
    assert engine is not None
    return engine.state(asyncio.get_running_loop().time())


def verdict(pool: Pool, name: str = "tower") -> str:
    engine = pool.engine(name)
    assert engine is not None
    return engine.verdict(asyncio.get_running_loop().time())


def offered(pool: Pool) -> dict[str, str]:
    """Why each engine is excluded, by name."""
    offers = pool.offers(ASKED, begun=False, failed={})
    return {offer.name: offer.excluded for offer in offers}


@virtual_time
async def test_a_host_gets_work_once_it_has_generated_a_token() -> None:
    tower = host()
    async with running(tower) as (pool, _):
        assert tower.trials == 1
        assert state(pool) is State.READY
        assert offered(pool) == {THIS_BOX: "", "tower": ""}


@virtual_time
async def test_a_host_that_says_it_is_well_and_generates_nothing_gets_no_work() -> None:
    tower = host()
    tower.mute = True
    async with running(tower) as (pool, _):
        assert state(pool) is State.SUSPECT
        assert offered(pool)["tower"]
        tower.mute = False
        await asyncio.sleep(TRIAL_TIMEOUT_S)
        assert state(pool) is State.READY


@virtual_time
async def test_a_host_that_hangs_does_not_hold_up_the_looks_at_the_others() -> None:
    mute, other = host(), FakeHost("other", FakeLanguageModel("a b", seconds=0.01))
    mute.mute, other.down = True, AWAY
    directory = FakeHosts(mute, other)
    local, clock = FakeLanguageModel("x"), SystemClock()
    pool = Pool(local=local, hosts=directory, clock=clock, settings=Scheduler())
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(pool.run())
        await asyncio.sleep(5)
        other.down = None
        await asyncio.sleep(16)
        assert state(pool, "other") is State.READY
        run.cancel()


@virtual_time
async def test_a_host_that_is_away_is_down_with_the_reason_and_back_when_it_answers() -> None:
    tower = host()
    tower.down = AWAY
    async with running(tower) as (pool, _):
        assert (state(pool), verdict(pool)) == (State.DOWN, "no route to it")
        tower.down = None
        await asyncio.sleep(16)
        assert state(pool) is State.READY


@virtual_time
async def test_a_wrong_token_is_told_and_not_tried_every_few_seconds() -> None:
    tower = host()
    tower.down = Permanent("it does not take our token", remedy="lares hosts trust tower")
    async with running(tower) as (pool, _):
        assert state(pool) is State.DOWN
        assert "it does not take our token" in verdict(pool)


@virtual_time
async def test_after_a_hang_it_must_generate_a_token_before_it_gets_work_again() -> None:
    tower = host()
    async with running(tower) as (pool, _):
        engine = pool.engine("tower")
        assert engine is not None
        pool.failed(engine, Fault.HUNG, "it said nothing for 2 s")
        assert state(pool) is State.SUSPECT
        assert "it said nothing for 2 s" in offered(pool)["tower"]
        trials = tower.trials
        await asyncio.sleep(30)
        assert tower.trials == trials + 1
        assert state(pool) is State.READY


@virtual_time
async def test_another_model_under_the_same_name_starts_from_nothing() -> None:
    tower = host()
    async with running(tower) as (pool, _):
        engine = pool.engine("tower")
        assert isinstance(engine, Engine)
        assert engine.speeds().count == 1
        tower.facts = replace(FACTS, identity="2")
        tower.mute = True
        await asyncio.sleep(16)
        assert not engine.proven
        assert engine.speeds().count == 0


@virtual_time
async def test_a_host_that_can_be_woken_is_asleep_not_down() -> None:
    tower = host(HostCosts(wake_s=40.0))
    tower.down = AWAY
    async with running(tower) as (pool, _):
        assert state(pool) is State.ASLEEP
        (_, offer) = pool.offers(ASKED, begun=False, failed={})
        assert (offer.excluded, offer.wake_s) == ("", 40.0)
        await pool.wake("tower")
        await pool.wake("tower")
        assert (tower.woken, state(pool)) == (1, State.WAKING)
        tower.down = None
        await asyncio.sleep(3)
        assert state(pool) is State.READY


@virtual_time
async def test_a_host_that_does_not_wake_is_down() -> None:
    tower = host(HostCosts(wake_s=10.0))
    tower.down = AWAY
    async with running(tower) as (pool, _):
        await pool.wake("tower")
        await asyncio.sleep(25)
        assert state(pool) is State.DOWN
        assert "was woken, and did not come" in verdict(pool)


@virtual_time
async def test_a_host_without_work_is_put_to_sleep_and_one_with_work_is_not() -> None:
    tower = host(HostCosts(wake_s=10.0, rest_after_s=120.0))
    async with running(tower) as (pool, _):
        await asyncio.sleep(100)
        engine = pool.engine("tower")
        assert engine is not None
        with pool.busy(engine, ASKED.priority):
            await asyncio.sleep(300)
            assert tower.rested == 0
        await asyncio.sleep(100)
        assert tower.rested == 0
        await asyncio.sleep(40)
        assert tower.rested == 1


@virtual_time
async def test_a_host_that_others_use_is_not_put_to_sleep() -> None:
    tower = host(HostCosts(wake_s=10.0, rest_after_s=60.0))
    tower.facts = replace(FACTS, running=1)
    async with running(tower):
        await asyncio.sleep(600)
        assert tower.rested == 0


@virtual_time
async def test_hosts_come_and_go_with_the_trust_in_them() -> None:
    tower = host()
    async with running() as (pool, directory):
        assert list(offered(pool)) == [THIS_BOX]
        directory.hosts.append(tower)
        offered(pool)
        await asyncio.sleep(1)
        assert state(pool) is State.READY
        directory.hosts.clear()
        assert list(offered(pool)) == [THIS_BOX]


@pytest.mark.parametrize(("celsius", "heat"), [(60.0, Heat.COOL), (77.0, Heat.WARM)])
def test_the_weather_follows_the_board(celsius: float, heat: Heat) -> None:
    @virtual_time
    async def run() -> None:
        board = Board()
        local = FakeLanguageModel("x")
        async with running(board=board, local=local) as (pool, _):
            board.told = Reading(celsius)
            await asyncio.sleep(6)
            assert pool.weather.heat is heat
            assert local.paces == ([] if heat is Heat.COOL else [0.75])

    run()
