"""The clock is raised where it may be, and always set back."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.backends.board.governor import Governor
from tests.fakes.boards import laid_out

FILE = "sys/devices/system/cpu/cpufreq/policy0/scaling_governor"


async def test_it_is_raised_and_set_back(tmp_path: Path) -> None:
    board = laid_out("pi-5", tmp_path)
    governor = Governor(board.sysfs)
    assert await governor.fast()
    assert board.read(FILE) == "performance"
    assert await governor.fast()  # it is fast already
    await governor.back()
    assert board.read(FILE) == "ondemand"


async def test_what_somebody_else_has_set_since_is_left_alone(tmp_path: Path) -> None:
    board = laid_out("pi-5", tmp_path)
    governor = Governor(board.sysfs)
    await governor.fast()
    board.write(FILE, "powersave\n")
    await governor.back()
    assert board.read(FILE) == "powersave\n"


async def test_a_machine_that_is_always_fast_stays_so(tmp_path: Path) -> None:
    board = laid_out("n100", tmp_path)
    board.write(FILE, "performance\n")
    governor = Governor(board.sysfs)
    assert await governor.fast()
    await governor.back()
    assert board.read(FILE) == "performance\n"


async def test_where_it_may_not_be_set_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = laid_out("pi-4", tmp_path)

    def refuse(file: Path, data: str) -> int:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "write_text", refuse)
    governor = Governor(board.sysfs)
    assert not await governor.fast()
    await governor.back()
    assert board.read(FILE) == "ondemand\n"


async def test_without_a_clock_to_set_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert await Governor(tmp_path).fast()
