"""What LED chips take over SPI: bytes for a row of colours. Pure.

Sources: the data sheets of the APA102 (Shiji Lighting, APA102-C) and of the WS2812B (Worldsemi,
WS2812B V5), by their tables of timing and data format.
"""

from __future__ import annotations

from collections.abc import Sequence

Colour = tuple[int, int, int]  # red, green, blue, each 0 to 255

APA102_HZ = 4_000_000
WS2812_HZ = 2_400_000
_RESET_BYTES = 90  # 300 us of low level at WS2812_HZ; the chip latches after 280


def apa102(colours: Sequence[Colour]) -> bytes:
    """32 zero bits, for each LED 0xFF (111 and the full current) and blue, green, red, and an end.

    The end is only clock: each LED hands the data on half a clock late, so the last one needs as
    many more halves as there are LEDs. The data sheet sends ones there, which a longer row than
    was configured would show as white; zeros clock as well.
    """
    row = b"".join(bytes((0xFF, blue, green, red)) for red, green, blue in colours)
    return bytes(4) + row + bytes(4 + (len(colours) + 15) // 16)


def ws2812(colours: Sequence[Colour]) -> bytes:
    """Green, red and blue of each LED, highest bit first, each bit as three at WS2812_HZ: 110 is
    0.83 us high and 0.42 us low (a one), 100 the other way round (a zero). Low before and after,
    for long enough that the LEDs take it.
    """
    row = b"".join(_TRIPLED[part] for red, green, blue in colours for part in (green, red, blue))
    return bytes(_RESET_BYTES) + row + bytes(_RESET_BYTES)


def _tripled(byte: int) -> bytes:
    bits = "".join("110" if byte >> bit & 1 else "100" for bit in range(7, -1, -1))
    return int(bits, 2).to_bytes(3, "big")


_TRIPLED = tuple(map(_tripled, range(256)))
