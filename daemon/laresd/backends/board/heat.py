"""How warm the CPU is, and whether the firmware holds it back. From sysfs: no process is started.

Sources: Linux' Documentation/driver-api/thermal/sysfs-api.rst (thermal zones, in thousandths of a
degree); the Raspberry Pi's firmware driver (drivers/firmware/raspberrypi.c in its kernel), whose
`get_throttled` is what `vcgencmd get_throttled` prints, in hexadecimal digits.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from laresd.types import Reading

CPU_ZONES = ("cpu-thermal", "cpu_thermal", "x86_pkg_temp", "soc-thermal", "soc_thermal", "k10temp")
_ZONES = "class/thermal"
_FLAGS = ("devices/platform/soc/soc:firmware/get_throttled",)
_SANE_C = (-40.0, 150.0)


class SysfsBoard:
    """Port Board. `sysfs`: where the kernel's tree is mounted."""

    def __init__(self, sysfs: Path = Path("/sys")) -> None:
        self._sysfs = sysfs

    async def reading(self) -> Reading:
        return await asyncio.to_thread(self._read)

    async def tells_throttling(self) -> bool:
        """Whether the firmware has the flags of `Reading.throttled` at all."""
        return await asyncio.to_thread(lambda: any(_text(self._sysfs / file) for file in _FLAGS))

    def _read(self) -> Reading:
        return Reading(self._celsius(), self._throttled())

    def _celsius(self) -> float | None:
        """Of the zones that are called the CPU's, else of those of ACPI: the warmest."""
        zones = sorted((self._sysfs / _ZONES).glob("thermal_zone*"))
        warmth = {zone: _degrees(zone / "temp") for zone in zones}
        cpu = [warmth[zone] for zone in zones if _text(zone / "type") in CPU_ZONES]
        generic = [warmth[zone] for zone in zones if _text(zone / "type").startswith("acpi")]
        found = [c for c in cpu if c is not None] or [c for c in generic if c is not None]
        return max(found, default=None)

    def _throttled(self) -> int:
        for flags in _FLAGS:
            text = _text(self._sysfs / flags)
            if text:
                try:
                    return int(text, 16)
                except ValueError:
                    return 0
        return 0


def _text(path: Path) -> str:
    """ "" for what is not there or cannot be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _degrees(path: Path) -> float | None:
    try:
        celsius = int(_text(path)) / 1000
    except ValueError:
        return None
    return celsius if _SANE_C[0] < celsius < _SANE_C[1] else None
