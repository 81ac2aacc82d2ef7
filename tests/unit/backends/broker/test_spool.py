"""What waits on disk goes out in order and in time, or is dropped and reported; in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from laresd.backends.broker.connection import Unacknowledged
from laresd.backends.broker.messages import Outgoing
from laresd.backends.broker.outbox import Kept
from laresd.backends.broker.spool import ABSENT_S, SETTLE_S, Spool
from laresd.errors import Permanent, Temporary
from laresd.types import Dropped
from tests.fakes.virtual_time import virtual_time

REPORT = "lares/t/dropped"
START = 1_790_000_000.0


class MemoryOutbox:
    """An `Outbox` whose file is a dictionary, for a second Spool to find."""

    def __init__(self) -> None:
        self.rows: dict[int, Kept] = {}
        self._count = 0
        self.room = 100

    async def load(self) -> list[Kept]:
        return [self.rows[number] for number in sorted(self.rows)]

    async def add(self, message: Kept) -> Kept:
        if len(self.rows) >= self.room:
            raise Temporary("full")
        self._count += 1
        kept = _with(message, id=self._count)
        self.rows[kept.id] = kept
        return kept

    async def begin(self, ids: Iterable[int]) -> None:
        for one in ids:
            self.rows[one] = _with(self.rows[one], begun=True)

    async def settle(self, *, gone: Iterable[int], waiting: Iterable[int] = ()) -> None:
        for one in gone:
            self.rows.pop(one, None)
        for one in waiting:
            self.rows[one] = _with(self.rows[one], begun=False)


def _with(kept: Kept, **changes: object) -> Kept:
    return replace(kept, **changes)  # type: ignore[arg-type]  # the test names real fields


@dataclass
class Wire:
    """A connection; what happens to a topic's next messages is in `fates`."""

    mqtt5: bool = True
    sent: list[Outgoing] = field(default_factory=list)
    fates: dict[str, list[object]] = field(default_factory=dict)

    async def publish(self, message: Outgoing) -> bool:
        await asyncio.sleep(0)
        fate = self.fates[message.topic].pop(0) if self.fates.get(message.topic) else True
        if isinstance(fate, asyncio.Event):
            self.sent.append(message)
            await fate.wait()
            return True
        if isinstance(fate, Exception):
            raise fate
        self.sent.append(message)
        return fate is True

    @property
    def topics(self) -> list[str]:
        return [message.topic for message in self.sent if message.topic != REPORT]

    @property
    def reports(self) -> list[dict[str, object]]:
        return [json.loads(one.payload) for one in self.sent if one.topic == REPORT]


class Place:
    def __init__(self, outbox: MemoryOutbox | None = None) -> None:
        self.outbox = outbox or MemoryOutbox()
        self.wire: Wire | None = None
        self.dropped: list[Dropped] = []
        self.skew = 0.0  # seconds that the wall clock was set by
        self.spool = Spool(
            self.outbox,  # type: ignore[arg-type]  # in memory
            lambda: self.wire,  # type: ignore[arg-type,return-value]  # as a Connection
            wall=self.wall,
            report_topic=REPORT,
            on_dropped=self.dropped.append,
        )

    def wall(self) -> float:
        return START + asyncio.get_running_loop().time() + self.skew

    async def keep(self, topic: str, seconds: float = 60.0, *, repeatable: bool = True) -> None:
        now = self.wall()
        message = Outgoing(topic, b"ON")
        await self.spool.keep(Kept(message, now + seconds, now, repeatable=repeatable))

    def connect(self, wire: Wire | None = None) -> Wire:
        self.wire = wire or Wire()
        self.spool.wake()
        return self.wire

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Place]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.spool.run())
            await asyncio.sleep(0.01)
            yield self
            task.cancel()


@virtual_time
async def test_what_waits_goes_out_in_order_when_the_broker_is_back() -> None:
    async with Place().running() as place:
        for number in range(30):
            await place.keep(f"lamp{number}/set")
        await asyncio.sleep(10)
        wire = place.connect()
        await asyncio.sleep(1)
        assert wire.topics == [f"lamp{number}/set" for number in range(30)]
        assert not place.outbox.rows
        assert not place.spool.waits


@virtual_time
async def test_no_broker_is_to_keep_it_longer_than_it_is_good_for() -> None:
    async with Place().running() as place:
        await place.keep("lamp/set", seconds=60)
        await asyncio.sleep(20)
        wire = place.connect()
        await asyncio.sleep(1)
        assert wire.sent[0].expiry_s == pytest.approx(40, abs=0.1)


@virtual_time
async def test_what_is_too_late_is_dropped_at_its_time_and_reported_when_the_broker_is_back() -> (
    None
):
    async with Place().running() as place:
        await place.keep("lamp/set", seconds=5)
        await place.keep("fan/set", seconds=60)
        await asyncio.sleep(6)
        assert place.dropped == [Dropped("lamp/set", "expired", place.dropped[0].age)]
        assert place.dropped[0].age == pytest.approx(5, abs=0.1)
        wire = place.connect()
        await asyncio.sleep(1)
        assert wire.topics == ["fan/set"]
        assert wire.reports == [{"topic": "lamp/set", "reason": "expired", "age_s": 5.0}]


@virtual_time
async def test_a_clock_that_is_set_moves_no_deadline() -> None:
    async with Place().running() as place:
        await place.keep("lamp/set", seconds=60)
        place.skew = 3600.0
        await asyncio.sleep(1)
        wire = place.connect()
        await asyncio.sleep(1)
        assert wire.topics == ["lamp/set"]


@virtual_time
async def test_a_later_run_sends_what_an_earlier_one_left() -> None:
    outbox = MemoryOutbox()
    async with Place(outbox).running() as place:
        await place.keep("lamp/set", seconds=60)
        await place.keep("fan/set", seconds=5)
    await asyncio.sleep(10)
    async with Place(outbox).running() as later:
        wire = later.connect()
        await asyncio.sleep(1)
        assert wire.topics == ["lamp/set"]
        assert [one.topic for one in later.dropped] == ["fan/set"]


@virtual_time
async def test_when_the_clock_ran_backwards_over_a_restart_nothing_old_goes_out() -> None:
    outbox = MemoryOutbox()
    async with Place(outbox).running() as place:
        await place.keep("lamp/set", seconds=60)
    later = Place(outbox)
    later.skew = -7200.0
    async with later.running():
        wire = later.connect()
        await asyncio.sleep(1)
        assert wire.topics == []
        assert [one.reason for one in later.dropped] == ["expired"]


@virtual_time
async def test_a_lost_acknowledgement_repeats_what_is_harmless_twice_and_reports_the_rest() -> None:
    async with Place().running() as place:
        await place.keep("lamp/set")
        await place.keep("blind/toggle", repeatable=False)
        lost = Unacknowledged("lost")
        wire = place.connect(Wire(fates={"lamp/set": [lost], "blind/toggle": [lost]}))
        await asyncio.sleep(1)
        assert wire.topics == ["lamp/set"]
        assert [(one.topic, one.reason) for one in place.dropped] == [("blind/toggle", "unknown")]
        assert not place.outbox.rows


@virtual_time
async def test_after_a_crash_in_the_middle_only_what_is_harmless_twice_goes_out_again() -> None:
    outbox = MemoryOutbox()
    async with Place(outbox).running() as place:
        await place.keep("lamp/set")
        await place.keep("blind/toggle", repeatable=False)
        await place.keep("fan/set")
    await outbox.begin([1, 2])  # and then the power failed
    async with Place(outbox).running() as later:
        wire = later.connect()
        await asyncio.sleep(1)
        assert wire.topics == ["lamp/set", "fan/set"]
        assert [(one.topic, one.reason) for one in later.dropped] == [("blind/toggle", "unknown")]


@virtual_time
async def test_stopped_in_the_middle_of_a_message_it_is_as_uncertain_as_after_a_crash() -> None:
    outbox = MemoryOutbox()
    async with Place(outbox).running() as place:
        await place.keep("blind/toggle", repeatable=False)
        await place.keep("fan/set")
        place.connect(Wire(fates={"blind/toggle": [asyncio.Event()]}))
        await asyncio.sleep(1)
    assert [kept.begun for kept in await outbox.load()] == [True, False]


@virtual_time
async def test_what_nobody_reads_yet_is_tried_again_and_does_not_hold_the_others() -> None:
    async with Place().running() as place:
        await place.keep("lamp/set")
        await place.keep("lamp/set")
        await place.keep("fan/set")
        wire = place.connect(Wire(fates={"lamp/set": [False, False]}))
        await asyncio.sleep(ABSENT_S / 2)
        assert wire.topics == ["lamp/set", "fan/set"]
        await asyncio.sleep(ABSENT_S * 3)
        assert wire.topics == ["lamp/set", "fan/set", "lamp/set", "lamp/set", "lamp/set"]
        assert not place.outbox.rows


@virtual_time
async def test_what_nobody_ever_reads_is_dropped_at_its_time_and_reported() -> None:
    async with Place().running() as place:
        await place.keep("gone/set", seconds=5)
        place.connect(Wire(fates={"gone/set": [False] * 100}))
        await asyncio.sleep(10)
        assert [(one.topic, one.reason) for one in place.dropped] == [("gone/set", "expired")]
        assert not place.outbox.rows


@virtual_time
async def test_a_broker_of_mqtt_3_which_never_says_so_gives_devices_a_moment_first() -> None:
    async with Place().running() as place:
        await place.keep("lamp/set")
        wire = place.connect(Wire(mqtt5=False))
        await asyncio.sleep(SETTLE_S / 2)
        assert wire.topics == []
        await asyncio.sleep(SETTLE_S)
        assert wire.topics == ["lamp/set"]


@virtual_time
async def test_what_the_broker_does_not_allow_is_dropped_and_reported() -> None:
    async with Place().running() as place:
        await place.keep("secret/set")
        wire = place.connect(Wire(fates={"secret/set": [Permanent("no")]}))
        await asyncio.sleep(1)
        assert [(one.topic, one.reason) for one in place.dropped] == [("secret/set", "refused")]
        assert [report["reason"] for report in wire.reports] == ["refused"]


@virtual_time
async def test_a_report_that_nobody_reads_is_not_reported_itself() -> None:
    async with Place().running() as place:
        await place.keep("lamp/set", seconds=1)
        await asyncio.sleep(4000)
        assert [one.topic for one in place.dropped] == ["lamp/set"]
        assert not place.outbox.rows


@virtual_time
async def test_a_full_outbox_is_told_to_who_publishes() -> None:
    outbox = MemoryOutbox()
    outbox.room = 1
    async with Place(outbox).running() as place:
        await place.keep("lamp/set")
        with pytest.raises(Temporary):
            await place.keep("fan/set")


@virtual_time
async def test_a_disk_that_fails_for_a_while_stops_nothing() -> None:
    class Failing(MemoryOutbox):
        fails = 2

        async def begin(self, ids: Iterable[int]) -> None:
            if self.fails:
                self.fails -= 1
                raise Temporary("no space left")
            await super().begin(ids)

    async with Place(Failing()).running() as place:
        await place.keep("lamp/set")
        wire = place.connect()
        await asyncio.sleep(30)
        assert wire.topics == ["lamp/set"]
