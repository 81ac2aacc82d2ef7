"""A language model that answers what it was told to, word by word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from laresd.errors import DeadlineExceeded, LaresError
from laresd.types import Generation


class FakeLanguageModel:
    """`answer` gives the whole text for a generation; it comes out in words, at most max_tokens.

    `asked` has every generation. `failures` are raised first, one for each call. `seconds` is how
    long each word takes on the loop's clock.
    """

    def __init__(
        self, answer: Callable[[Generation], str] = lambda _: "yes", *, seconds: float = 0.0
    ) -> None:
        self.asked: list[Generation] = []
        self.failures: list[LaresError] = []
        self._answer = answer
        self._seconds = seconds

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[str, None]:
        self.asked.append(generation)
        if self.failures:
            raise self.failures.pop(0)
        words = self._answer(generation).split(" ")
        for number, word in enumerate(words[: generation.max_tokens]):
            try:
                async with asyncio.timeout_at(deadline):
                    await asyncio.sleep(self._seconds)
            except TimeoutError:
                raise DeadlineExceeded("the language model did not answer in time") from None
            yield word if number == 0 else f" {word}"
