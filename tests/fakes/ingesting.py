"""A process that reads a folder into a library, and kills itself after so many seconds:
python -m ingesting STATE FOLDER SECONDS.

When all is read and embedded before that, it prints how many seconds that took.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from pathlib import Path

from laresd.backends.knowledge.filling import Facts, VectorFiller
from laresd.documents import Source, SourceKind
from tests.fakes.embedder import FakeEmbedder
from tests.fakes.libraries import a_shelf

FACTS = Facts("tiny-1")


async def main(state: Path, folder: Path) -> None:
    async with a_shelf(state) as shelf, asyncio.TaskGroup() as group:

        async def facts() -> Facts:
            return FACTS

        filler = VectorFiller(shelf.store, FakeEmbedder(), facts, shelf.clock)
        shelf.on_texts = filler.wake
        async with shelf.running() as library:
            filling = group.create_task(filler.run())
            await library.add(Source("house", SourceKind.FOLDER, str(folder)))
            await shelf.read_through()
            while await shelf.store.unembedded(FACTS.key, 1):  # noqa: ASYNC110  # no event tells
                await asyncio.sleep(0.002)
            filling.cancel()


if __name__ == "__main__":
    began = time.monotonic()
    killer = threading.Timer(float(sys.argv[3]), os.kill, (os.getpid(), signal.SIGKILL))
    killer.start()
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
    killer.cancel()
    sys.stdout.write(f"{time.monotonic() - began}\n")
