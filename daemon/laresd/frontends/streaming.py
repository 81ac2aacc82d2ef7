"""A reply whose sentences are told while it is still generated."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import Generic, TypeVar

from laresd.errors import LaresError
from laresd.ports import Assistant
from laresd.types import Reply, Request

T = TypeVar("T")
Ask = Callable[[Callable[[str], None]], Awaitable[T]]
"""Asks for a whole; what it gets is called with each sentence of it."""


def streamed(
    assistant: Assistant, request: Request, *, until: float | None = None
) -> AsyncGenerator[str | Reply, None]:
    """The sentences as they come, if the reply is one that is generated; the reply comes last.

    Closing it gives the request up. Raises what the assistant raises, and TimeoutError at `until`
    (the loop's clock).
    """
    return as_told(partial(assistant.answer, request), until=until)


async def as_told(ask: Ask[T], *, until: float | None = None) -> AsyncGenerator[str | T, None]:
    """The sentences as they come; the whole comes last. Closing it gives the work up. Raises what
    is raised there, and TimeoutError at `until` (the loop's clock).
    """
    answer = _Answer[T]()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(answer.run(ask, until), name="answer")
        try:
            while not answer.over:
                await answer.news.wait()
                answer.news.clear()
                while answer.waiting:
                    yield answer.waiting.popleft()
        except GeneratorExit:  # the group would wrap it
            task.cancel()
            return
    if answer.error is not None:
        raise answer.error
    for whole in answer.whole:
        yield whole


class _Answer(Generic[T]):
    """An answer that is on its way, for who reads it beside. Bounded by the reply's length."""

    def __init__(self) -> None:
        self.waiting: deque[str] = deque()
        self.news = asyncio.Event()
        self.over = False
        self.whole: list[T] = []
        self.error: LaresError | TimeoutError | None = None

    async def run(self, ask: Ask[T], until: float | None) -> None:
        """Keeps what goes wrong: raised here it would cancel the reader in the middle."""
        try:
            async with asyncio.timeout_at(until):
                self.whole.append(await ask(self._tell))
        except (LaresError, TimeoutError) as error:
            self.error = error
        finally:
            self.over = True
            self.news.set()

    def _tell(self, sentence: str) -> None:
        self.waiting.append(sentence)
        self.news.set()
