"""Which board this is, by its own word.

Sources: the device tree's `model` (Devicetree Specification, 2.3.3; Raspberry Pi's
documentation/asciidoc/computers/raspberry-pi/revision-codes.adoc names the boards) and, where
there is none, DMI (Linux' Documentation/ABI/testing/sysfs-class-dmi or drivers/firmware/dmi-id.c).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from laresd.backends.board.tree import text


class Kind(StrEnum):
    PI_4 = "pi-4"
    PI_5 = "pi-5"
    CM5 = "cm5"
    ZERO_2W = "zero-2w"
    OTHER_PI = "raspberry-pi"
    N100 = "n100"  # a box with that processor, or its sisters
    PC = "pc"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Model:
    """`name` as the board calls itself; "" where it does not say."""

    kind: Kind
    name: str

    @property
    def is_pi(self) -> bool:
        return self.kind in _PIS

    @property
    def measures_watts(self) -> bool:
        """Whether its power chip has an ADC that the firmware tells of."""
        return self.kind in (Kind.PI_5, Kind.CM5)


_PIS = frozenset({Kind.PI_4, Kind.PI_5, Kind.CM5, Kind.ZERO_2W, Kind.OTHER_PI})
_BY_NAME = (  # the first that the model begins with
    ("raspberry pi 5", Kind.PI_5),
    ("raspberry pi 500", Kind.PI_5),
    ("raspberry pi compute module 5", Kind.CM5),
    ("raspberry pi 4", Kind.PI_4),
    ("raspberry pi 400", Kind.PI_4),
    ("raspberry pi compute module 4", Kind.PI_4),
    ("raspberry pi zero 2", Kind.ZERO_2W),
    ("raspberry pi", Kind.OTHER_PI),
)
_SMALL_INTEL = ("N95", "N97", "N100", "N150", "N200")  # Alder Lake-N and its successor


def recognise(root: Path = Path("/")) -> Model:
    """`root`: of the tree that has `proc` and `sys`. Blocks, briefly; raises nothing."""
    for place in ("proc/device-tree/model", "sys/firmware/devicetree/base/model"):
        if name := text(root / place):
            lower = name.lower()
            kinds = (kind for start, kind in _BY_NAME if lower.startswith(start))
            return Model(next(kinds, Kind.UNKNOWN), name)
    dmi = root / "sys/class/dmi/id"
    maker, product = text(dmi / "sys_vendor"), text(dmi / "product_name")
    if not (maker or product):
        return Model(Kind.UNKNOWN, "")
    processor = _processor(root)
    small = any(name in processor.split() for name in _SMALL_INTEL)
    told = f"{maker} {product}".strip()
    return Model(Kind.N100 if small else Kind.PC, f"{told} ({processor})" if processor else told)


def _processor(root: Path) -> str:
    """As /proc/cpuinfo names the first; "" where it does not."""
    for line in text(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return ""
