"""Someone who asked the LLM engine's loop for an answer, and notes what it is told."""

from __future__ import annotations

from collections.abc import Sequence

from laresd.engines.llm.sequence import Counts
from laresd.errors import LaresError
from laresd.generation import Finish


class FakeWatcher:
    """`ends`: everything that was told as the end; exactly one is right."""

    def __init__(self) -> None:
        self.cancelled = False
        self.said = ""
        self.tokens: list[int] = []
        self.lives = 0
        self.ends: list[Finish | LaresError] = []
        self.counts = Counts()
        self.source = ""

    def text(self, piece: str, tokens: Sequence[int]) -> None:
        assert piece and not self.ends, "an empty piece, or one after the end"
        self.said += piece
        self.tokens += tokens

    def alive(self) -> None:
        assert not self.ends, "a sign of life after the end"
        self.lives += 1

    def finished(self, why: Finish, counts: Counts, source: str) -> None:
        self.ends.append(why)
        self.counts, self.source = counts, source

    def failed(self, error: LaresError) -> None:
        self.ends.append(error)

    @property
    def finish(self) -> Finish:
        """Why it ended. Raises the error with which it failed."""
        (end,) = self.ends
        if isinstance(end, LaresError):
            raise end
        return end
