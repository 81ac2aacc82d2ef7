"""Killed at any moment, the ingest goes on where it was: nothing is lost, nothing twice there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.killed_ingest import assert_whole, killed_ingests


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 8])
async def test_killed_at_any_moment_it_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    done = killed_ingests(tmp_path, 6, seed)
    assert done.killed
    await assert_whole(done)
