"""An assistant that knows some sentences and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from laresd.turns import Wholeness
from laresd.types import Reply, ReplyKind, Request


class FakeAssistant:
    """Answers after `seconds` on the loop's clock; "hang" as a reply never comes.

    `streamed`: replies by text that are generated, a sentence every `seconds`; None among the
    sentences: there the model hangs. `wholes`: what of a text is known; all else is UNSURE.
    """

    def __init__(
        self,
        replies: Mapping[str, str],
        *,
        seconds: float = 0.05,
        streamed: Mapping[str, Sequence[str | None]] | None = None,
        wholes: Mapping[str, Wholeness] | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self.anticipated: list[str] = []  # texts
        self.given_up: list[str] = []  # of those: what was cancelled before it was ready
        self._replies = replies
        self._seconds = seconds
        self._streamed = streamed or {}
        self._wholes = wholes or {}

    async def anticipate(self, request: Request) -> None:
        """Takes as long as an answer."""
        self.anticipated.append(request.text)
        try:
            await asyncio.sleep(self._seconds)
        except asyncio.CancelledError:
            self.given_up.append(request.text)
            raise

    async def wholeness(self, request: Request) -> Wholeness:
        return self._wholes.get(request.text, Wholeness.UNSURE)

    async def answer(
        self, request: Request, on_sentence: Callable[[str], None] | None = None
    ) -> Reply:
        self.requests.append(request)
        if request.text in self._streamed:
            return await self._generated(request, on_sentence)
        text = self._replies.get(request.text, "")
        if text == "hang":
            await asyncio.Event().wait()
        await asyncio.sleep(self._seconds)
        kind = ReplyKind.DONE if text else ReplyKind.NOT_UNDERSTOOD
        return Reply(request.id, kind, text or "I did not understand that.", "grammar")

    async def _generated(
        self, request: Request, on_sentence: Callable[[str], None] | None
    ) -> Reply:
        said: list[str] = []
        for sentence in self._streamed[request.text]:
            await asyncio.sleep(self._seconds)
            if sentence is None:
                await asyncio.Event().wait()
                continue
            said.append(sentence)
            if on_sentence is not None:
                on_sentence(sentence)
        return Reply(request.id, ReplyKind.ANSWER, " ".join(said), "llm")
