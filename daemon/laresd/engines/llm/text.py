"""Pieces of tokens to text: whole characters only, and nothing of a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class TextStream:
    """Text as it may be shown. `stopped` once one of the stop strings has been met: the one that
    is complete first, however the text is cut into pieces.
    """

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self._stop = tuple(text for text in stop if text)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""  # it may be the beginning of a stop string
        self.stopped = False

    def feed(self, piece: bytes) -> str:
        """What is certain now."""
        return self._release(self._decoder.decode(piece))

    def end(self) -> str:
        """What was held back: no more follows."""
        rest = self._release(self._decoder.decode(b"", final=True)) + self._held
        self._held = ""
        return rest

    def _release(self, text: str) -> str:
        if self.stopped:
            return ""
        self._held += text
        found = [(self._held.find(stop), stop) for stop in self._stop if stop in self._held]
        if found:
            self.stopped = True
            start, _ = min(found, key=lambda f: (f[0] + len(f[1]), f[0]))  # complete first
            shown, self._held = self._held[:start], ""
            return shown
        keep = max((_overlap(self._held, stop) for stop in self._stop), default=0)
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown


def _overlap(text: str, stop: str) -> int:
    """How much of the text's end is a beginning of `stop`."""
    return next(
        (n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0
    )
