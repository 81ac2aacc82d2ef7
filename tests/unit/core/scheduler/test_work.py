"""Speech, vectors and pictures: each where it is best, and elsewhere when that place fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from laresd.backends.clock import SystemClock
from laresd.config import Scheduler
from laresd.core.scheduler.counts import Counts
from laresd.core.scheduler.gate import Gate
from laresd.core.scheduler.pool import Pool
from laresd.core.scheduler.work import ScheduledWork
from laresd.errors import DeadlineExceeded, Permanent, Temporary
from laresd.jobs import JobKind, Reach, Routing
from laresd.types import Priority
from tests.fakes.audio import speech
from tests.fakes.embedder import FakeEmbedder
from tests.fakes.lan_hosts import FACTS, FakeHost, FakeHosts
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.pools import looking
from tests.fakes.synthesizer import FakeSynthesizer
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.virtual_time import virtual_time

EVERYTHING = replace(
    FACTS, jobs=frozenset({JobKind.TRANSCRIBE, JobKind.SPEAK, JobKind.EMBED, JobKind.IMAGE})
)
PCM = speech(2000)


def host(name: str = "tower") -> FakeHost:
    return FakeHost(name, FakeLanguageModel(), EVERYTHING)


@dataclass
class House:
    """The box's own engines and its hosts. Its ear takes `ear_seconds`."""

    hosts: list[FakeHost]
    settings: Scheduler = field(default_factory=Scheduler)
    ear_seconds: float = 2.0

    def __post_init__(self) -> None:
        clock = SystemClock()
        self.counts = Counts(clock.wall, 0.0)
        self.gate = Gate(None, clock)
        self.pool = Pool(
            local=None, hosts=FakeHosts(*self.hosts), clock=clock, settings=self.settings
        )
        self.ear = FakeTranscriber({}, seconds=self.ear_seconds)
        self.mouth = FakeSynthesizer()
        self.work = ScheduledWork(
            self.pool,
            self.counts,
            self.gate,
            clock,
            transcriber=self.ear,
            synthesizer=self.mouth,
            embedder=FakeEmbedder(),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with looking(self.pool):
            yield

    async def heard(self, seconds: float = 60.0) -> str:
        transcript = await self.work.transcribe(PCM, language="en", deadline=soon(seconds))
        return transcript.text


def soon(seconds: float = 60.0) -> float:
    return asyncio.get_running_loop().time() + seconds


@virtual_time
async def test_a_voice_is_transcribed_where_that_is_sooner() -> None:
    house = House([host()])
    async with house.running():
        assert await house.heard() == "heard by tower"
    assert house.ear.started == 0


@virtual_time
async def test_without_hosts_the_box_hears_and_speaks_itself() -> None:
    house = House([])
    async with house.running():
        await house.heard()
        await house.work.synthesize("Done.", language="en", deadline=soon())
    assert house.ear.started == 1
    assert house.mouth.spoken == ["Done."]


@virtual_time
async def test_the_box_is_told_which_names_may_be_said() -> None:
    house = House([])
    async with house.running():
        await house.work.transcribe(PCM, language="en", deadline=soon(), hints=("Zoe",))
    assert house.ear.hints == ("Zoe",)


@virtual_time
async def test_what_a_program_wants_heard_waits_until_nobody_speaks_to_the_box() -> None:
    house = House([])
    async with house.running(), asyncio.TaskGroup() as tasks:
        spoken = tasks.create_task(house.heard())
        await asyncio.sleep(0.1)
        began = asyncio.get_running_loop().time()
        await house.work.transcribe(
            PCM, language="en", deadline=soon(), priority=Priority.BACKGROUND
        )
        assert spoken.done()
        assert asyncio.get_running_loop().time() - began >= house.ear_seconds
    assert house.counts.jobs.series["transcribe", "this box"].count == 2


@virtual_time
async def test_what_must_not_leave_the_box_is_heard_and_said_here() -> None:
    house = House([host()], Scheduler(policy="host-first"))
    here = Routing(Reach.DEVICE)
    async with house.running():
        await house.work.transcribe(PCM, language="en", deadline=soon(), routing=here)
        await house.work.synthesize("Hi.", language="en", deadline=soon(), routing=here)
    assert (house.ear.started, house.mouth.spoken) == (1, ["Hi."])


@pytest.mark.parametrize("mute", [False, True])
def test_when_the_host_fails_or_hangs_the_box_hears_it(mute: bool) -> None:
    @virtual_time
    async def run() -> None:
        tower = host()
        house = House([tower], Scheduler(policy="host-first"))
        async with house.running():
            tower.mute = mute
            tower.down = None if mute else Temporary("connection reset")
            began = asyncio.get_running_loop().time()
            assert await house.heard() == ""
            assert asyncio.get_running_loop().time() - began < 8.0
        assert (tower.worked, house.ear.started) == (1, 1)

    run()


@virtual_time
async def test_while_the_box_transcribes_the_cores_are_the_voices() -> None:
    house = House([])
    async with house.running(), asyncio.TaskGroup() as tasks:
        heard = tasks.create_task(house.heard())
        await asyncio.sleep(0.1)
        assert house.gate.most_urgent is Priority.VOICE
        await house.work.embed(["a", "b"], deadline=soon())
        assert heard.done(), "documents were embedded while a voice was transcribed"


@virtual_time
async def test_vectors_of_many_texts_are_as_those_of_each() -> None:
    house = House([host()])
    texts = [f"text {number}" for number in range(20)]
    async with house.running():
        together = await house.work.embed(texts, deadline=soon())
        assert together == await FakeEmbedder().embed(texts, deadline=soon())
    assert house.hosts[0].worked == 0, "vectors of another model were mixed in"


@virtual_time
async def test_nothing_is_heard_by_hosts_where_the_box_keeps_everything_to_itself() -> None:
    tower = host()
    house = House([tower], Scheduler(reach="device", policy="host-first"))
    async with house.running():
        await house.heard()
        await house.work.synthesize("Done.", language="en", deadline=soon())
        with pytest.raises(Temporary, match="the request is private"):
            await house.work.draw("a cat", width=64, height=64, deadline=soon())
    assert tower.worked == 0


@virtual_time
async def test_a_picture_is_made_by_a_host_or_by_nobody() -> None:
    house = House([host("painter")])
    async with house.running():
        drawn = await house.work.draw("a cat", width=64, height=32, deadline=soon())
        assert drawn == b"64x32 by painter"
        private = Routing(Reach.DEVICE)
        with pytest.raises(Temporary, match="does not leave this box"):
            await house.work.draw("a cat", width=1, height=1, deadline=soon(), routing=private)
    without = House([])
    async with without.running():
        with pytest.raises(Temporary, match="does not do that kind of work"):
            await without.work.draw("a cat", width=64, height=64, deadline=soon())


@virtual_time
async def test_the_boxs_own_error_is_told_when_nobody_could() -> None:
    tower = host()
    house = House([tower])
    async with house.running():
        tower.down = Temporary("connection reset")
        house.ear.failures.append(Permanent("the speech model is damaged"))
        with pytest.raises(Permanent, match="the speech model is damaged"):
            await house.heard()


@virtual_time
async def test_a_deadline_ends_it() -> None:
    house = House([], ear_seconds=100.0)
    async with house.running():
        with pytest.raises(DeadlineExceeded):
            await house.heard(seconds=3.0)


LONG = "The lamp in the kitchen is on, the lamp in the hall is on, and the heater is off."


async def streamed(house: House) -> list[bytes]:
    return [pcm async for pcm in house.work.stream(LONG, language="en", timeout_s=60.0)]


@virtual_time
async def test_the_box_s_own_voice_comes_in_pieces() -> None:
    house = House([])
    async with house.running():
        assert len(await streamed(house)) == len(house.mouth.spoken) > 1


@virtual_time
async def test_a_host_s_voice_comes_whole() -> None:
    house = House([host()], Scheduler(policy="host-first"))
    async with house.running():
        assert len(await streamed(house)) == 1
    assert house.mouth.spoken == []


@virtual_time
async def test_a_voice_that_fails_at_first_is_asked_again_for_the_whole() -> None:
    house = House([])
    house.mouth.failures.append(Temporary("the voice died"))
    async with house.running():
        assert len(await streamed(house)) == 1
    assert house.mouth.spoken == [LONG]


@virtual_time
async def test_one_that_fails_in_the_middle_says_so_and_nothing_twice() -> None:
    house = House([])
    heard: list[bytes] = []
    async with house.running():
        with pytest.raises(Temporary, match="the voice died"):
            async for pcm in house.work.stream(LONG, language="en", timeout_s=60.0):
                heard.append(pcm)
                house.mouth.failures = [Temporary("the voice died")]
    assert len(heard) == 1
