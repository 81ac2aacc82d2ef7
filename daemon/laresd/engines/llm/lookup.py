"""Prompt lookup: text that repeats its input is guessed from the input, and verified in one batch.

A. Saxena, "Prompt Lookup Decoding" (2023): the last few tokens are searched in what came before,
and what followed them there is the draft. Under greedy decoding the result is the same, token for
token; what changes is how many tokens one batch yields.
"""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_MATCH, SHORTEST_MATCH = 4, 2  # tokens that must repeat before a draft is made
FIRST_DRAFT, LONGEST_DRAFT = 4, 16
PATIENCE = 3  # drafts in a row of which nothing was right; then it pauses
PAUSE = 32  # tokens


def draft(tokens: Sequence[int], length: int) -> list[int]:
    """Up to `length` tokens that followed the last earlier occurrence of the latest tokens."""
    if length <= 0:
        return []
    for size in range(LONGEST_MATCH, SHORTEST_MATCH - 1, -1):
        if len(tokens) <= size:
            continue
        found = _last_before_end(tokens, size)
        if found >= 0:
            return list(tokens[found + size : found + size + length])
    return []


def _last_before_end(tokens: Sequence[int], size: int) -> int:
    """Where the last `size` tokens occurred before; -1: nowhere."""
    tail, last = list(tokens[-size:]), tokens[-1]
    for start in range(len(tokens) - size - 1, -1, -1):
        if tokens[start + size - 1] == last and list(tokens[start : start + size]) == tail:
            return start
    return -1


class Lookup:
    """How long the next draft may be: longer after good ones, none for a while after bad ones."""

    def __init__(self) -> None:
        self._length = FIRST_DRAFT
        self._failures = 0
        self._pause = 0
        self.drafted = self.accepted = 0

    def next(self, tokens: Sequence[int], room: int) -> list[int]:
        """The draft after `tokens`, of at most `room` tokens."""
        if self._pause:
            self._pause -= 1
            return []
        return draft(tokens, min(self._length, room))

    def verified(self, drafted: int, right: int) -> None:
        """Learn from a draft of which the first `right` tokens were what the model says."""
        self.drafted += drafted
        self.accepted += right
        if right == drafted:
            self._length = min(LONGEST_DRAFT, 2 * self._length)
        else:
            self._length = max(FIRST_DRAFT, right + 1)
        self._failures = 0 if right else self._failures + 1
        if self._failures >= PATIENCE:
            self._failures, self._pause = 0, PAUSE
