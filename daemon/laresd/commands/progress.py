"""Steps of something long, on standard error: one line that changes, or a line each in a log."""

from __future__ import annotations

import shutil
import sys
from types import TracebackType
from typing import Self

BAR = 24  # characters


class Steps:
    """Entered, it shows what it is `told`; left, the line is finished."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._is_terminal = sys.stderr.isatty()
        self._last = ""
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def told(self, step: str, part: float | None) -> None:
        """`part`: 0 to 1; None where it is not known."""
        if self._quiet:
            return
        if not self._is_terminal:
            what = step.partition(" ")[0]
            if what != self._last:
                print(step if step == what else f"{what} ...", file=sys.stderr, flush=True)
            self._last = what
            return
        width = shutil.get_terminal_size().columns - 1
        text = step if part is None else f"{step} {bar(part)} {part:4.0%}"
        print(f"\r\x1b[K{text[:width]}", end="", file=sys.stderr, flush=True)
        self._shown = True

    def end(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False


def bar(part: float) -> str:
    full = round(min(max(part, 0.0), 1.0) * BAR)
    return "[" + "#" * full + "-" * (BAR - full) + "]"
