"""The worker process that reads documents.

Op: `extract` {path, media_type, languages, seconds} -> {title, language, media_type, notes} and as
payload a JSON list of the blocks, [text, level, page, sheet, cells] each; `progress` {page, pages}
as pages are read by their letters. Each file is read in a process forked for it, which may write
no file, reach no network and hold at most `memory_mb`; a file that breaks it costs that alone.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

from laresd.engines import worker
from laresd.engines.extract import reading
from laresd.engines.extract.apart import Bounds, Told, apart
from laresd.frames import Fields
from laresd.types import Json


def load(options: Fields) -> worker.Loaded:
    """Options: `memory_mb`, and the `limits` of reading.Limits (`file_mb`, `pages`)."""
    usual = reading.Limits()
    limits = reading.Limits(
        file_bytes=options.integer("file_mb", usual.file_bytes >> 20) << 20,
        pages=options.integer("pages", usual.pages),
    )
    bounds = Bounds(memory=options.integer("memory_mb", 1024) << 20)
    os.environ["RAYON_NUM_THREADS"] = "1"

    def extract(call: worker.Call) -> worker.Answer:
        path = Path(call.body.text("path"))
        seconds = call.body.real("seconds", bounds.seconds)

        def work(told: Told) -> worker.Answer:
            media_type, languages = call.body.text("media_type", ""), call.body.texts("languages")
            return _answer(path, media_type, languages, limits, told)

        return apart(work, replace(bounds, seconds=seconds), call, path.name)

    return worker.Loaded({"extract": extract})


def _answer(
    path: Path, media_type: str, languages: tuple[str, ...], limits: reading.Limits, told: Told
) -> worker.Answer:
    found = reading.read(path, media_type, languages, limits, told)
    facts: dict[str, Json] = {
        "title": found.title,
        "language": found.language,
        "media_type": found.media_type,
        "notes": [*found.notes],
    }
    rows = [[b.text, b.level, b.page, b.sheet, b.cells] for b in found.blocks]
    return worker.Answer(facts, json.dumps(rows, ensure_ascii=False).encode("utf-8", "replace"))


if __name__ == "__main__":
    worker.main(load)
