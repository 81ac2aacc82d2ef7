"""The machine while Lares runs: what it is spared, and what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from laresd.app.board import Machine, Pace, Parts, parts_of
from laresd.backends.board.kind import Kind, Model
from laresd.backends.board.pressure import Trigger
from laresd.backends.board.wear import Medium, Storage
from laresd.backends.clock import SystemClock
from laresd.config import Board as BoardSettings
from laresd.config import Box, Config
from laresd.core.power import SETTLED_S
from laresd.core.scheduler.gate import Gate
from laresd.core.scheduler.thermal import FAIR
from laresd.turns import Sign
from laresd.types import Pressure, Priority, Reading, Reply, ReplyKind, Span, Stall
from tests.fakes.boards import laid_out
from tests.fakes.virtual_time import virtual_time

CALM = Pressure(Stall(0.0, 0.0), Stall(3.2, 0.0), None, available=0.5)
SHORT = replace(CALM, memory=Stall(15.0, 0.0))
GONE = replace(CALM, available=0.01)
CONFIG = Config(box=Box(state_dir=Path("state")))
GOVERNOR = "sys/devices/system/cpu/cpufreq/policy0/scaling_governor"


@dataclass(slots=True)
class FakeBoard:
    """Ports Board and Pressures, and what sets the clock: as the test says."""

    flags: int = 0
    scarcity: Pressure = CALM
    is_fast: bool = False

    async def reading(self) -> Reading:
        return Reading(47.4, self.flags)

    async def pressure(self) -> Pressure:
        return self.scarcity

    async def fast(self) -> bool:
        self.is_fast = True
        return True

    async def back(self) -> None:
        self.is_fast = False


@dataclass(slots=True)
class Engine:
    """Port Spare; runs until it is asked to rest."""

    name: str = "the embedding model"
    rests: int = 0

    def rest(self) -> bool:
        self.rests += 1
        return self.rests == 1


@dataclass(slots=True)
class Meter:
    """Port Meter, of a machine that always takes the same."""

    watts: float

    async def joules(self) -> float:
        return asyncio.get_running_loop().time() * self.watts


class Alarm(Trigger):
    """One that a test rings."""

    def __init__(self, alarm: Callable[[], None]) -> None:
        super().__init__(alarm, environment={})
        self.ring = alarm

    def __enter__(self) -> Alarm:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was opened."""


@dataclass(frozen=True, slots=True)
class Rig:
    board: FakeBoard
    machine: Machine
    gate: Gate
    engine: Engine
    alarms: list[Alarm]

    @property
    def background_waits(self) -> bool:
        return self.gate.most_urgent is Priority.AUTOMATION


async def half_worn() -> tuple[Storage, int]:
    return Storage(Medium.EMMC, "DA4128", 50), 5_000_000_000


@asynccontextmanager
async def running(
    board: FakeBoard, config: Config | None = None, meter: Meter | None = None
) -> AsyncIterator[Rig]:
    clock = SystemClock()
    parts = Parts(
        Model(Kind.PI_5, "Raspberry Pi 5 Model B Rev 1.0"),
        board,
        board,
        meter,
        "a meter" if meter else "",
        board,
        half_worn,
        throttles=True,
    )
    machine, gate, engine = Machine(config or CONFIG, clock, parts), Gate(None, clock), Engine()
    alarms: list[Alarm] = []

    def arm(ring: Callable[[], None]) -> Alarm:
        alarms.append(Alarm(ring))
        return alarms[-1]

    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(machine.run(gate, [engine], lambda: FAIR, arm))
        try:
            yield Rig(board, machine, gate, engine, alarms)
        finally:
            run.cancel()


@pytest.fixture
def pi() -> FakeBoard:
    return FakeBoard()


@virtual_time
async def test_when_memory_is_short_what_nobody_waits_for_stops_until_it_is_calm(
    pi: FakeBoard,
) -> None:
    async with running(pi) as rig:
        await asyncio.sleep(6.0)
        assert not rig.background_waits
        pi.scarcity = SHORT
        await asyncio.sleep(6.0)
        assert rig.background_waits
        assert rig.engine.rests == 0
        assert "15 %" in str(rig.machine.row()["why"])
        pi.scarcity = CALM
        await asyncio.sleep(SETTLED_S - 5.0)
        assert rig.background_waits
        await asyncio.sleep(10.0)
        assert not rig.background_waits


@virtual_time
async def test_when_memory_is_gone_idle_engines_give_theirs_back(pi: FakeBoard) -> None:
    async with running(pi) as rig:
        pi.scarcity = GONE
        await asyncio.sleep(6.0)
        assert rig.engine.rests >= 1
        assert rig.machine.seen.released == 1
        assert "lares_memory_released_total 1\n" in rig.machine.metrics()


@virtual_time
async def test_the_kernels_alarm_does_not_wait_for_the_next_look(pi: FakeBoard) -> None:
    async with running(pi) as rig:
        await asyncio.sleep(0.5)
        rig.alarms[0].ring()
        await asyncio.sleep(0.5)
        assert rig.background_waits


@virtual_time
async def test_who_wants_no_relief_gets_none(pi: FakeBoard) -> None:
    async with running(pi, replace(CONFIG, board=BoardSettings(relieve=False))) as rig:
        pi.scarcity = GONE
        await asyncio.sleep(12.0)
        assert not rig.background_waits
        assert rig.engine.rests == 0


@virtual_time
async def test_under_too_little_voltage_work_that_can_wait_waits(pi: FakeBoard) -> None:
    async with running(pi) as rig:
        pi.scarcity = CALM
        pi.flags = 0x50001
        await asyncio.sleep(6.0)
        assert rig.background_waits
        pi.flags = 0x50000  # it was, and is not now
        await asyncio.sleep(SETTLED_S - 6.0)
        assert rig.background_waits  # the flag flickers with the load
        await asyncio.sleep(12.0)
        assert not rig.background_waits


@virtual_time
async def test_the_gate_is_free_again_when_the_daemon_stops(pi: FakeBoard) -> None:
    async with running(pi) as rig:
        pi.scarcity = SHORT
        await asyncio.sleep(6.0)
        assert rig.background_waits
    assert rig.gate.most_urgent is None


@virtual_time
async def test_an_answer_costs_the_measured_power_of_its_time(pi: FakeBoard) -> None:
    config = replace(CONFIG, board=BoardSettings(kwh_price=0.36))
    async with running(pi, config, Meter(5.0)) as rig:
        pi.scarcity = CALM
        await asyncio.sleep(6.0)
        rig.machine.replied(answer(seconds=2.0))
        await asyncio.sleep(6.0)
        assert rig.machine.seen.watts == pytest.approx(5.0)
        assert rig.machine.seen.spent.each == pytest.approx(10.0)
        assert rig.machine.seen.answer_cost == pytest.approx(10.0 / 3.6e6 * 0.36)
        assert "lares_answer_joules 10\n" in rig.machine.metrics()


@virtual_time
async def test_without_a_meter_the_configured_power_counts(pi: FakeBoard) -> None:
    async with running(pi) as rig:
        rig.machine.replied(answer(seconds=0.5))
        await asyncio.sleep(6.0)
        assert rig.machine.seen.spent.each == pytest.approx(CONFIG.scheduler.watts * 0.5)
        assert rig.machine.seen.answer_cost is None  # no price
        assert "lares_energy_joules_total" not in rig.machine.metrics()


@virtual_time
async def test_the_clock_is_raised_for_a_turn_and_set_back_after_it(pi: FakeBoard) -> None:
    async with running(pi) as rig:
        pi.scarcity = CALM
        await asyncio.sleep(1.0)
        rig.machine.pace.show(Sign.LISTENING, "")
        rig.machine.pace.show(Sign.THINKING, "kitchen")
        await asyncio.sleep(0.5)
        assert pi.is_fast
        rig.machine.pace.show(Sign.IDLE, "")
        await asyncio.sleep(0.5)
        assert pi.is_fast  # the kitchen still thinks
        rig.machine.pace.show(Sign.IDLE, "kitchen")
        await asyncio.sleep(0.5)
        assert not pi.is_fast


@virtual_time
async def test_a_daemon_that_stops_in_a_turn_leaves_the_clock_as_it_was(pi: FakeBoard) -> None:
    async with running(pi) as rig:
        pi.scarcity = CALM
        await asyncio.sleep(1.0)
        rig.machine.pace.show(Sign.SPEAKING, "")
        await asyncio.sleep(0.5)
        assert pi.is_fast
    assert not pi.is_fast


@virtual_time
async def test_a_board_that_is_throttled_is_not_sped_up(pi: FakeBoard) -> None:
    async with running(pi) as rig:
        pi.scarcity = CALM
        pi.flags = 0x4
        await asyncio.sleep(6.0)
        rig.machine.pace.show(Sign.THINKING, "")
        await asyncio.sleep(1.0)
        assert not pi.is_fast


async def test_a_clock_that_is_left_alone_needs_nobody() -> None:
    pace = Pace(None)
    pace.show(Sign.LISTENING, "")
    await pace.run()


@virtual_time
async def test_status_and_metrics_tell_what_was_seen(pi: FakeBoard) -> None:
    async with running(pi) as rig:
        pi.scarcity = CALM
        await asyncio.sleep(6.0)
        row = rig.machine.row()
        assert (row["kind"], row["celsius"], row["throttled"]) == ("pi-5", 47.4, [])
        assert (row["storage"], row["worn_percent"], row["free_gb"]) == ("eMMC", 50, 5.0)
        told = rig.machine.metrics()
        for line in (
            'lares_board_info{kind="pi-5",model="Raspberry Pi 5 Model B Rev 1.0"} 1',
            "lares_cpu_celsius 47.4",
            'lares_pressure_percent{resource="cpu",of="some"} 3.2',
            "lares_storage_used_percent 50",
            'lares_throttled{flag="under-voltage"} 0',
        ):
            assert line in told.splitlines()
        assert told.endswith("\n")


async def test_a_recorded_board_is_watched_with_what_it_has(tmp_path: Path) -> None:
    laid_out("pi-5", tmp_path)
    config = replace(CONFIG, box=Box(state_dir=tmp_path), board=BoardSettings(boost=True))
    machine = Machine(config, SystemClock(), await parts_of(config, SystemClock(), tmp_path))
    gate = Gate(None, SystemClock())
    async with asyncio.timeout(30.0), asyncio.TaskGroup() as tasks:
        run = tasks.create_task(machine.run(gate, [], lambda: FAIR, Alarm))
        machine.pace.show(Sign.LISTENING, "")
        while (tmp_path / GOVERNOR).read_text() != "performance":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        run.cancel()
    assert (tmp_path / GOVERNOR).read_text() == "ondemand"
    assert machine.row()["model"] == "Raspberry Pi 5 Model B Rev 1.0"
    assert machine.row()["celsius"] == 47.4


async def test_the_parts_of_a_recorded_board_are_found(tmp_path: Path) -> None:
    laid_out("n100", tmp_path)
    config = replace(CONFIG, box=Box(state_dir=tmp_path), board=BoardSettings(boost=True))
    parts = await parts_of(config, SystemClock(), tmp_path)
    assert (str(parts.model.kind), parts.meter_how) == ("n100", "the CPU's counter (RAPL)")
    assert parts.governor is not None
    assert not parts.throttles
    assert (await parts.storage())[1] > 0


async def test_the_parts_of_this_machine_are_found(tmp_path: Path) -> None:
    config = replace(CONFIG, box=Box(state_dir=tmp_path / "not" / "yet"))
    parts = await parts_of(config, SystemClock())
    assert parts.governor is None
    assert (await parts.storage())[1] > 0


def answer(seconds: float) -> Reply:
    return Reply("1", ReplyKind.DONE, "Done.", "llm", spans=(Span("llm", 1.0, 1.0 + seconds),))
