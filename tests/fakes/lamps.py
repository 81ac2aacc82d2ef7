"""A row of lamps that remembers what it was set to, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from laresd.errors import LaresError

Colour = tuple[int, int, int]


class FakeRow:
    """`failure` is raised by the next write."""

    def __init__(self, lamps: int = 3, *, now: Callable[[], float] = lambda: 0.0) -> None:
        self.lamps = lamps
        self.written: list[tuple[float, tuple[Colour, ...]]] = []
        self.closed = False
        self.failure: LaresError | None = None
        self._now = now

    @property
    def colours(self) -> tuple[Colour, ...]:
        """Those that it has now."""
        return self.written[-1][1]

    def show(self, colours: Sequence[Colour]) -> None:
        if self.failure is not None:
            raise self.failure
        assert not self.closed
        self.written.append((self._now(), tuple(colours)))

    def close(self) -> None:
        self.closed = True
