"""A wake service elsewhere stands in for the box's own models, as long as it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from laresd.backends.hosts.wyoming_wake import RETRY_S, WyomingWake
from laresd.types import Heard, HeardKind
from tests.fakes.audio import silence, speech, wake_word
from tests.fakes.clock import FakeClock
from tests.fakes.listener import FakeListener
from tests.fakes.wyoming_host import listening
from tests.unit.frontends.wyoming.served import Server, serving

AWAY = ("127.0.0.1", 9)


def wakes(found: list[Heard]) -> list[str]:
    return [heard.name for heard in found if heard.kind is HeardKind.WAKE]


async def hear_until(ear: WyomingWake, ready: Callable[[list[Heard]], bool]) -> list[Heard]:
    found: list[Heard] = []
    async with asyncio.timeout(20):
        while not ready(found):
            found += await ear.hear(silence(32))
            await asyncio.sleep(0.001)
    return found


async def test_it_finds_the_wake_word_and_the_box_the_voice() -> None:
    async with serving(Server().services) as doors:
        inner = FakeListener(wake_name="own")
        ear = WyomingWake(inner, ("127.0.0.1", doors.port), ["okay_nabu"])
        found = [*await ear.hear(silence(64) + wake_word() + speech(320))]
        assert wakes(found) == []  # the box's own is not believed
        found += await hear_until(ear, lambda found: bool(wakes(found)))
        assert wakes(found) == ["okay_nabu"]
        assert sum(heard.kind is HeardKind.SPEECH for heard in found) == len(found) - 1
        await ear.reset()
        await ear.hear(wake_word() + silence(64))
        assert wakes(await hear_until(ear, lambda found: bool(wakes(found)))) == ["okay_nabu"]
        await ear.close()
    assert inner.closed


async def test_while_it_is_away_the_box_listens_itself_and_looks_again() -> None:
    clock = FakeClock()
    ear = WyomingWake(FakeListener(wake_name="own"), AWAY, now=clock.now)
    assert wakes([*await ear.hear(wake_word() + silence(64))]) == ["own"]
    async with serving(Server().services) as doors:
        ear._address = ("127.0.0.1", doors.port)
        assert wakes([*await ear.hear(wake_word() + silence(64))]) == ["own"]  # not yet
        await clock.advance(RETRY_S + 1)
        assert wakes([*await ear.hear(wake_word() + silence(64))]) == []
        assert wakes(await hear_until(ear, lambda found: bool(wakes(found)))) == ["okay_nabu"]
    await asyncio.sleep(0.05)
    assert wakes([*await ear.hear(wake_word() + silence(64))]) == ["own"]
    await ear.close()


async def test_a_service_that_talks_nonsense_is_left() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()

    async with listening(nonsense) as port:
        ear = WyomingWake(FakeListener(wake_name="own"), ("127.0.0.1", port))
        async with asyncio.timeout(20):
            while not wakes([*await ear.hear(wake_word() + silence(64))]):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await ear.close()
