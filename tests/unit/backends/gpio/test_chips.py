"""What goes over the wire to LED chips, bit for bit by their data sheets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.gpio.chips import WS2812_HZ, Colour, apa102, ws2812

rows = st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=200)


def test_an_apa102_gets_a_start_of_zeros_and_blue_green_red_behind_three_ones() -> None:
    """APA102-C, "Data format": start frame 32 x 0; LED frame 111, 5 bits of current, B, G, R."""
    data = apa102([(1, 2, 3), (255, 128, 0)])
    assert data[:4] == bytes(4)
    assert data[4:12] == bytes([0xFF, 3, 2, 1, 0xFF, 0, 128, 255])


@given(rows)
def test_an_apa102_row_is_clocked_to_its_end_and_lights_nothing_beyond_it(
    row: list[Colour],
) -> None:
    """Each LED is half a clock late, so the last needs half as many bits more as there are LEDs;
    the data sheet's own end has 32. No LED frame begins in it: that would need three ones.
    """
    end = apa102(row)[4 + 4 * len(row) :]
    assert 8 * len(end) >= 32 + len(row) / 2
    assert not any(end)


def high_and_low(data: bytes) -> list[tuple[float, float]]:
    """The pulses on the wire: microseconds high, then low."""
    bits = "".join(f"{byte:08b}" for byte in data).lstrip("0")
    pulses: list[tuple[float, float]] = []
    while bits:
        rest = bits.lstrip("1")
        after = rest.lstrip("0")
        high, low = len(bits) - len(rest), len(rest) - len(after)
        pulses.append((high * 1e6 / WS2812_HZ, low * 1e6 / WS2812_HZ))
        bits = after
    return pulses


def test_a_ws2812_gets_green_red_blue_highest_bit_first_in_pulses_of_the_right_length() -> None:
    """WS2812B, "Data transfer time": T0H 0.4, T0L 0.85, T1H 0.8, T1L 0.45 us, each +-150 ns."""
    pulses = high_and_low(ws2812([(0b10000001, 0b11000000, 0b00000011)]))
    told = ""
    for high, low in pulses[:-1]:
        one = high == pytest.approx(0.8, abs=0.15)
        assert high == pytest.approx(0.8 if one else 0.4, abs=0.15)
        assert low == pytest.approx(0.45 if one else 0.85, abs=0.15)
        told += "1" if one else "0"
    told += "1" if pulses[-1][0] == pytest.approx(0.8, abs=0.15) else "0"
    assert told == "110000001000000100000011"


@given(rows)
def test_a_ws2812_row_has_low_level_around_it_for_longer_than_280_us(row: list[Colour]) -> None:
    data = ws2812(row)
    body = data.strip(b"\0")
    before, after = data.index(body), len(data) - data.index(body) - len(body)
    assert min(before, after) * 8 * 1e6 / WS2812_HZ > 280
    assert len(data) - 180 == 9 * len(row)
