"""Several boxes on one broker: one answers a wake word, and a box that is alone does not wait."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from laresd.backends.clock import SystemClock
from laresd.config import Box, Config, SatelliteSettings
from laresd.core import arbitration
from laresd.frontends.mqtt import WakeArbiter
from tests.fakes.bus import FakeBus
from tests.fakes.virtual_time import virtual_time

CLAIM = "lares/wake/claim"


class House:
    """Boxes on one broker, each with an arbiter; `online` are those that others know of."""

    def __init__(self, *names: str) -> None:
        self.bus = FakeBus()
        self.arbiters = {
            name: WakeArbiter(
                Config(box=Box(name=name)),
                self.bus,
                SystemClock(),
                arbitration.Ballot,
                arbitration.WAIT,
            )
            for name in names
        }

    @contextlib.asynccontextmanager
    async def running(self, *online: str) -> AsyncIterator[House]:
        for name in online:
            self.bus.deliver(f"lares/{name}/availability", "online", retain=True)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one.run()) for one in self.arbiters.values()]
            await idle()
            yield self
            for task in tasks:
                task.cancel()

    async def heard(self, *claims: tuple[str, float, float]) -> list[str]:
        """(box, score, loudness) of who heard one wake word -> who answers."""
        async with asyncio.TaskGroup() as group:
            asked = {
                box: group.create_task(self.arbiters[box].may_answer(score, loudness))
                for box, score, loudness in claims
            }
        return [box for box, task in asked.items() if task.result()]

    def claims(self) -> int:
        return sum(topic == CLAIM for topic, _, _ in self.bus.published)


async def idle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def now() -> float:
    return asyncio.get_running_loop().time()


@virtual_time
async def test_a_box_that_is_alone_answers_at_once_and_tells_nobody() -> None:
    async with House("hall").running("hall") as house:
        assert house.arbiters["hall"].alone
        assert await house.heard(("hall", 0.9, -30)) == ["hall"]
        assert now() == 0
        assert house.claims() == 0


@virtual_time
async def test_of_two_boxes_the_one_that_heard_it_louder_answers_after_the_wait() -> None:
    async with House("hall", "bath").running("hall", "bath") as house:
        answers = await house.heard(("hall", 0.97, -40), ("bath", 0.99, -25))
        assert answers == ["bath"]
        assert now() == pytest.approx(arbitration.WAIT)


@virtual_time
async def test_a_box_that_hears_it_too_late_leaves_it_to_the_other() -> None:
    async with House("hall", "bath").running("hall", "bath") as house:
        first = asyncio.create_task(house.arbiters["hall"].may_answer(0.8, -40))
        await asyncio.sleep(0.3)
        assert not await house.arbiters["bath"].may_answer(0.99, -10)
        assert await first
        assert house.claims() == 1


@virtual_time
async def test_a_box_that_went_away_is_not_waited_for() -> None:
    async with House("hall").running("hall", "bath") as house:
        assert not house.arbiters["hall"].alone
        house.bus.deliver("lares/bath/availability", "offline", retain=True)
        await idle()
        assert house.arbiters["hall"].alone


@virtual_time
async def test_without_the_broker_a_box_answers_at_once() -> None:
    async with House("hall").running("hall", "bath") as house:
        house.bus.break_connection()
        assert await house.heard(("hall", 0.9, -30)) == ["hall"]
        assert now() == 0


@virtual_time
async def test_what_is_no_claim_changes_nothing() -> None:
    async with House("hall").running("hall", "bath") as house:
        strong = {"box": "bath", "site": "", "score": 1.0, "loudness": 0.0, "number": "1"}
        broken = [
            b"{", b"[]", b"\xff", b"x" * 5000, b"null",
            json.dumps({**strong, "score": 1.5}).encode(),
            json.dumps({**strong, "box": "a b"}).encode(),
            json.dumps({**strong, "box": "hall"}).encode(),
            json.dumps(strong).replace("0.0", "NaN").encode(),
        ]  # fmt: skip
        for payload in broken:
            house.bus.deliver(CLAIM, payload)
        await idle()
        assert await house.heard(("hall", 0.5, -60)) == ["hall"]
        late = House("hall")
        late.bus.deliver(CLAIM, json.dumps(strong), retain=True)
        async with late.running("hall", "bath"):
            assert await late.heard(("hall", 0.5, -60)) == ["hall"]


@virtual_time
async def test_a_flood_of_boxes_is_bounded() -> None:
    async with House("hall").running() as house:
        for number in range(1000):
            house.bus.deliver(f"lares/box{number}/availability", "online")
        await idle()
        assert len(house.arbiters["hall"]._others) <= 64


@virtual_time
async def test_of_two_ears_of_one_box_the_nearer_one_answers_without_a_broker() -> None:
    config = Config(satellites={"hall": SatelliteSettings(), "attic": SatelliteSettings()})
    arbiter = WakeArbiter(config, FakeBus(), SystemClock(), arbitration.Ballot, arbitration.WAIT)
    arbiter.ears = lambda: 3
    async with asyncio.TaskGroup() as group:
        asked = {
            site: group.create_task(arbiter.may_answer(0.97, loudness, site))
            for site, loudness in (("", -40.0), ("hall", -20.0), ("attic", -60.0))
        }
    assert [site for site, task in asked.items() if task.result()] == ["hall"]


@virtual_time
async def test_an_ear_that_hears_another_box_nearer_is_silent() -> None:
    house = House("study", "kitchen")
    kitchen = house.arbiters["kitchen"] = WakeArbiter(
        Config(box=Box(name="kitchen"), satellites={"x": SatelliteSettings(site="hall")}),
        house.bus,
        SystemClock(),
        arbitration.Ballot,
        arbitration.WAIT,
    )
    kitchen.ears = lambda: 2
    async with house.running("study", "kitchen"), asyncio.TaskGroup() as group:
        far = group.create_task(kitchen.may_answer(0.97, -50.0))
        hall = group.create_task(kitchen.may_answer(0.97, -30.0, "hall"))
        study = group.create_task(house.arbiters["study"].may_answer(0.97, -20.0))
        assert [await each for each in (far, hall, study)] == [False, False, True]
