"""A stream reaches its client in order, shows that it lives, and ends its generator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from laresd.errors import Temporary
from laresd.frontends.http.relay import AHEAD, ALIVE, relay
from tests.fakes.clock import FakeClock


class Source:
    """Events as the test lets them go."""

    def __init__(self, count: int, failure: Temporary | None = None) -> None:
        self.go = asyncio.Event()
        self.made = 0
        self.closed = False
        self._count = count
        self._failure = failure

    async def events(self) -> AsyncGenerator[bytes, None]:
        try:
            await self.go.wait()
            for number in range(self._count):
                self.made += 1
                yield b"%d" % number
            if self._failure:
                raise self._failure
        finally:
            self.closed = True


class Client:
    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self.gone = False

    async def send(self, data: bytes) -> None:
        if self.gone:
            raise ConnectionResetError
        await self.takes.wait()
        self.got.append(data)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_all_events_come_in_order() -> None:
    source, client = Source(200), Client()
    source.go.set()
    await relay(source.events(), client.send, clock=FakeClock(), pause_s=10.0)
    assert client.got == [b"%d" % number for number in range(200)]


async def test_a_stream_that_has_nothing_to_tell_shows_that_it_lives() -> None:
    source, client, clock = Source(1), Client(), FakeClock()
    async with asyncio.TaskGroup() as group:
        group.create_task(relay(source.events(), client.send, clock=clock, pause_s=10.0))
        await clock.asleep()
        await clock.advance(9.0)
        assert client.got == []
        await clock.advance(1.0)
        await clock.advance(10.0)
        assert client.got == [ALIVE, ALIVE]
        source.go.set()
    assert client.got == [ALIVE, ALIVE, b"0"]


async def test_a_failure_comes_after_what_was_said_before_it() -> None:
    source, client = Source(3, Temporary("the worker died")), Client()
    source.go.set()
    with pytest.raises(Temporary, match="worker died"):
        await relay(source.events(), client.send, clock=FakeClock(), pause_s=10.0)
    assert client.got == [b"0", b"1", b"2"]


async def test_a_client_that_is_gone_closes_the_generator() -> None:
    source, client = Source(1000), Client()
    client.gone = True
    source.go.set()
    with pytest.raises(ConnectionResetError):
        await relay(source.events(), client.send, clock=FakeClock(), pause_s=10.0)
    assert source.closed


async def test_cancelling_closes_the_generator() -> None:
    source, client = Source(1), Client()
    async with asyncio.TaskGroup() as group:
        run = group.create_task(
            relay(source.events(), client.send, clock=FakeClock(), pause_s=10.0)
        )
        await settled()
        run.cancel()
    assert source.closed and client.got == []


async def test_a_slow_client_is_not_computed_for_without_bound() -> None:
    source, client = Source(1000), Client()
    client.takes.clear()
    source.go.set()
    async with asyncio.TaskGroup() as group:
        group.create_task(relay(source.events(), client.send, clock=FakeClock(), pause_s=10.0))
        await settled()
        await settled()
        assert source.made <= 2 * AHEAD + 1
        client.takes.set()
    assert len(client.got) == 1000
