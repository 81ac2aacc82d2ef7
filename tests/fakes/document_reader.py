"""A reader of documents that reads text files, and breaks off at what a test wants it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from laresd.documents import Block, Extracted
from laresd.errors import LaresError, Permanent


class FakeDocumentReader:
    """Port DocumentReader. A line with `# ` in front is a heading. `read` are the names of the
    files that were opened, in order; `errors` are raised in place of reading, by name; `on_read`
    is called while a file is open.
    """

    def __init__(self) -> None:
        self.read: list[str] = []
        self.errors: dict[str, LaresError] = {}
        self.on_read: Callable[[Path], None] = lambda path: None
        self.away: LaresError | None = None
        self.opened = 0

    async def extract(self, path: Path, *, media_type: str = "", deadline: float) -> Extracted:
        self.read.append(path.name)
        text = await asyncio.to_thread(path.read_bytes)
        await asyncio.to_thread(self.on_read, path)
        if path.name in self.errors:
            raise self.errors[path.name]
        if b"\x00" in text:
            raise Permanent("it is damaged")
        pieces = [piece.strip() for piece in text.decode().split("\n\n")]
        blocks = [
            Block(piece.removeprefix("# "), int(piece.startswith("# ")))
            for piece in pieces
            if piece
        ]
        return Extracted(tuple(blocks), media_type=media_type or "text/plain")

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[FakeDocumentReader]:
        """As a worker that is started and stopped."""
        if self.away is not None:
            raise self.away
        self.opened += 1
        yield self
