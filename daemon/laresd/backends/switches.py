"""What is switched off for good, in a small file: a muted box is muted after a restart, too."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from laresd.backends.whole_file import write_whole
from laresd.errors import Temporary

log = logging.getLogger(__name__)


class SwitchFile:
    """Names that are on or off. `path` is written whole, and renamed into its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = asyncio.Lock()

    async def load(self) -> Mapping[str, bool] | None:
        """None for a file that is there and cannot be read; nothing where there is none."""
        return await asyncio.to_thread(self._load)

    async def save(self, switches: Mapping[str, bool]) -> None:
        """On disk when this returns. Raises Temporary."""
        async with self._writing:
            try:
                await asyncio.to_thread(
                    write_whole, self._path, json.dumps(dict(switches)).encode()
                )
            except OSError as error:
                raise Temporary(
                    f"{self._path} cannot be written: {error.strerror}",
                    remedy="check the disk's space and rights",
                ) from error

    def _load(self) -> Mapping[str, bool] | None:
        try:
            read = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.error("%s cannot be read: %s", self._path, error)
            return None
        if not isinstance(read, dict):
            log.error("%s holds no switches", self._path)
            return None
        return {name: value for name, value in read.items() if isinstance(value, bool)}
