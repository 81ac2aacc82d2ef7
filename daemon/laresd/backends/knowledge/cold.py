"""Copies of documents as they were read, kept where the configuration wants them: a web page may be
gone tomorrow. A copy's name is the SHA-256 of its bytes, as the library knows it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Literal

from laresd.backends.cold import MOST_BYTES, Shelf
from laresd.backends.knowledge.origin import Original
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.sqlite import Connection
from laresd.config import Config
from laresd.documents import Source, SourceKind
from laresd.errors import Permanent

_WEB = (SourceKind.PAGE, SourceKind.SITE)
_ALL = (*_WEB, SourceKind.FILE, SourceKind.FOLDER)  # rows are in the library as they are

log = logging.getLogger(__name__)


class Originals:
    """`shelf`: where they are. `wanted`: of which sources."""

    def __init__(self, shelf: Shelf, wanted: Literal["none", "web", "all"]) -> None:
        self.shelf = shelf
        self._kinds = {"none": (), "web": _WEB, "all": _ALL}[wanted]
        self._is_told = False

    async def keep(self, source: Source, original: Original) -> None:
        """The bytes of a document that was just read, once. The document is known without them,
        too: a disk that does not take them is only told of.
        """
        path = original.path
        if source.kind not in self._kinds or path is None:
            return

        def work() -> None:
            if original.digest not in self.shelf.names() and path.stat().st_size <= MOST_BYTES:
                self.shelf.put(original.digest, path.read_bytes())

        try:
            await asyncio.to_thread(work)
        except OSError as error:
            if not self._is_told:
                log.warning("copies of documents are not kept: %s", error.strerror)
            self._is_told = True
        else:
            self._is_told = False

    async def read(self, digest: str) -> bytes:
        """Raises Permanent when no copy was kept, it had to make room, or it is damaged."""
        try:
            return await asyncio.to_thread(self.shelf.read, digest)
        except OSError as error:
            raise Permanent(
                "there is no copy of this document", remedy="see storage.keep_originals"
            ) from error

    async def forget(self, store: LibraryStore, until: float) -> int:
        """Those of documents that are not known any more; how many. `until`: wall seconds; what is
        younger may be of one that is just being read. Raises OSError, Temporary, Permanent.
        """
        there = await asyncio.to_thread(self.shelf.names, until)
        known = await store.read(_digests) if there else set()

        def work() -> None:
            for name in there - known:
                self.shelf.remove(name)

        await asyncio.to_thread(work)
        return len(there - known)


def _digests(db: Connection) -> set[str]:
    return {str(digest) for (digest,) in db.execute("SELECT DISTINCT digest FROM document")}


def originals_of(config: Config) -> Originals:
    state = config.box.state_dir
    cold = config.storage.cold_dir or state / "cold"
    shelf = Shelf(state / "originals", cold / "originals")
    return Originals(shelf, config.storage.keep_originals)
