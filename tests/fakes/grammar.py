"""A sentence grammar that knows two templates: "turn on [the] NAME" and "turn off [the] NAME"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from laresd.errors import LaresError
from laresd.types import Home, Recognition

_TEMPLATE = re.compile(r"turn (on|off) (?:the )?(.+?)[.!]?")
_INTENTS = {"on": "HassTurnOn", "off": "HassTurnOff"}
MAX_TEXT = 250


class FakeGrammar:
    """`error`, while it is set, is raised instead of an answer; `answers` come before templates."""

    def __init__(self, answers: dict[str, Sequence[Recognition]] | None = None) -> None:
        self.answers = answers or {}
        self.error: LaresError | None = None
        self.learned: list[Home] = []
        self._homes: dict[str, Home] = {}

    async def learn(self, home: Home, language: str) -> None:
        if self.error is not None:
            raise self.error
        self.learned.append(home)
        self._homes[language] = home

    async def recognize(
        self, text: str, *, language: str, area: str | None, deadline: float
    ) -> Sequence[Recognition]:
        if self.error is not None:
            raise self.error
        if text in self.answers:
            return self.answers[text]
        match = _TEMPLATE.fullmatch(text.strip().casefold())
        if match is None or len(text) > MAX_TEXT or language not in self._homes:
            return []
        return [
            Recognition(_INTENTS[match[1]], {"name": item.name, "entity_id": item.entity_id})
            for item in self._homes[language].entities.values()
            if match[2] in (name.casefold() for name in (item.name, *item.aliases))
        ]
