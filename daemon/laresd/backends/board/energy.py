"""The energy that is used, as the machine itself measures it.

Sources: Linux' Documentation/power/powercap/powercap.rst: each package is a zone
`intel-rapl:<n>` (AMD's, too), whose `energy_uj` counts microjoules up to `max_energy_range_uj` and
begins anew then. Only root may read it since CVE-2020-8694, unless the operator lets Lares.
A Raspberry Pi 5 has no counter: its watts are added up between the looks at them (firmware.py).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

from laresd.backends.board.firmware import Firmware
from laresd.backends.board.tree import number

_ZONES = "class/powercap"
_PACKAGE = re.compile(r"intel-rapl:\d+")
LONGEST_GAP_S = 60.0  # between two looks at watts; what was used in a longer one is not known


class RaplMeter:
    """Port Meter, of the CPU alone. A counter must be read before it comes round: some do in half
    an hour under full load.
    """

    def __init__(self, sysfs: Path = Path("/sys")) -> None:
        self._folder = sysfs / _ZONES
        self._last: dict[str, int] = {}
        self._joules = 0.0

    async def joules(self) -> float | None:
        return await asyncio.to_thread(self._read)

    def _read(self) -> float | None:
        found = False
        for zone in sorted(self._folder.glob("intel-rapl:*")):
            now = number(zone / "energy_uj") if _PACKAGE.fullmatch(zone.name) else None
            if now is None:
                continue
            found = True
            before = self._last.get(zone.name, now)
            round_trip = (number(zone / "max_energy_range_uj") or 0) if now < before else 0
            self._joules += max(now - before + round_trip, 0) / 1e6
            self._last[zone.name] = now
        return self._joules if found else None


class PmicMeter:
    """Port Meter, of a whole Raspberry Pi 5: what it takes, added up by the trapezoid between two
    looks. `now`: monotonic seconds.
    """

    def __init__(self, firmware: Firmware, now: Callable[[], float]) -> None:
        self._firmware, self._now = firmware, now
        self._last: tuple[float, float] | None = None
        self._joules = 0.0

    async def joules(self) -> float | None:
        watts = await self._firmware.watts()
        if watts is None:
            return self._joules if self._last is not None else None
        now = self._now()
        if self._last is not None and now - self._last[0] <= LONGEST_GAP_S:
            self._joules += (watts + self._last[1]) / 2 * (now - self._last[0])
        self._last = (now, watts)
        return self._joules
