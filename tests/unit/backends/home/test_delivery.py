"""A command whose acknowledgement was lost: the device's word decides whether it goes out again."""

from __future__ import annotations

import asyncio

import pytest

from laresd.backends.home.delivery import Delivery, repeatable
from laresd.backends.home.settings import Write
from laresd.errors import Temporary
from laresd.types import Command, Sent
from tests.fakes.bus import FakeBus
from tests.fakes.virtual_time import virtual_time

ECHO = 3.0
WRITE = Write("lamp/set", "ON")


class DoubtfulBus(FakeBus):
    """Loses the acknowledgement of its first messages."""

    def __init__(self, lost: int) -> None:
        super().__init__(wall=lambda: asyncio.get_running_loop().time())
        self.lost = lost
        self.tries: list[tuple[float, bool, float | None]] = []

    async def publish(self, topic: str, payload: str | bytes, **options: object) -> Sent:
        now = asyncio.get_running_loop().time()
        until = options["keep_until"]
        assert until is None or isinstance(until, float)
        self.tries.append((now, bool(options["repeatable"]), until))
        if len(self.tries) <= self.lost:
            return Sent.UNKNOWN
        return await super().publish(topic, payload, **options)  # type: ignore[arg-type]


class Lamp:
    def __init__(self, *, so_at: float = 1e9, denies_at: float = 1e9) -> None:
        self._so_at, self._denies_at = so_at, denies_at

    @property
    def denials(self) -> int:
        return int(asyncio.get_running_loop().time() >= self._denies_at)

    def is_so(self) -> bool:
        return asyncio.get_running_loop().time() >= self._so_at


async def given(bus: FakeBus, lamp: Lamp, command: Command, write: Write = WRITE) -> Sent:
    loop = asyncio.get_running_loop()
    delivery = Delivery(bus, ECHO, loop.time)
    return await delivery.give(write, command, lamp, loop.time() + 30)


@virtual_time
async def test_a_device_that_is_as_it_was_told_is_not_told_again() -> None:
    bus = DoubtfulBus(lost=1)
    assert await given(bus, Lamp(so_at=1.0), Command.TOGGLE) is Sent.NOW
    assert len(bus.tries) == 1


@pytest.mark.parametrize("command", [Command.TOGGLE, Command.TURN_ON])
def test_a_device_that_says_otherwise_is_told_again(command: Command) -> None:
    @virtual_time
    async def check() -> None:
        bus = DoubtfulBus(lost=1)
        assert await given(bus, Lamp(denies_at=1.0), command) is Sent.NOW
        assert len(bus.tries) == 2
        assert bus.tries[1][0] < ECHO

    check()


@virtual_time
async def test_a_silent_device_is_told_again_only_what_is_harmless_twice() -> None:
    once, twice = DoubtfulBus(lost=1), DoubtfulBus(lost=1)
    assert await given(once, Lamp(), Command.TOGGLE) is Sent.UNKNOWN
    assert len(once.tries) == 1
    assert await given(twice, Lamp(), Command.TURN_ON) is Sent.NOW
    assert len(twice.tries) == 2


@virtual_time
async def test_only_what_goes_to_the_disk_may_be_repeated_by_the_bus_itself() -> None:
    up, away = DoubtfulBus(lost=0), DoubtfulBus(lost=0)
    away.break_connection()
    assert await given(up, Lamp(), Command.TURN_ON) is Sent.NOW
    assert await given(away, Lamp(), Command.TURN_ON) is Sent.LATER
    assert [up.tries[0][1], away.tries[0][1]] == [False, True]


@virtual_time
async def test_it_is_kept_no_longer_than_its_deadline() -> None:
    bus = DoubtfulBus(lost=0)
    bus.break_connection()
    assert await given(bus, Lamp(), Command.TURN_ON) is Sent.LATER
    assert bus.tries[0][2] == pytest.approx(30)


@virtual_time
async def test_a_code_is_never_kept_on_disk() -> None:
    bus = DoubtfulBus(lost=0)
    bus.break_connection()
    with pytest.raises(Temporary):
        await given(bus, Lamp(), Command.UNLOCK, Write("door/set", "UNLOCK 1234", secret=True))
    assert not bus.kept


def test_what_names_no_state_is_not_repeated() -> None:
    once = {command for command in Command if not repeatable(command)}
    assert once >= {Command.TOGGLE, Command.PRESS, Command.ACTIVATE, Command.NEXT}
    assert repeatable(Command.TURN_OFF)
    assert repeatable(Command.SET_TEMPERATURE)
