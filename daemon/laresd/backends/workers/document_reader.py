"""Port `DocumentReader` over `laresd.engines.extract`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

from laresd.backends.workers.supervisor import Worker
from laresd.documents import Block, Extracted
from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.types import Json

SPARE_S = 1.0  # before the deadline, in which the engine says itself what took too long


class WorkerDocumentReader:
    """One file at a time. `languages`: main tags, to look for in pictures."""

    def __init__(self, worker: Worker, languages: Sequence[str] = ("en",)) -> None:
        self._worker = worker
        self._languages = tuple(languages)

    async def extract(self, path: Path, *, media_type: str = "", deadline: float) -> Extracted:
        languages: list[Json] = [*self._languages]
        left = deadline - asyncio.get_running_loop().time() - SPARE_S
        body: dict[str, Json] = {
            "path": str(path),
            "media_type": media_type,
            "languages": languages,
            "seconds": max(left, SPARE_S),
        }
        frame = await self._worker.call("extract", body, deadline=deadline)
        facts = Fields(frame.body)
        return Extracted(
            _blocks(frame.payload),
            title=facts.text("title", ""),
            language=facts.text("language", ""),
            media_type=facts.text("media_type", ""),
            notes=facts.texts("notes"),
        )


def _blocks(payload: bytes) -> tuple[Block, ...]:
    rows = json.loads(payload)
    if not isinstance(rows, list):
        raise Permanent("the reader of documents gave no list of blocks")
    return tuple(Block(text, level, page, sheet, cells) for text, level, page, sheet, cells in rows)
