"""A reply whose sentences are told while it is still generated."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable

from laresd.errors import LaresError
from laresd.ports import Assistant
from laresd.types import Reply, Request


async def streamed(
    assistant: Assistant, request: Request, *, until: float | None = None
) -> AsyncGenerator[str | Reply, None]:
    """The sentences as they come, if the reply is one that is generated; the reply comes last.

    Closing it gives the request up. Raises what the assistant raises, and TimeoutError at `until`
    (the loop's clock).
    """
    answer = _Answer()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(answer.run(assistant, request, until), name="answer")
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
    if answer.reply is not None:
        yield answer.reply


class _Answer:
    """An answer that is on its way, for who reads it beside. Bounded by the reply's length."""

    def __init__(self) -> None:
        self.waiting: deque[str] = deque()
        self.news = asyncio.Event()
        self.over = False
        self.reply: Reply | None = None
        self.error: LaresError | TimeoutError | None = None

    async def run(self, assistant: Assistant, request: Request, until: float | None) -> None:
        """Keeps what goes wrong: raised here it would cancel the reader in the middle."""
        tell: Callable[[str], None] = self._tell
        try:
            async with asyncio.timeout_at(until):
                self.reply = await assistant.answer(request, tell)
        except (LaresError, TimeoutError) as error:
            self.error = error
        finally:
            self.over = True
            self.news.set()

    def _tell(self, sentence: str) -> None:
        self.waiting.append(sentence)
        self.news.set()
