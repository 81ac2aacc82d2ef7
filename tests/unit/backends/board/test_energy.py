"""RAPL's counters, on trees as Linux' Documentation/power/powercap/powercap.rst shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.backends.board.energy import RaplMeter


def zone(sysfs: Path, name: str, microjoules: int, largest: int = 262_143_328_850) -> None:
    folder = sysfs / "class/powercap" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text(f"{largest}\n")


async def test_a_machine_without_counters_tells_nothing(tmp_path: Path) -> None:
    assert await RaplMeter(tmp_path).joules() is None


async def test_it_adds_up_what_all_packages_used_since_the_first_look(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 5_000_000)
    zone(tmp_path, "intel-rapl:1", 7_000_000)
    zone(tmp_path, "intel-rapl:0:0", 1_000_000)  # a part of package 0: not counted twice
    meter = RaplMeter(tmp_path)
    assert await meter.joules() == 0.0
    zone(tmp_path, "intel-rapl:0", 6_500_000)
    zone(tmp_path, "intel-rapl:1", 9_000_000)
    zone(tmp_path, "intel-rapl:0:0", 2_000_000)
    assert await meter.joules() == pytest.approx(3.5)
    assert await meter.joules() == pytest.approx(3.5)


async def test_a_counter_that_came_round_loses_nothing(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 9_000_000, largest=10_000_000)
    meter = RaplMeter(tmp_path)
    await meter.joules()
    zone(tmp_path, "intel-rapl:0", 500_000, largest=10_000_000)
    assert await meter.joules() == pytest.approx(1.5)


async def test_a_counter_that_may_not_be_read_is_none(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 1)
    counter = tmp_path / "class/powercap/intel-rapl:0/energy_uj"
    counter.unlink()
    counter.mkdir()  # reading fails, for root as well
    assert await RaplMeter(tmp_path).joules() is None
