"""A writer that is killed at many random moments."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.bench.results import Row
from tests.fakes.killed_library import Killed

KILLS, FRESH = 200, 10  # and after how many kills a fresh library is begun
APPROXIMATE_FROM = 700  # vectors, in every other library


def kill_rows() -> list[Row]:
    faults, changes = asyncio.run(_killed())
    return [
        Row(
            "kb/kill_faults",
            len(faults),
            "0",
            "make bench-kb",
            note=f"{KILLS} kills -9 of a writer, {changes} changes acknowledged; lost, doubled or "
            "torn documents, indexes that are not as they should be, broken files"
            + (f": {faults[:3]}" if faults else ""),
        )
    ]


async def _killed() -> tuple[list[str], int]:
    faults: list[str] = []
    changes = 0
    for first in range(0, KILLS, FRESH):
        with tempfile.TemporaryDirectory() as folder:
            many = APPROXIMATE_FROM if first % (2 * FRESH) else 10**9
            library = Killed(Path(folder) / "library.db", many)
            for seed in range(first, first + FRESH):
                await library.kill_once(seed)
            faults += library.faults
            changes += library.changes
    return faults, changes
