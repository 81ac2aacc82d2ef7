"""The worker process that reads documents.

Op: `extract` {path, media_type, languages} -> {title, language, media_type, notes} and as payload a
JSON list of the blocks, [text, level, page, sheet, cells] each. The process may write no file, and
holds at most `memory_mb`; a file that breaks it costs this process and nothing else.
"""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

from laresd.engines import worker
from laresd.engines.extract import reading
from laresd.frames import Fields
from laresd.types import Json


def load(options: Fields) -> worker.Loaded:
    """Options: `memory_mb`, and the `limits` of reading.Limits (`file_mb`, `pages`)."""
    usual = reading.Limits()
    limits = reading.Limits(
        file_bytes=options.integer("file_mb", usual.file_bytes >> 20) << 20,
        pages=options.integer("pages", usual.pages),
    )
    _confine(options.integer("memory_mb", 1024) << 20)

    def extract(call: worker.Call) -> worker.Answer:
        found = reading.read(
            Path(call.body.text("path")),
            call.body.text("media_type", ""),
            call.body.texts("languages"),
            limits,
            call.progress,
        )
        facts: dict[str, Json] = {
            "title": found.title,
            "language": found.language,
            "media_type": found.media_type,
            "notes": [*found.notes],
        }
        rows = [[b.text, b.level, b.page, b.sheet, b.cells] for b in found.blocks]
        return worker.Answer(facts, json.dumps(rows, ensure_ascii=False).encode())

    return worker.Loaded({"extract": extract})


def _confine(memory: int) -> None:
    """What a hostile file could make of this process is bounded."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ["RAYON_NUM_THREADS"] = "1"


if __name__ == "__main__":
    worker.main(load)
