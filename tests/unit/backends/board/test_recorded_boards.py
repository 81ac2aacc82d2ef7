"""What each recorded board tells of itself, and what this machine does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from laresd.backends.board.heat import SysfsBoard
from laresd.backends.board.kind import Kind, Model, recognise
from laresd.backends.board.pressure import SystemPressure
from laresd.backends.board.wear import Medium, Reserve, Storage, storage
from laresd.types import Reading, Stall
from tests.fakes.boards import BOARDS, laid_out


@pytest.mark.parametrize(
    ("board", "kind", "name"),
    [
        ("pi-4", Kind.PI_4, "Raspberry Pi 4 Model B Rev 1.4"),
        ("pi-5", Kind.PI_5, "Raspberry Pi 5 Model B Rev 1.0"),
        ("n100", Kind.N100, "EXAMPLE MINI N1 (Intel(R) N100)"),
    ],
)
def test_a_board_is_recognised(board: str, kind: Kind, name: str, tmp_path: Path) -> None:
    assert recognise(laid_out(board, tmp_path).root) == Model(kind, name)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("Raspberry Pi Compute Module 5 Rev 1.0", Kind.CM5),
        ("Raspberry Pi Compute Module 4 Rev 1.1", Kind.PI_4),
        ("Raspberry Pi 500 Rev 1.0", Kind.PI_5),
        ("Raspberry Pi Zero 2 W Rev 1.0", Kind.ZERO_2W),
        ("Raspberry Pi 3 Model B Plus Rev 1.3", Kind.OTHER_PI),
        ("Radxa ROCK 5B", Kind.UNKNOWN),
    ],
)
def test_a_device_tree_names_it(told: str, kind: Kind, tmp_path: Path) -> None:
    board = laid_out("pi-5", tmp_path)
    board.write("proc/device-tree/model", told + "\0")
    assert recognise(tmp_path) == Model(kind, told)
    assert recognise(tmp_path).measures_watts is (kind in (Kind.PI_5, Kind.CM5))


def test_a_machine_that_says_nothing_is_unknown(tmp_path: Path) -> None:
    assert recognise(tmp_path) == Model(Kind.UNKNOWN, "")


def test_a_number_within_a_name_is_no_n100(tmp_path: Path) -> None:
    board = laid_out("n100", tmp_path)
    board.write("proc/cpuinfo", "model name\t: Intel(R) Core(TM) N100-like\n")
    assert recognise(tmp_path).kind is Kind.PC


@pytest.mark.parametrize(
    ("board", "reading"),
    [
        ("pi-4", Reading(61.345, 0x50005)),
        ("pi-5", Reading(47.4, 0)),
        ("n100", Reading(48.0, 0)),
    ],
)
async def test_its_heat_and_flags_are_read(board: str, reading: Reading, tmp_path: Path) -> None:
    laid = laid_out(board, tmp_path)
    assert await SysfsBoard(laid.sysfs).reading() == reading
    assert laid.vcgencmd.asked == []  # the kernel told: no process was started


@pytest.mark.parametrize(("board", "tells"), [("pi-4", True), ("pi-5", True), ("n100", False)])
async def test_whether_it_tells_of_throttling(board: str, tells: bool, tmp_path: Path) -> None:
    assert await SysfsBoard(laid_out(board, tmp_path).sysfs).tells_throttling() is tells


async def test_without_the_kernels_file_the_firmware_is_asked(tmp_path: Path) -> None:
    laid = laid_out("pi-4", tmp_path)
    (tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    board = SysfsBoard(laid.sysfs, laid.vcgencmd.firmware())
    assert (await board.reading()).throttled == 0x50005
    assert await board.tells_throttling()


async def test_without_both_the_voltage_sensor_has_the_last_word(tmp_path: Path) -> None:
    laid = laid_out("pi-4", tmp_path)
    (tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    assert (await SysfsBoard(laid.sysfs).reading()).throttled == 1
    laid.write("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n")
    assert (await SysfsBoard(laid.sysfs).reading()).throttled == 0
    assert await SysfsBoard(laid.sysfs).tells_throttling()


@pytest.mark.parametrize(
    ("board", "device", "told"),
    [
        ("pi-4", (179, 2), Storage(Medium.SD, "SC32G")),  # nothing of its wear
        ("pi-5", (259, 2), Storage(Medium.NVME, "EXAMPLE SSD 256GB")),
        ("n100", (179, 2), Storage(Medium.EMMC, "DA4128", 50, Reserve.NORMAL)),
        ("n100", (8, 1), Storage(Medium.OTHER)),
    ],
)
def test_its_storage_tells_how_worn_it_is(
    board: str, device: tuple[int, int], told: Storage, tmp_path: Path
) -> None:
    sysfs = laid_out(board, tmp_path).sysfs
    assert storage(tmp_path, sysfs, os.makedev(*device)) == told


@pytest.mark.parametrize(
    ("life", "reserve", "used", "known"),
    [
        ("0x0b 0x01", "0x02", 110, Reserve.WARNING),
        ("0x00 0x00", "0x00", None, Reserve.UNKNOWN),
        ("0x01 0x0a", "0x03", 100, Reserve.URGENT),
        ("worn", "", None, Reserve.UNKNOWN),
        ("0xff 0x02", "0x09", 20, Reserve.UNKNOWN),
    ],
)
def test_an_emmcs_estimates(
    life: str, reserve: str, used: int | None, known: Reserve, tmp_path: Path
) -> None:
    board = laid_out("n100", tmp_path)
    device = "sys/devices/mmc/block/mmcblk0/device"
    board.write(f"{device}/life_time", life + "\n")
    board.write(f"{device}/pre_eol_info", reserve + "\n")
    told = storage(tmp_path, board.sysfs, os.makedev(179, 2))
    assert (told.used, told.reserve) == (used, known)


def test_a_folder_that_is_not_there_lies_on_nothing_known(tmp_path: Path) -> None:
    assert storage(tmp_path / "absent") == Storage(Medium.OTHER)


async def test_its_pressure_is_read(tmp_path: Path) -> None:
    pressure = await SystemPressure(laid_out("n100", tmp_path).root / "proc").pressure()
    assert pressure.memory == Stall(23.51, 8.31)
    assert pressure.cpu == Stall(41.0, 0.0)
    assert pressure.io == Stall(30.12, 20.1)
    assert pressure.available == pytest.approx(0.0389, abs=1e-4)


async def test_a_kernel_without_pressure_still_tells_its_memory(tmp_path: Path) -> None:
    pressure = await SystemPressure(laid_out("pi-4", tmp_path).root / "proc").pressure()
    assert (pressure.memory, pressure.cpu, pressure.io) == (None, None, None)
    assert pressure.available == pytest.approx(0.25)


@pytest.mark.parametrize("board", BOARDS)
def test_every_recorded_board_is_recognised(board: str, tmp_path: Path) -> None:
    assert recognise(laid_out(board, tmp_path).root).kind == board


def test_this_machine_and_its_storage_can_be_asked() -> None:
    assert recognise().kind in Kind
    assert storage(Path("/")).medium in Medium


async def test_this_machines_own_pressure_can_be_read() -> None:
    pressure = await SystemPressure().pressure()
    assert pressure.available is not None
    assert 0.0 < pressure.available <= 1.0
    for stall in (pressure.memory, pressure.cpu, pressure.io):
        assert stall is None or (0.0 <= stall.some <= 100.0 and 0.0 <= stall.full <= 100.0)
