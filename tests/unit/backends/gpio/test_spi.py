"""LED chips on a bus: what goes to the kernel, and a machine that has no such bus."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from laresd.backends.gpio.chips import APA102_HZ, WS2812_HZ, apa102, ws2812
from laresd.backends.gpio.spi import SpiRow
from laresd.errors import Permanent, Temporary

RED_GREEN = [(255, 0, 0), (0, 255, 0)]


class Kernel(ModuleType):
    """lgpio's part that is used here, over a bus that remembers."""

    class error(Exception):  # noqa: N801  # lgpio's name for it
        pass

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.opened: list[tuple[int, int, int, int]] = []
        self.written: list[bytes] = []
        self.closed: list[int] = []
        self.fault = ""

    def spi_open(self, bus: int, device: int, hertz: int, flags: int) -> int:
        self._fail()
        self.opened.append((bus, device, hertz, flags))
        return 7

    def spi_write(self, handle: int, data: bytes) -> None:
        self._fail()
        assert handle == 7 and not self.closed
        self.written.append(data)

    def spi_close(self, handle: int) -> None:
        self.closed.append(handle)

    def _fail(self) -> None:
        if self.fault:
            raise self.error(self.fault)


def row(kernel: Kernel, folder: Path) -> SpiRow:
    (folder / "spidev0.1").touch()
    return SpiRow(
        2, apa102, bus=0, device=1, hertz=APA102_HZ, library=lambda: kernel, devices=folder
    )


def test_a_frame_is_one_write_in_mode_0_at_the_speed_of_the_chip(tmp_path: Path) -> None:
    kernel = Kernel()
    row(kernel, tmp_path).show(RED_GREEN)
    assert kernel.opened == [(0, 1, APA102_HZ, 0)]
    assert kernel.written == [apa102(RED_GREEN)]


def test_a_row_that_is_closed_is_dark_and_stays_so(tmp_path: Path) -> None:
    kernel = Kernel()
    lamps = row(kernel, tmp_path)
    lamps.show(RED_GREEN)
    lamps.close()
    lamps.show(RED_GREEN)  # a frame that was still on its way
    lamps.close()
    assert kernel.written == [apa102(RED_GREEN), apa102([(0, 0, 0)] * 2)]
    assert kernel.closed == [7]


def test_a_bus_that_fails_says_so_and_can_still_be_closed(tmp_path: Path) -> None:
    kernel = Kernel()
    lamps = row(kernel, tmp_path)
    kernel.fault = "SPI xfer failed"
    with pytest.raises(Temporary, match=r"spidev0\.1 cannot be written to: SPI xfer failed"):
        lamps.show(RED_GREEN)
    lamps.close()
    assert kernel.closed == [7]


def test_a_bus_that_may_not_be_opened_is_told_with_how_to_have_it(tmp_path: Path) -> None:
    kernel = Kernel()
    kernel.fault = "no permission"
    with pytest.raises(Permanent, match="no permission") as caught:
        row(kernel, tmp_path)
    assert "group spi" in caught.value.remedy


def test_a_bus_that_there_is_not_is_told_with_how_to_have_it() -> None:
    with pytest.raises(Permanent, match=r"no /dev/spidev77\.3") as caught:
        SpiRow(3, apa102, bus=77, device=3, hertz=APA102_HZ)
    assert "dtparam=spi=on" in caught.value.remedy


def test_more_lamps_than_a_transfer_takes_are_refused() -> None:
    with pytest.raises(Permanent, match="500 lamps") as caught:
        SpiRow(500, ws2812, bus=77, device=0, hertz=WS2812_HZ)
    assert "lights.lamps" in caught.value.remedy
