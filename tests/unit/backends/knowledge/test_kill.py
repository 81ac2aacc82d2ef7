"""A power cut at any moment loses nothing that was acknowledged, and doubles nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.killed_library import Killed


@pytest.mark.slow
@pytest.mark.parametrize("many", [700, 10**9])
async def test_a_killed_writer_leaves_a_whole_library(tmp_path: Path, many: int) -> None:
    """With the approximate index and without; `make bench-kb ONLY=kills` does it 200 times."""
    library = Killed(tmp_path / "library.db", many)
    for seed in range(6):
        await library.kill_once(seed)
    assert library.faults == []
    assert library.changes > 0
