"""A reply's sentences beside the one that generates them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import pytest

from laresd.errors import Temporary
from laresd.frontends.streaming import streamed
from laresd.types import Reply, ReplyKind, Request
from tests.fakes.assistant import FakeAssistant
from tests.fakes.virtual_time import virtual_time

MOON = "how far is the moon"
REQUEST = Request("r", MOON, "en", 60.0, "test")


def assistant(*sentences: str | None) -> FakeAssistant:
    return FakeAssistant({"lamp": "Done."}, seconds=1.0, streamed={MOON: sentences})


def now() -> float:
    return asyncio.get_running_loop().time()


@virtual_time
async def test_each_sentence_comes_when_it_is_told_and_the_reply_last() -> None:
    begun, came = now(), []
    async with aclosing(streamed(assistant("It is far.", "Very far."), REQUEST)) as parts:
        async for part in parts:
            came.append((part if isinstance(part, str) else part.text, round(now() - begun)))
    assert came == [("It is far.", 1), ("Very far.", 2), ("It is far. Very far.", 2)]


@virtual_time
async def test_a_reply_that_is_not_generated_comes_alone() -> None:
    request = Request("r", "lamp", "en", 60.0, "test")
    async with aclosing(streamed(assistant(), request)) as parts:
        (reply,) = [part async for part in parts]
    assert isinstance(reply, Reply)
    assert reply.kind is ReplyKind.DONE


@virtual_time
async def test_whoever_stops_reading_gives_the_request_up() -> None:
    async with aclosing(streamed(assistant("It is far.", None), REQUEST)) as parts:
        assert await anext(parts) == "It is far."
    assert len(asyncio.all_tasks()) == 1


@virtual_time
async def test_a_reader_that_is_cancelled_gives_it_up_too() -> None:
    heard: list[str | Reply] = []

    async def read() -> None:
        async with aclosing(streamed(assistant("It is far.", None), REQUEST)) as parts:
            async for part in parts:
                heard.append(part)

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(read())
        await asyncio.sleep(5)
        reading.cancel()
    assert heard == ["It is far."]
    assert len(asyncio.all_tasks()) == 1


@virtual_time
async def test_its_time_is_over_after_what_was_told() -> None:
    heard: list[str | Reply] = []
    until = now() + 10
    with pytest.raises(TimeoutError):
        async with aclosing(streamed(assistant("It is far.", None), REQUEST, until=until)) as parts:
            async for part in parts:
                heard.append(part)
    assert heard == ["It is far."]
    assert round(now() - until) == 0


class Failing(FakeAssistant):
    async def answer(
        self, request: Request, on_sentence: Callable[[str], None] | None = None
    ) -> Reply:
        raise Temporary("the home is not known yet")


@virtual_time
async def test_what_the_assistant_raises_reaches_the_reader() -> None:
    with pytest.raises(Temporary, match="not known yet"):
        async with aclosing(streamed(Failing({}), REQUEST)) as parts:
            async for _ in parts:
                pass
