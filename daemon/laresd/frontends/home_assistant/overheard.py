"""The assistant, with somebody who is told of each reply, whoever asked."""

from __future__ import annotations

from collections.abc import Callable

from laresd.ports import Assistant
from laresd.turns import Wholeness
from laresd.types import Reply, Request


class Overheard:
    """Port Assistant over another one."""

    def __init__(self, assistant: Assistant, on_reply: Callable[[Request, Reply], None]) -> None:
        self._assistant = assistant
        self._on_reply = on_reply

    async def answer(
        self, request: Request, on_sentence: Callable[[str], None] | None = None
    ) -> Reply:
        reply = await self._assistant.answer(request, on_sentence)
        self._on_reply(request, reply)
        return reply

    async def anticipate(self, request: Request) -> None:
        await self._assistant.anticipate(request)

    async def wholeness(self, request: Request) -> Wholeness:
        return await self._assistant.wholeness(request)
