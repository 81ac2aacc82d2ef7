"""The board's heat, from recorded trees of /sys."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.backends.board.heat import SysfsBoard
from laresd.types import Reading

PI = {
    "class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "class/thermal/thermal_zone0/temp": "61345\n",
    "devices/platform/soc/soc:firmware/get_throttled": "50005\n",
}
N100 = {
    "class/thermal/thermal_zone0/type": "acpitz\n",
    "class/thermal/thermal_zone0/temp": "27800\n",
    "class/thermal/thermal_zone1/type": "x86_pkg_temp\n",
    "class/thermal/thermal_zone1/temp": "48000\n",
    "class/thermal/thermal_zone2/type": "iwlwifi_1\n",
    "class/thermal/thermal_zone2/temp": "90000\n",
}


def tree(folder: Path, files: dict[str, str]) -> SysfsBoard:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return SysfsBoard(folder)


async def test_a_raspberry_pi_tells_its_temperature_and_its_flags(tmp_path: Path) -> None:
    assert await tree(tmp_path, PI).reading() == Reading(61.345, 0x50005)


async def test_of_several_zones_the_cpus_counts(tmp_path: Path) -> None:
    assert await tree(tmp_path, N100).reading() == Reading(48.0, 0)


async def test_without_sensors_there_is_no_temperature(tmp_path: Path) -> None:
    assert await tree(tmp_path, {}).reading() == Reading()


@pytest.mark.parametrize("text", ["", "hot", "-273200", "999999999"])
async def test_what_is_no_temperature_is_none(tmp_path: Path, text: str) -> None:
    files = {**PI, "class/thermal/thermal_zone0/temp": text}
    assert (await tree(tmp_path, files).reading()).celsius is None


async def test_flags_that_are_no_number_are_none(tmp_path: Path) -> None:
    files = {**PI, "devices/platform/soc/soc:firmware/get_throttled": "?"}
    assert (await tree(tmp_path, files).reading()).throttled == 0


async def test_this_machines_own_tree_can_be_read() -> None:
    reading = await SysfsBoard().reading()
    assert reading.celsius is None or -40 < reading.celsius < 150
