"""A bus of LED chips where there is none."""

from __future__ import annotations

import pytest

from laresd.backends.gpio.chips import WS2812_HZ, apa102, ws2812
from laresd.backends.gpio.spi import SpiRow
from laresd.errors import Permanent


def test_a_bus_that_there_is_not_is_told_with_how_to_have_it() -> None:
    with pytest.raises(Permanent, match=r"no /dev/spidev77\.3") as caught:
        SpiRow(3, apa102, bus=77, device=3, hertz=1_000_000)
    assert "dtparam=spi=on" in caught.value.remedy


def test_more_lamps_than_a_transfer_takes_are_refused() -> None:
    with pytest.raises(Permanent, match="500 lamps") as caught:
        SpiRow(500, ws2812, bus=77, device=0, hertz=WS2812_HZ)
    assert "lights.lamps" in caught.value.remedy
