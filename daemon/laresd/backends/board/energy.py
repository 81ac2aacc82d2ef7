"""The energy that the CPU has used, by its own counters (RAPL). From sysfs: no process is started.

Source: Linux' Documentation/power/powercap/powercap.rst: each package is a zone
`intel-rapl:<n>` (AMD's, too), whose `energy_uj` counts microjoules up to `max_energy_range_uj` and
begins anew then. Only root may read it since CVE-2020-8694, unless the operator lets Lares.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

_ZONES = "class/powercap"
_PACKAGE = re.compile(r"intel-rapl:\d+")


class RaplMeter:
    """Joules since the first reading. A counter must be read before it comes round: some do in
    half an hour under full load.
    """

    def __init__(self, sysfs: Path = Path("/sys")) -> None:
        self._folder = sysfs / _ZONES
        self._last: dict[str, int] = {}
        self._joules = 0.0

    async def joules(self) -> float | None:
        """None: there is no counter, or it may not be read."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> float | None:
        found = False
        for zone in sorted(self._folder.glob("intel-rapl:*")):
            now = _number(zone / "energy_uj") if _PACKAGE.fullmatch(zone.name) else None
            if now is None:
                continue
            found = True
            before = self._last.get(zone.name, now)
            round_trip = (_number(zone / "max_energy_range_uj") or 0) if now < before else 0
            self._joules += max(now - before + round_trip, 0) / 1e6
            self._last[zone.name] = now
        return self._joules if found else None


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii", errors="replace"))
    except (OSError, ValueError):
        return None
