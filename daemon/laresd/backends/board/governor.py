"""The processor's clock: as fast as it goes while a turn runs, and as it was after it.

Source: Linux' Documentation/admin-guide/pm/cpufreq.rst: `scaling_governor` of each policy, and what
there is to choose from. Root writes it, or whom the operator lets (firmware-notes/boards/power.md).
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from laresd.backends.board.tree import text

log = logging.getLogger(__name__)

FAST = "performance"


class Governor:
    """`fast` and `back` are awaited one after the other."""

    def __init__(self, sysfs: Path = Path("/sys")) -> None:
        self._cpus = sysfs / "devices/system/cpu"
        self._before: dict[Path, str] = {}

    async def fast(self) -> bool:
        """False where it may not be set; then nothing is changed."""
        return await asyncio.to_thread(self._raise)

    async def back(self) -> None:
        """As it was before `fast`; what somebody else has set since then is left alone."""
        await asyncio.to_thread(self._restore)

    def _raise(self) -> bool:
        for file in self._files():
            if file in self._before or text(file) == FAST:
                continue
            if FAST not in text(file.with_name("scaling_available_governors")).split():
                continue
            before = text(file)
            if not _write(file, FAST):
                self._restore()
                return False
            self._before[file] = before
        return True

    def _restore(self) -> None:
        for file, before in self._before.items():
            if text(file) == FAST:
                _write(file, before)
        self._before.clear()

    def _files(self) -> list[Path]:
        return sorted(self._cpus.glob("cpufreq/policy*/scaling_governor"))


def _write(file: Path, value: str) -> bool:
    try:
        file.write_text(value)
    except OSError as error:
        log.debug("%s cannot be set: %s", file, error.strerror)
        return False
    return True
