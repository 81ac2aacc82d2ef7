"""Memory of a process that serves a large library, and of the embedder beside it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerEmbedder
from laresd.core.knowledge.words import asked, words
from tests.bench.kb import made
from tests.bench.kb.filled import MODEL, QUERY, filled
from tests.bench.results import Row
from tests.fakes.workers import pid_of, running, soon

SIZE, QUESTIONS = 100_000, 200


def memory_rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library.db"
        asyncio.run(_fill(path))
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.kb.serving", str(path)],
            check=True,
            capture_output=True,
            text=True,
        )
    before, index, embedder = map(float, done.stdout.split())
    return [
        Row(
            "kb/serving_memory_mib",
            round(index + embedder),
            "<=300",
            "make bench-kb",
            note=f"{SIZE} vectors and {QUESTIONS} whole searches: the embedder's worker "
            f"{embedder:.0f} (resident), the process with the index {index:.0f}, of which "
            f"{before:.0f} before it was opened",
        )
    ]


async def _fill(path: Path) -> None:
    async with filled(path, made.passages(SIZE)):
        return


async def _serve(path: Path) -> None:
    before = _resident_mib(os.getpid())
    async with (
        running(specs.embedding_model("minilm", made.CACHE)) as worker,
        LibraryStore(path, words) as store,
    ):
        embedder = WorkerEmbedder(worker)
        for number in range(QUESTIONS):
            text = f"What is said about the number {number * 37} there?"
            vector = await embedder.embed([text], deadline=soon())
            near, named = await asyncio.gather(
                store.vector_leg(MODEL, vector, QUERY, 50),
                store.words_leg(asked(text), QUERY, 50),
            )
            await store.passages([passage for passage, _ in [*near, *named]])
        held = _resident_mib(os.getpid()), _resident_mib(await pid_of(worker))
    sys.stdout.write(f"{before} {held[0]} {held[1]}\n")


def _resident_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
