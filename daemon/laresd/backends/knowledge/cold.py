"""Copies of documents as they were read, kept where the configuration wants them: a web page may be
gone tomorrow. A copy's name is the SHA-256 of its bytes, as the library knows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Literal

from laresd.backends.cold import MOST_BYTES, Shelf
from laresd.config import Config
from laresd.documents import SourceKind
from laresd.errors import Permanent, Temporary

_WEB = (SourceKind.PAGE, SourceKind.SITE)
_KEPT = (*_WEB, SourceKind.FILE, SourceKind.FOLDER)  # rows are in the library as they are


class Originals:
    """`shelf`: where they are. Calls raise Temporary when the disk does not let them."""

    def __init__(self, shelf: Shelf, wanted: Literal["none", "web", "all"]) -> None:
        self.shelf = shelf
        self._wanted = wanted

    def wants(self, kind: SourceKind) -> bool:
        """Whether documents of such a source are kept."""
        return self._wanted != "none" and kind in (_WEB if self._wanted == "web" else _KEPT)

    async def keep(self, digest: str, path: Path) -> None:
        """The bytes of a document that was just read, once."""

        def work() -> None:
            if digest not in self.shelf.names() and path.stat().st_size <= MOST_BYTES:
                self.shelf.put(digest, path.read_bytes())

        await self._done(work)

    async def read(self, digest: str) -> bytes:
        """Raises Permanent when no copy was kept, it had to make room, or it is damaged."""
        try:
            return await asyncio.to_thread(self.shelf.read, digest)
        except OSError as error:
            raise Permanent(
                "there is no copy of this document", remedy="see storage.keep_originals"
            ) from error

    async def only(self, digests: AbstractSet[str]) -> None:
        """Forget those of documents that are no longer known."""

        def work() -> None:
            for name in self.shelf.names() - digests:
                self.shelf.remove(name)

        await self._done(work)

    async def _done(self, work: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(work)
        except OSError as error:
            raise Temporary(
                f"a document's copy cannot be kept in {self.shelf.hot}: {error.strerror}",
                remedy="free some disk space, or set storage.keep_originals to none",
            ) from error


def originals_of(config: Config) -> Originals:
    state = config.box.state_dir
    cold = config.storage.cold_dir or state / "cold"
    shelf = Shelf(state / "originals", cold / "originals")
    return Originals(shelf, config.storage.keep_originals)
