"""An answer's text up to its stop strings, which hosts see differently and partly not at all."""

from __future__ import annotations

from collections.abc import Sequence


class Stops:
    """Text as it may be shown. `stopped` once one of the stop strings has been met: the one that
    is complete first, however the text is cut into pieces.
    """

    def __init__(self, stop: Sequence[str], held: str = "") -> None:
        """`held`: what comes before all that is fed."""
        self._stop = tuple(text for text in stop if text)
        self._held = held
        self.stopped = False

    def feed(self, text: str) -> str:
        """What is certain now."""
        if self.stopped:
            return ""
        self._held += text
        ends = [(self._held.find(stop) + len(stop), stop) for stop in self._stop]
        found = [(end, stop) for end, stop in ends if end >= len(stop)]
        if found:
            self.stopped = True
            end, stop = min(found, key=lambda one: (one[0], -len(one[1])))
            return self._show(end - len(stop))
        return self._show(len(self._held) - self._uncertain())

    def end(self) -> str:
        """What was held back: no more follows."""
        return "" if self.stopped else self._show(len(self._held))

    def _show(self, count: int) -> str:
        shown, self._held = self._held[:count], self._held[count:]
        return shown

    def _uncertain(self) -> int:
        """How many of the last characters may be the beginning of a stop string."""
        return max((_overlap(self._held, stop) for stop in self._stop), default=0)


def _overlap(text: str, stop: str) -> int:
    return next(
        (n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0
    )
