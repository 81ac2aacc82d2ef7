"""How warm the CPU is, and whether the firmware holds it back: from sysfs, else from the firmware.

Sources: Linux' Documentation/driver-api/thermal/sysfs-api.rst (thermal zones, in thousandths of a
degree); the Raspberry Pi's firmware driver (drivers/firmware/raspberrypi.c in its kernel), whose
`get_throttled` is what `vcgencmd get_throttled` prints, in hexadecimal digits; Linux'
drivers/hwmon/raspberrypi-hwmon.c, whose alarm says that the voltage was too low within the last two
seconds. That driver clears bit 16 of `get_throttled` each time it looks.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from laresd.backends.board.firmware import Firmware
from laresd.backends.board.tree import number, text
from laresd.types import Reading

CPU_ZONES = ("cpu-thermal", "cpu_thermal", "x86_pkg_temp", "soc-thermal", "soc_thermal", "k10temp")
_ZONES = "class/thermal"
_FLAGS = "devices/platform/soc*/soc*:firmware/get_throttled"  # soc on a Pi 4, soc@107c000000 on a 5
_VOLTAGE_DRIVER = "rpi_volt"
_UNDER_VOLTAGE = 1
_SANE_C = (-40.0, 150.0)


class SysfsBoard:
    """Port Board. `sysfs`: where the kernel's tree is mounted; `firmware` is asked for the flags
    where the kernel does not tell them.
    """

    def __init__(self, sysfs: Path = Path("/sys"), firmware: Firmware | None = None) -> None:
        self._sysfs, self._firmware = sysfs, firmware

    async def reading(self) -> Reading:
        celsius, flags = await asyncio.to_thread(self._read)
        return Reading(celsius, await self._flags(flags) or 0)

    async def tells_throttling(self) -> bool:
        """Whether it has the flags of `Reading.throttled` at all."""
        return await self._flags((await asyncio.to_thread(self._read))[1]) is not None

    async def _flags(self, flags: int | None) -> int | None:
        """All of them where the firmware says so; the alarm of the voltage alone is the last."""
        if flags is None and self._firmware is not None:
            flags = await self._firmware.throttled()
        return await asyncio.to_thread(self._alarm) if flags is None else flags

    def _read(self) -> tuple[float | None, int | None]:
        return self._celsius(), self._throttled()

    def _celsius(self) -> float | None:
        """Of the zones that are called the CPU's, else of those of ACPI: the warmest."""
        zones = sorted((self._sysfs / _ZONES).glob("thermal_zone*"))
        warmth = {zone: _degrees(zone / "temp") for zone in zones}
        cpu = [warmth[zone] for zone in zones if text(zone / "type") in CPU_ZONES]
        generic = [warmth[zone] for zone in zones if text(zone / "type").startswith("acpi")]
        found = [c for c in cpu if c is not None] or [c for c in generic if c is not None]
        return max(found, default=None)

    def _throttled(self) -> int | None:
        for file in sorted(self._sysfs.glob(_FLAGS)):
            if told := text(file):
                try:
                    return int(told, 16)
                except ValueError:
                    continue
        return None

    def _alarm(self) -> int | None:
        for chip in sorted((self._sysfs / "class/hwmon").glob("hwmon*")):
            if text(chip / "name") == _VOLTAGE_DRIVER:
                alarm = number(chip / "in0_lcrit_alarm")
                return None if alarm is None else _UNDER_VOLTAGE * bool(alarm)
        return None


def _degrees(path: Path) -> float | None:
    thousandths = number(path)
    if thousandths is None:
        return None
    celsius = thousandths / 1000
    return celsius if _SANE_C[0] < celsius < _SANE_C[1] else None
