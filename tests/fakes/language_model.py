"""A language model that says what the test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from laresd.errors import DeadlineExceeded, LaresError
from laresd.types import ChatMessage, Generation


class FakeLanguageModel:
    """Answers `text` (or what it gives for a generation) word by word, at most max_tokens words.

    Raises `error` instead where there is one, and keeps what it was asked. `seconds` is how long
    each word takes on the loop's clock.
    """

    def __init__(
        self,
        text: str | Callable[[Generation], str] = "none",
        error: LaresError | None = None,
        *,
        seconds: float = 0.0,
    ) -> None:
        self.text = text
        self.error = error
        self.asked: list[Generation] = []
        self.prepared: list[tuple[ChatMessage, ...]] = []
        self.anticipated: list[Generation] = []
        self._seconds = seconds

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[str, None]:
        self.asked.append(generation)
        if self.error is not None:
            raise self.error
        whole = self.text if isinstance(self.text, str) else self.text(generation)
        for number, word in enumerate(whole.split(" ")[: generation.max_tokens]):
            try:
                async with asyncio.timeout_at(deadline):
                    await asyncio.sleep(self._seconds)
            except TimeoutError:
                raise DeadlineExceeded("the language model did not answer in time") from None
            yield word if number == 0 else f" {word}"

    async def prepare(self, head: Sequence[ChatMessage], *, deadline: float) -> None:
        if self.error is not None:
            raise self.error
        if deadline <= asyncio.get_running_loop().time():
            raise DeadlineExceeded("the language model had no time to prepare")
        self.prepared.append(tuple(head))

    async def anticipate(self, generation: Generation, *, deadline: float) -> None:
        await self.prepare((), deadline=deadline)
        self.prepared.pop()
        self.anticipated.append(generation)
