"""What the doctor says of the recorded boards."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.backends.board.kind import recognise
from laresd.backends.board.wear import Medium, Reserve, Storage
from laresd.backends.checks import machine
from laresd.backends.checks.finding import Finding, Verdict
from tests.fakes.boards import FakeFirmware, laid_out

OK, WARN = Verdict.OK, Verdict.WARN


def examined(board: str, root: Path, vcgencmd: FakeFirmware | None = None) -> dict[str, Finding]:
    laid_out(board, root)
    firmware = vcgencmd.firmware() if vcgencmd else None
    found = list(machine.hardware(root, root, lambda: firmware))
    assert all(bool(one.remedy) is (one.verdict is not OK) for one in found)
    return {one.check: one for one in found}


def test_a_pi_5_tells_its_watts(tmp_path: Path) -> None:
    vcgencmd = laid_out("pi-5", tmp_path / "other").vcgencmd
    found = examined("pi-5", tmp_path, vcgencmd)
    assert found["board"].text == "Raspberry Pi 5 Model B Rev 1.0 (pi-5)"
    assert "W now" in found["energy"].text
    assert found["memory"].verdict is OK


def test_a_pi_5_without_the_command_is_told_how_to_get_it(tmp_path: Path) -> None:
    found = examined("pi-5", tmp_path)
    assert (found["energy"].verdict, "video" in found["energy"].remedy) == (WARN, True)
    assert "power" not in found  # the kernel tells of throttling


def test_a_pi_that_nobody_can_ask_for_its_voltage(tmp_path: Path) -> None:
    laid_out("pi-4", tmp_path)
    (tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    found = list(machine.firmware_answers(recognise(tmp_path), tmp_path, None))
    assert [(one.check, one.verdict) for one in found] == [("power", WARN)]


def test_where_the_kernel_is_silent_the_firmware_tells_of_the_voltage(tmp_path: Path) -> None:
    board = laid_out("pi-4", tmp_path)
    (tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    firmware = board.vcgencmd.firmware()
    (found,) = machine.firmware_answers(recognise(tmp_path), tmp_path, firmware)
    assert (found.verdict, "under-voltage, throttled right now" in found.text) == (WARN, True)


def test_a_kernel_that_does_not_tell_of_pressure(tmp_path: Path) -> None:
    found = examined("pi-4", tmp_path)
    assert (found["memory"].verdict, "psi=1" in found["memory"].remedy) == (WARN, True)


def test_a_box_that_is_short_of_memory_and_measures_its_energy(tmp_path: Path) -> None:
    found = examined("n100", tmp_path)
    assert (found["memory"].verdict, "24 %" in found["memory"].text) == (WARN, True)
    assert found["energy"].text == "measured by the CPU's counter (RAPL)"


def test_a_counter_that_may_not_be_read(tmp_path: Path) -> None:
    laid_out("n100", tmp_path)
    for zone in ("intel-rapl:0", "intel-rapl:0:0"):
        counter = tmp_path / "sys/class/powercap" / zone / "energy_uj"
        counter.unlink()
        counter.mkdir()  # reading fails, for root as well
    (found,) = machine.energy(recognise(tmp_path), tmp_path)
    assert found.verdict is WARN


@pytest.mark.parametrize(
    ("storage", "verdict"),
    [
        (Storage(Medium.EMMC, "DA4128", 50, Reserve.NORMAL), OK),
        (Storage(Medium.EMMC, "DA4128", 90, Reserve.NORMAL), WARN),
        (Storage(Medium.EMMC, "DA4128", 20, Reserve.URGENT), WARN),
        (Storage(Medium.SD, "SC32G"), OK),
        (Storage(Medium.NVME, "EXAMPLE"), OK),
    ],
)
def test_the_wear_of_the_storage(storage: Storage, verdict: Verdict) -> None:
    (found,) = machine.wear(storage)
    assert found.verdict is verdict


def test_storage_that_tells_nothing_is_not_spoken_of() -> None:
    assert list(machine.wear(Storage(Medium.OTHER))) == []
    assert list(machine.wear(Storage(Medium.EMMC, "DA4128"))) == []


def test_this_machine_can_be_examined(tmp_path: Path) -> None:
    assert all(one.text for one in machine.hardware(tmp_path, Path("/")))
