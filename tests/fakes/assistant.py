"""An assistant that knows some sentences and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from laresd.types import Reply, ReplyKind, Request


class FakeAssistant:
    """Answers after `seconds` on the loop's clock; "hang" as a reply never comes."""

    def __init__(self, replies: Mapping[str, str], *, seconds: float = 0.05) -> None:
        self.requests: list[Request] = []
        self.anticipated: list[str] = []  # texts
        self.given_up: list[str] = []  # of those: what was cancelled before it was ready
        self._replies = replies
        self._seconds = seconds

    async def anticipate(self, request: Request) -> None:
        """Takes as long as an answer."""
        self.anticipated.append(request.text)
        try:
            await asyncio.sleep(self._seconds)
        except asyncio.CancelledError:
            self.given_up.append(request.text)
            raise

    async def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        text = self._replies.get(request.text, "")
        if text == "hang":
            await asyncio.Event().wait()
        await asyncio.sleep(self._seconds)
        kind = ReplyKind.DONE if text else ReplyKind.NOT_UNDERSTOOD
        return Reply(request.id, kind, text or "I did not understand that.", "grammar")
