"""A language model that says what the test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from laresd.errors import DeadlineExceeded, LaresError
from laresd.generation import LOCAL, Ending, Finish, Generation, Message, Piece, ToolCall
from laresd.types import Priority


class FakeLanguageModel:
    """Answers `text` (or what it gives for a generation) word by word, at most max_tokens words;
    the n-th word is token n. Goes on after what was said.

    With tools in the generation it makes the `calls` at its end. Raises `error` instead where there
    is one, and keeps what it was asked. `seconds` is how long each word takes on the loop's clock;
    `open` counts the answers that are being given.
    """

    def __init__(
        self,
        text: str | Callable[[Generation], str] = "none",
        error: LaresError | None = None,
        *,
        seconds: float = 0.0,
        calls: tuple[ToolCall, ...] = (),
    ) -> None:
        self.text = text
        self.error = error
        self.calls = calls
        self.asked: list[Generation] = []
        self.prepared: list[tuple[Message, ...]] = []
        self.anticipated: list[Generation] = []
        self.open = 0
        self.holds: list[tuple[Priority, float]] = []
        self.paces: list[float] = []
        self._seconds = seconds

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        self.asked.append(generation)
        if self.error is not None:
            raise self.error
        self.open += 1
        try:
            async for piece in self._pieces(generation, deadline):
                yield piece
        finally:
            self.open -= 1

    async def _pieces(self, generation: Generation, deadline: float) -> AsyncGenerator[Piece, None]:
        whole = self.text if isinstance(self.text, str) else self.text(generation)
        words = whole.split(" ")
        said = len(generation.said.text.split(" ")) if generation.said else 0
        most = min(len(words), generation.max_tokens)
        for number in range(said, most):
            try:
                async with asyncio.timeout_at(deadline):
                    await asyncio.sleep(self._seconds)
            except TimeoutError:
                raise DeadlineExceeded("the language model did not answer in time") from None
            yield Piece(words[number] if number == 0 else f" {words[number]}", (number,))
        finish = Finish.STOP if most == len(words) else Finish.LENGTH
        calls = self.calls if generation.tools else ()
        prompt = len(await self.ids(generation, deadline=deadline))
        yield Piece(
            ending=Ending(finish, calls, prompt_tokens=prompt, answer_tokens=most, where=LOCAL)
        )

    async def ids(self, generation: Generation, *, deadline: float) -> tuple[int, ...]:
        """A token for each word of the messages."""
        said = " ".join([message.content for message in generation.messages] or [generation.prompt])
        return tuple(range(len(said.split())))

    async def hold(self, priority: Priority, seconds: float, *, deadline: float) -> None:
        self.holds.append((priority, seconds))

    async def pace(self, share: float, *, deadline: float) -> None:
        self.paces.append(share)

    async def prepare(self, head: Sequence[Message], *, deadline: float) -> None:
        if self.error is not None:
            raise self.error
        if deadline <= asyncio.get_running_loop().time():
            raise DeadlineExceeded("the language model had no time to prepare")
        self.prepared.append(tuple(head))

    async def anticipate(self, generation: Generation, *, deadline: float) -> None:
        await self.prepare((), deadline=deadline)
        self.prepared.pop()
        self.anticipated.append(generation)
