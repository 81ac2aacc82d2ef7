"""What `vcgencmd` says, and how often it is asked."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from laresd.backends.board.energy import LONGEST_GAP_S, PmicMeter
from laresd.backends.board.firmware import (
    PMIC_OFFSET_W,
    PMIC_SLOPE,
    Firmware,
    flags_of,
    watts_of,
)
from tests.fakes.boards import FakeFirmware, laid_out

ONE_RAIL = "  VDD_CORE_A current(7)={amperes}A\n  VDD_CORE_V volt(15)=1.00000000V\n"


async def test_the_watts_of_a_pi_5_are_a_fit_over_its_rails(tmp_path: Path) -> None:
    firmware = laid_out("pi-5", tmp_path).vcgencmd.firmware()
    rails = (
        0.09 * 3.63 + 0.08 * 3.31 + 0.15 * 1.8 + 0.004 * 1.1 + 0.2 * 1.1 + 0.3 * 0.8
        + 1.1 * 0.75 + 0.0002 * 3.31 + 0.003 * 0.8 + 0.016 * 5.1
    )  # fmt: skip
    assert await firmware.watts() == pytest.approx(rails * PMIC_SLOPE + PMIC_OFFSET_W)


async def test_a_pi_4_has_no_such_sensor_and_is_asked_once(tmp_path: Path) -> None:
    vcgencmd = laid_out("pi-4", tmp_path).vcgencmd
    firmware = vcgencmd.firmware()
    assert await firmware.watts() is None
    vcgencmd.at += 10.0
    assert await firmware.watts() is None
    assert vcgencmd.asked == ["pmic_read_adc"]
    assert "not registered" in firmware.faults["pmic_read_adc"]
    assert await firmware.throttled() == 0x50005


async def test_it_is_asked_ten_times_a_second_at_most() -> None:
    vcgencmd = FakeFirmware({"get_throttled": "throttled=0x4\n"})
    firmware = vcgencmd.firmware()
    for _ in range(100):
        assert await firmware.throttled() == 4
        vcgencmd.at += 0.01
    assert len(vcgencmd.asked) <= 11


async def test_without_the_right_it_says_nothing_and_why() -> None:
    firmware = FakeFirmware({}).firmware()
    assert await firmware.throttled() is None
    assert "exit status 255" in firmware.faults["get_throttled"]


async def test_one_that_hangs_once_is_asked_again() -> None:
    late = True

    def run(command: Sequence[str]) -> str:
        if late:
            raise subprocess.TimeoutExpired(list(command), 2.0)
        return "throttled=0x1\n"

    firmware = Firmware(run, lambda: 0.0)
    assert await firmware.throttled() is None
    late = False
    assert await firmware.throttled() == 1


@pytest.mark.parametrize(
    ("text", "flags"),
    [("throttled=0x50005\n", 0x50005), ("throttled=0", 0), ("", None), ("throttled=?", None)],
)
def test_flags_are_hexadecimal(text: str, flags: int | None) -> None:
    assert flags_of(text) == flags


@pytest.mark.parametrize(
    "text", ["", "EXT5V_V volt(24)=5.09000000V\n", "VDD_CORE_A current(7)=1.0V\n"]
)
def test_a_voltage_alone_is_no_power(text: str) -> None:
    assert watts_of(text) is None


async def test_the_energy_is_added_up_between_looks() -> None:
    vcgencmd = FakeFirmware({"pmic_read_adc": ONE_RAIL.format(amperes=2.0)})
    meter = PmicMeter(vcgencmd.firmware(), lambda: vcgencmd.at)
    low, high = (amperes * PMIC_SLOPE + PMIC_OFFSET_W for amperes in (2.0, 4.0))
    assert await meter.joules() == 0.0
    vcgencmd.at += 10.0
    vcgencmd.answers = {"pmic_read_adc": ONE_RAIL.format(amperes=4.0)}
    assert await meter.joules() == pytest.approx((low + high) / 2 * 10.0)


async def test_what_nobody_looked_at_is_not_made_up() -> None:
    vcgencmd = FakeFirmware({"pmic_read_adc": ONE_RAIL.format(amperes=2.0)})
    meter = PmicMeter(vcgencmd.firmware(), lambda: vcgencmd.at)
    await meter.joules()
    vcgencmd.at += LONGEST_GAP_S + 1.0
    assert await meter.joules() == 0.0


async def test_without_a_sensor_there_is_no_energy() -> None:
    assert await PmicMeter(FakeFirmware({}).firmware(), lambda: 0.0).joules() is None
