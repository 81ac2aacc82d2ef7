"""A synthesizer that speaks in levels and remembers what it said."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

from laresd.errors import LaresError
from tests.fakes.audio import speech

LONG = 60  # characters


class FakeSynthesizer:
    """`spoken` has every sentence in order. `failures` are raised first, one for each call."""

    def __init__(self, *, ms_per_letter: float = 50) -> None:
        self.spoken: list[str] = []
        self.failures: list[LaresError] = []
        self._ms_per_letter = ms_per_letter

    async def synthesize(self, text: str, *, language: str, deadline: float) -> bytes:
        if self.failures:
            raise self.failures.pop(0)
        self.spoken.append(text)
        return speech(len(text) * self._ms_per_letter)

    async def stream(
        self, text: str, *, language: str, timeout_s: float
    ) -> AsyncGenerator[bytes, None]:
        """A long sentence clause by clause."""
        clauses = re.findall(r"[^,.]+[,.]?", text) if len(text) > LONG else [text]
        for clause in clauses:
            yield await self.synthesize(clause.strip(), language=language, deadline=timeout_s)
