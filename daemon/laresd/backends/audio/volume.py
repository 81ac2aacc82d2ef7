"""How loud the box's own voice is, as it was set last: it is so after a restart, too."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path

from laresd.backends.audio.loudspeaker import Loudspeaker
from laresd.backends.whole_file import write_whole
from laresd.errors import Refused, Temporary

log = logging.getLogger(__name__)


class KeptVolume:
    """Port Volume of a loudspeaker, which has the configured volume (`percent` then) until `load`
    or `set`. A configuration that was changed since counts more than what is kept. `on_change` is
    called after each change.
    """

    def __init__(self, loudspeaker: Loudspeaker, path: Path) -> None:
        self._loudspeaker, self._path = loudspeaker, path
        self._configured = self.percent
        self._writing = asyncio.Lock()
        self.on_change: Callable[[], None] = lambda: None

    @property
    def percent(self) -> int:
        return round(100 * self._loudspeaker.volume)

    async def load(self) -> None:
        """As it was left; a file that cannot be read is told of, and changes nothing."""
        kept = await asyncio.to_thread(self._load)
        if kept is not None:
            self._loudspeaker.set_volume(kept / 100)

    async def set(self, percent: int) -> None:
        if not 0 <= percent <= 100:
            raise Refused(f"a volume is 0 to 100 percent, not {percent}")
        self._loudspeaker.set_volume(percent / 100)
        self.on_change()
        async with self._writing:
            kept = json.dumps({"percent": self.percent, "configured": self._configured})
            try:
                await asyncio.to_thread(write_whole, self._path, kept.encode())
            except OSError as error:
                raise Temporary(
                    f"the volume is set, but not after a restart: {self._path} cannot be written: "
                    f"{error.strerror}",
                    remedy="check the disk's space and rights",
                ) from error

    def _load(self) -> int | None:
        try:
            read = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.error("%s cannot be read: %s", self._path, error)
            return None
        percent = read.get("percent") if isinstance(read, dict) else None
        if not isinstance(percent, int) or not 0 <= percent <= 100:
            log.error("%s holds no volume", self._path)
            return None
        return percent if read.get("configured") == self._configured else None
