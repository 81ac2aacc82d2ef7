"""Timers over time: they ring once, also after a restart, and whatever the wall clock does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from laresd.core.timekeeper import FIRST_RETRY, Timekeeper
from laresd.errors import LaresError, Temporary
from laresd.timing import TimerCommand, TimerEnded, TimerOutcome, TimerRecord, TimerVerb
from tests.fakes.clock import FakeClock
from tests.fakes.timer_store import FakeTimerStore

FIVE_MINUTES = TimerCommand(TimerVerb.START, 300.0, "tea")
STATUS = TimerCommand(TimerVerb.STATUS)


class Speaker:
    """Hears the announcements; raises `fails` while that is set."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.ended: list[TimerEnded] = []
        self.fails: LaresError | None = None
        self.hold: asyncio.Event | None = None
        self.speaking = asyncio.Event()

    async def announce(self, ended: TimerEnded) -> None:
        self.speaking.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.fails is not None:
            raise self.fails
        self.heard.append(ended.text)
        self.ended.append(ended)


class Box:
    """One run of the daemon's timers."""

    def __init__(self, store: FakeTimerStore, clock: FakeClock) -> None:
        self.store, self.clock, self.speaker = store, clock, Speaker()
        self.keeper = Timekeeper(store, clock, self.speaker.announce, language="en")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Box]:
        async with self.keeper, asyncio.TaskGroup() as group:
            asleep = group.create_task(self.clock.asleep())
            running = group.create_task(self.keeper.run())
            if self.speaker.hold is None:
                await asleep
            else:
                asleep.cancel()
            yield self
            running.cancel()

    async def ask(self, command: TimerCommand) -> TimerOutcome:
        return (await self.keeper.handle(command)).outcome


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> FakeTimerStore:
    return FakeTimerStore()


@pytest.fixture
def box(store: FakeTimerStore, clock: FakeClock) -> Box:
    return Box(store, clock)


async def start(box: Box, command: TimerCommand = FIVE_MINUTES) -> None:
    """Start a timer and wait until the keeper has taken it into account."""
    asleep = asyncio.ensure_future(box.clock.asleep())
    await asyncio.sleep(0)
    assert await box.ask(command) is TimerOutcome.STARTED
    await asleep


async def test_a_timer_rings_at_its_end_and_is_gone(box: Box, store: FakeTimerStore) -> None:
    async with box.running():
        await start(box)
        assert len(store.records) == 1
        await box.clock.advance(299.0)
        assert box.speaker.heard == []
        await box.clock.advance(1.0)
        assert box.speaker.heard == ["Your tea timer is done."]
        assert store.records == {}
        assert await box.ask(STATUS) is TimerOutcome.NONE


async def test_several_ring_in_their_order(box: Box) -> None:
    async with box.running():
        await start(box)
        await start(box, TimerCommand(TimerVerb.START, 60.0, "egg"))
        await box.clock.advance(60.0)
        await box.clock.advance(240.0)
        assert box.speaker.heard == ["Your egg timer is done.", "Your tea timer is done."]


async def test_a_paused_timer_does_not_ring(box: Box) -> None:
    async with box.running():
        await start(box)
        await box.ask(TimerCommand(TimerVerb.PAUSE))
        await box.clock.advance(1000.0)
        assert box.speaker.heard == []
        await box.ask(TimerCommand(TimerVerb.RESUME))
        result = await box.keeper.handle(STATUS)
        assert result.timers[0].remaining == 300.0


async def test_a_timer_goes_on_after_a_restart(store: FakeTimerStore, clock: FakeClock) -> None:
    async with Box(store, clock).running() as before:
        await start(before)
    await clock.advance(100.0)
    async with Box(store, clock).running() as after:
        assert (await after.keeper.handle(STATUS)).timers[0].remaining == 200.0
        await clock.advance(200.0)
        assert after.speaker.heard == ["Your tea timer is done."]


async def test_a_timer_that_ended_while_the_power_was_off_is_announced_once(
    store: FakeTimerStore, clock: FakeClock
) -> None:
    async with Box(store, clock).running() as before:
        await start(before)
    await clock.advance(480.0)
    async with Box(store, clock).running() as after:
        assert after.speaker.heard == ["Your tea timer ended 3 minutes ago, while I was off."]
        assert after.speaker.ended[0].late == 180.0
    async with Box(store, clock).running() as again:
        assert again.speaker.heard == []


async def test_power_lost_before_the_announcement_was_heard_makes_it_ring_again(
    store: FakeTimerStore, clock: FakeClock
) -> None:
    box = Box(store, clock)
    box.speaker.hold = asyncio.Event()
    store.records[1] = TimerRecord(1, "tea", 300.0, clock.wall() - 1.0, None)
    async with box.running():
        await box.speaker.speaking.wait()
    assert 1 in store.records
    async with Box(store, clock).running() as after:
        assert len(after.speaker.heard) == 1


async def test_a_box_that_wakes_up_in_1970_rings_when_the_clock_is_set(
    store: FakeTimerStore,
) -> None:
    today = 1_790_000_000.0
    store.records[1] = TimerRecord(1, "tea", 300.0, today - 60.0, None)
    clock = FakeClock(wall=86_400.0)
    async with Box(store, clock).running() as box:
        (view,) = (await box.keeper.handle(STATUS)).timers
        assert view.remaining == 300.0
        clock.set_wall(today)
        await clock.advance(10.0)
        assert box.speaker.heard == [
            "Your tea timer ended 1 minute and 10 seconds ago, while I was off."
        ]


async def test_without_ntp_it_rings_after_its_whole_length_at_the_latest(
    store: FakeTimerStore,
) -> None:
    store.records[1] = TimerRecord(1, "tea", 300.0, 1_790_000_000.0, None)
    clock = FakeClock(wall=86_400.0)
    async with Box(store, clock).running() as box:
        await clock.advance(300.0)
        assert box.speaker.heard == ["Your tea timer is done."]


async def test_a_timer_set_before_the_clock_was_takes_as_long_as_it_was_asked_for(
    store: FakeTimerStore,
) -> None:
    clock = FakeClock(wall=86_400.0)
    async with Box(store, clock).running() as box:
        await start(box)
        clock.set_wall(1_790_000_000.0)
        await clock.advance(10.0)
        assert store.records[1].ends_at == 1_790_000_300.0
        await clock.advance(280.0)
        assert box.speaker.heard == []
        await clock.advance(10.0)
        assert box.speaker.heard == ["Your tea timer is done."]


async def test_a_timer_written_by_a_wrong_clock_is_announced_without_a_made_up_time(
    store: FakeTimerStore, clock: FakeClock
) -> None:
    store.records[1] = TimerRecord(1, "tea", 300.0, 86_700.0, None)
    async with Box(store, clock).running() as box:
        assert box.speaker.heard == ["Your tea timer ended while I was off."]
        assert box.speaker.ended[0].late is None


async def test_an_announcement_that_fails_is_tried_again(box: Box, store: FakeTimerStore) -> None:
    async with box.running():
        await start(box)
        box.speaker.fails = Temporary("the voice is away")
        await box.clock.advance(300.0)
        assert len(store.records) == 1
        box.speaker.fails = None
        await box.clock.advance(FIRST_RETRY)
        assert box.speaker.heard == ["Your tea timer ended 10 seconds ago."]
        assert store.records == {}


async def test_one_that_cannot_be_announced_does_not_hold_up_the_others(box: Box) -> None:
    async with box.running():
        await start(box)
        await start(box, TimerCommand(TimerVerb.START, 301.0, "egg"))
        box.speaker.fails = Temporary("the voice is away")
        await box.clock.advance(300.0)
        box.speaker.fails = None
        await box.clock.advance(1.0)
        assert box.speaker.heard == ["Your egg timer is done."]


async def test_more_time_given_while_it_rings_is_kept(box: Box, store: FakeTimerStore) -> None:
    box.speaker.hold = asyncio.Event()
    store.records[1] = TimerRecord(1, "tea", 300.0, box.clock.wall() - 1.0, None)
    async with box.running():
        await box.speaker.speaking.wait()
        asleep = asyncio.ensure_future(box.clock.asleep())
        await asyncio.sleep(0)
        await box.ask(TimerCommand(TimerVerb.INCREASE, 60.0))
        box.speaker.hold.set()
        await asleep
        assert (await box.keeper.handle(STATUS)).timers[0].remaining == 60.0


async def test_what_is_not_on_disk_is_not_said_to_be_set(box: Box, store: FakeTimerStore) -> None:
    async with box.running():
        store.fails = Temporary("no space left")
        with pytest.raises(Temporary):
            await box.keeper.handle(FIVE_MINUTES)
        store.fails = None
        assert await box.ask(STATUS) is TimerOutcome.NONE


async def test_a_timer_that_cannot_be_deleted_does_not_ring_again_in_this_run(
    box: Box, store: FakeTimerStore
) -> None:
    async with box.running():
        await start(box)
        store.fails = Temporary("read-only")
        await box.clock.advance(300.0)
        assert box.speaker.heard == ["Your tea timer is done."]
        assert await box.ask(STATUS) is TimerOutcome.NONE
