"""One answer over several engines: it survives them, word by word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.clock import SystemClock
from laresd.config import Scheduler
from laresd.core.scheduler.counts import Counts, Event
from laresd.core.scheduler.engine import THIS_BOX
from laresd.core.scheduler.pool import Pool
from laresd.core.scheduler.text import ScheduledLanguageModel
from laresd.errors import DeadlineExceeded, LaresError, Permanent, Temporary
from laresd.generation import (
    AnswerGrammar,
    Generation,
    GrammarKind,
    Message,
    Piece,
    Role,
    Tool,
    ToolCall,
)
from laresd.jobs import Policy, Reach, Routing
from laresd.types import Priority
from tests.fakes.lan_hosts import FACTS, FakeHost, FakeHosts
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.pools import looking
from tests.fakes.virtual_time import VirtualTimeLoop, virtual_time

WORDS = " ".join(f"word{number}" for number in range(40))
ASKED = Generation((Message(Role.USER, "Tell me a story."),), max_tokens=64)
LONG = replace(ASKED, messages=(Message(Role.USER, "Tell me a story. " * 100),))


def slow(seconds: float = 0.2) -> FakeLanguageModel:
    return FakeLanguageModel(WORDS, seconds=seconds)


def host(name: str = "tower", *, same: bool = False, seconds: float = 0.02) -> FakeHost:
    return FakeHost(name, slow(seconds), replace(FACTS, same_model=same))


class House:
    """The box and its hosts, running."""

    def __init__(
        self,
        *hosts: FakeHost,
        local: FakeLanguageModel | None = None,
        settings: Scheduler | None = None,
    ) -> None:
        clock = SystemClock()
        self.local, self.hosts = local, FakeHosts(*hosts)
        settings = settings or Scheduler()
        self.counts = Counts(clock.wall, settings.hedge_percent)
        self.pool = Pool(local=local, hosts=self.hosts, clock=clock, settings=settings)
        self.model = ScheduledLanguageModel(self.pool, self.counts, clock, local=local)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with looking(self.pool, self.model.run):
            yield

    async def pieces(self, asked: Generation = ASKED, seconds: float = 300.0) -> list[Piece]:
        deadline = asyncio.get_running_loop().time() + seconds
        return [piece async for piece in self.model.generate(asked, deadline=deadline)]

    async def text(self, asked: Generation = ASKED, seconds: float = 300.0) -> str:
        return "".join(piece.text for piece in await self.pieces(asked, seconds))


@virtual_time
async def test_an_answer_is_given_where_it_is_sooner_and_its_ending_says_where_and_why() -> None:
    house = House(host(), local=slow())
    async with house.running():
        pieces = await house.pieces()
    ending = pieces[-1].ending
    assert "".join(piece.text for piece in pieces) == WORDS
    assert ending is not None
    assert (ending.where, ending.answer_tokens) == ("tower", 40)
    assert ending.why.startswith("tower: answers in ")
    assert "this box in" in ending.why


@virtual_time
async def test_without_hosts_the_box_answers() -> None:
    house = House(local=slow())
    async with house.running():
        pieces = await house.pieces()
    assert pieces[-1].ending is not None
    assert pieces[-1].ending.where == THIS_BOX


@pytest.mark.parametrize("same", [True, False])
def test_when_the_host_breaks_off_the_box_goes_on_with_the_next_word(same: bool) -> None:
    @virtual_time
    async def run() -> None:
        tower, local = host(same=same), slow()
        tower.breaks_after = 7
        house = House(tower, local=local)
        async with house.running():
            assert await house.text() == WORDS
        (rest,) = local.asked
        assert rest.said.text == " ".join(WORDS.split(" ")[:7])
        assert rest.said.tokens == (tuple(range(7)) if same else ())
        assert house.counts.events[Event.LOST, "tower"] == 1
        assert house.counts.events[Event.RESUMED, THIS_BOX] == 1

    run()


@virtual_time
async def test_a_host_that_says_nothing_more_is_left_within_two_seconds() -> None:
    tower, local = host(), slow(0.01)
    tower.hangs_after = 5
    house = House(tower, local=local)
    async with house.running():
        deadline = asyncio.get_running_loop().time() + 60
        gaps, before = [], asyncio.get_running_loop().time()
        async for _ in house.model.generate(
            replace(ASKED, routing=Routing(policy=Policy.HOST_FIRST)), deadline=deadline
        ):
            now = asyncio.get_running_loop().time()
            gaps.append(now - before)
            before = now
    assert max(gaps) < 2.5
    assert tower.model.open == 0, "the host was not told that nobody reads its answer"


@virtual_time
async def test_a_host_whose_first_token_does_not_come_is_left() -> None:
    tower, local = host(), slow(0.01)
    tower.hangs_after = 0
    house = House(tower, local=local, settings=Scheduler(policy="host-first", hedge_percent=0.0))
    async with house.running():
        assert await house.text() == WORDS
    assert house.counts.events[Event.LOST, "tower"] == 1


@virtual_time
async def test_a_host_that_failed_goes_to_the_end_of_the_line() -> None:
    first, second = host("first", seconds=0.01), host("second", seconds=0.02)
    first.breaks_after, second.breaks_after = 3, 9
    house = House(first, second, local=slow())
    async with house.running():
        assert await house.text() == WORDS
    assert len(first.asked) == len(second.asked) == 1


@virtual_time
async def test_a_late_first_token_has_the_runner_up_begin_too_and_the_loser_is_given_up() -> None:
    house = House(host(), local=slow(0.5), settings=Scheduler(hedge_percent=100.0))
    async with house.running():
        for _ in range(12):
            await house.text()
        tower = house.hosts.hosts[0]
        assert isinstance(tower, FakeHost)
        tower.hangs_after = 0
        assert await house.text() == WORDS
        assert tower.model.open == 0
    assert house.counts.events[Event.HEDGED, THIS_BOX] == 1


@virtual_time
async def test_no_more_jobs_are_begun_twice_than_the_budget_allows() -> None:
    tower = host()
    tower.hangs_after = 0
    house = House(tower, local=slow(0.1), settings=Scheduler(policy="host-first"))
    async with house.running():
        for _ in range(60):
            await house.text()
            await asyncio.sleep(400.0)
    hedged = sum(n for (event, _), n in house.counts.events.items() if event is Event.HEDGED)
    assert hedged <= 0.05 * 60 + 1


@virtual_time
async def test_an_answer_moves_to_a_host_that_appears_when_that_pays() -> None:
    local, tower = slow(2.0), host(seconds=0.01)
    house = House(local=local)
    async with house.running():
        deadline = asyncio.get_running_loop().time() + 300
        said = []
        async for piece in house.model.generate(LONG, deadline=deadline):
            said.append(piece)
            if len(said) == 3:
                house.hosts.hosts.append(tower)
    assert "".join(piece.text for piece in said) == WORDS
    assert said[-1].ending is not None
    assert said[-1].ending.where == "tower"
    assert house.counts.events[Event.MOVED, "tower"] == 1
    assert local.open == 0


@virtual_time
async def test_calls_of_tools_come_once_though_a_host_died_before_it_made_them() -> None:
    call = (ToolCall("lamp", {"on": True}),)
    tower = FakeHost("tower", FakeLanguageModel("well", seconds=0.02, calls=call))
    tower.breaks_after = 1
    house = House(tower, local=FakeLanguageModel("well", seconds=0.2, calls=call))
    async with house.running():
        asked = replace(ASKED, tools=(Tool("lamp", "", {}),))
        pieces = await house.pieces(asked)
    assert [piece.ending.calls for piece in pieces if piece.ending] == [call]


@virtual_time
async def test_a_grammar_that_only_the_box_understands_stays_at_the_box() -> None:
    tower = host()
    house = House(tower, local=slow())
    lark = AnswerGrammar(GrammarKind.LARK, 'start: "word0"')
    async with house.running():
        pieces = await house.pieces(replace(ASKED, grammar=lark))
    assert pieces[-1].ending is not None
    assert pieces[-1].ending.where == THIS_BOX
    assert not tower.asked


@virtual_time
async def test_a_grammar_that_is_told_in_gbnf_too_is_held_to_at_a_host() -> None:
    tower = host()
    house = House(tower, local=slow())
    both = AnswerGrammar(GrammarKind.LARK, 'start: "word0"', gbnf='root ::= "word0"')
    async with house.running():
        await house.pieces(replace(ASKED, grammar=both))
    assert [asked.grammar for asked in tower.asked] == [
        AnswerGrammar(GrammarKind.GBNF, 'root ::= "word0"')
    ]


@virtual_time
async def test_of_an_answer_within_a_grammar_nothing_is_told_before_the_host_has_ended() -> None:
    tower, local = host(), slow()
    tower.breaks_after = 7
    house = House(tower, local=local)
    schema = AnswerGrammar(GrammarKind.JSON_SCHEMA, "{}")  # a host may write it with other spaces
    async with house.running():
        assert await house.text(replace(ASKED, grammar=schema)) == WORDS
    (whole,) = local.asked
    assert not whole.said, "the box was asked to go on with what its own grammar may not allow"


@virtual_time
async def test_a_host_that_is_full_of_others_jobs_is_left_and_not_doubted() -> None:
    tower = host()
    tower.hangs_after = 0
    house = House(tower, local=slow(0.01), settings=Scheduler(policy="host-first"))
    async with house.running():
        tower.facts = replace(FACTS, running=FACTS.slots)
        await asyncio.sleep(20)
        assert await house.text() == WORDS
        engine = house.pool.engine("tower")
        assert engine is not None
        assert engine.breaker.takes_jobs(asyncio.get_running_loop().time())


@virtual_time
async def test_before_a_deadline_passes_the_next_best_one_begins() -> None:
    tower, local = host(), slow(0.01)
    house = House(tower, local=local, settings=Scheduler(policy="host-first", hedge_percent=0.0))
    async with house.running():
        for _ in range(12):
            await house.text(replace(ASKED, routing=Routing(Reach.DEVICE)))
            await house.text()
        tower.hangs_after = 0
        assert await house.text(seconds=2.0) == WORDS
    assert house.counts.events[Event.LOST, "tower"] == 1


@virtual_time
async def test_when_nobody_can_the_error_is_the_boxs_own() -> None:
    tower = host()
    tower.breaks_after = 0
    broken = FakeLanguageModel(error=Permanent("the language model is damaged", remedy="pull it"))
    house = House(tower, local=broken)
    async with house.running():
        with pytest.raises(Permanent, match="the language model is damaged"):
            await house.text()


@virtual_time
async def test_without_any_engine_the_error_says_for_each_why() -> None:
    tower = host()
    tower.down = Temporary("connection refused")
    house = House(tower)
    async with house.running():
        with pytest.raises(Temporary, match="tower: connection refused"):
            await house.text()


@virtual_time
async def test_a_deadline_ends_the_answer_wherever_it_is() -> None:
    for engines in (House(local=slow(10.0)), House(host(seconds=0.5))):
        async with engines.running():
            began = asyncio.get_running_loop().time()
            with pytest.raises(DeadlineExceeded):
                await engines.text(seconds=3.0)
            assert asyncio.get_running_loop().time() - began < 3.5


@virtual_time
async def test_a_reader_that_leaves_ends_the_work_at_the_host() -> None:
    tower = host(seconds=1.0)
    house = House(tower, local=slow(5.0))
    async with house.running():
        answer = house.model.generate(ASKED, deadline=asyncio.get_running_loop().time() + 60)
        await anext(answer)
        assert tower.model.open == 1
        await answer.aclose()
        assert tower.model.open == 0


@virtual_time
async def test_a_host_that_cannot_do_what_is_asked_keeps_its_good_name() -> None:
    tower = host()
    tower.model.error = None
    house = House(tower, local=slow())
    async with house.running():
        tower.model.error = Permanent("it has no such grammar")
        assert await house.text() == WORDS
        tower.model.error = None
        await house.text()
    assert len(tower.asked) == 2


@given(
    deaths=st.lists(st.integers(0, 45) | st.none(), min_size=1, max_size=4),
    hangs=st.lists(st.booleans(), min_size=4, max_size=4),
    same=st.booleans(),
)
def test_whatever_dies_no_word_is_lost_or_said_twice(
    deaths: list[int | None], hangs: list[bool], same: bool
) -> None:
    async def run() -> None:
        hosts = []
        for number, death in enumerate(deaths):
            each = host(f"host{number}", same=same, seconds=0.01 * (number + 1))
            if hangs[number]:
                each.hangs_after = death
            else:
                each.breaks_after = death
            hosts.append(each)
        house = House(*hosts, local=slow())
        async with house.running():
            pieces = await house.pieces()
        assert "".join(piece.text for piece in pieces) == WORDS
        assert [piece.ending is not None for piece in pieces].count(True) == 1
        assert pieces[-1].ending is not None
        assert pieces[-1].ending.answer_tokens == 40

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(run())


@given(
    reach=st.sampled_from(["request", "box"]),
    policy=st.sampled_from(Policy),
    priority=st.sampled_from(Priority),
    broken=st.booleans(),
)
def test_a_private_answer_is_never_seen_by_a_host(
    reach: str, policy: Policy, priority: Priority, broken: bool
) -> None:
    async def run() -> None:
        hosts = [host(f"host{n}", same=True, seconds=0.001) for n in range(3)]
        local = slow(1.0)
        local.error = Temporary("it has died") if broken else None
        settings = Scheduler(reach="device" if reach == "box" else "lan", hedge_percent=100.0)
        house = House(*hosts, local=local, settings=settings)
        wanted = Reach.DEVICE if reach == "request" else Reach.LAN
        asked = replace(ASKED, priority=priority, routing=Routing(wanted, policy=policy))
        async with house.running():
            try:
                assert await house.text(asked) == WORDS
            except LaresError:
                assert broken
        assert not any(each.asked for each in hosts)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(run())
