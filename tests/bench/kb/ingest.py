"""What it costs to read documents, from the file to the vector; and kills of that."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from laresd.backends.clock import SystemClock
from laresd.backends.knowledge.desk import Desk
from laresd.backends.knowledge.filling import Facts, VectorFiller
from laresd.backends.knowledge.origin import Original
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.tokens import counter
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerEmbedder
from laresd.backends.workers.document_reader import WorkerDocumentReader
from laresd.backends.workers.process import Spec
from laresd.core.knowledge.words import words
from laresd.documents import Document, Source, SourceKind
from laresd.engines.embed.__main__ import embedded_folder
from tests.bench.kb import made
from tests.bench.results import Row
from tests.fakes.killed_ingest import assert_whole, killed_ingests
from tests.fakes.libraries import cut, written
from tests.fakes.workers import running

COPIES = 8  # of XQuAD's 240 paragraphs, each with other figures in it
PER_FILE = 20  # paragraphs
KILLS = 200
PATIENCE_S = 300.0


def ingest_rows() -> list[Row]:
    chunks, seconds, loading = asyncio.run(_ingested())
    return [
        Row(
            "kb/ingest_chunks_per_cpu_s",
            round(chunks / seconds, 1),
            ">=25",
            "make bench-kb",
            note=f"{chunks} passages of Markdown files: read by the worker, cut, stored, embedded "
            f"(MiniLM int8), all processes; loading of both workers ({loading:.1f} CPU s) apart; "
            f"load {os.getloadavg()[0]:.1f}",
        )
    ]


def ingest_kill_rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        done = killed_ingests(Path(folder), KILLS, 1)
        asyncio.run(assert_whole(done))
    return [
        Row(
            "kb/ingest_kill_faults",
            0,
            "0",
            "make bench-kb",
            note=f"{KILLS} kills -9 of an ingest at random moments, {done.killed} of them before "
            "its end, of a folder that changes between them: documents, texts, passages, vectors "
            "and words are those of the files",
        )
    ]


def _cpu_s() -> float:
    """Of this process and all its children that have ended."""
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


async def _ingested() -> tuple[int, float, float]:
    """Passages, the CPU seconds for them, and those until the workers are loaded."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await _loaded(folder)  # builds the model's graph, which is kept
        began = _cpu_s()
        await _loaded(folder)
        loading = _cpu_s() - began
        files = _files(folder / "files")
        began = _cpu_s()
        passages = await _read(folder, files)
        return passages, _cpu_s() - began - loading, loading


async def _loaded(folder: Path) -> None:
    async with running(_model(folder)) as model, running(specs.documents()) as reader:
        for worker in (model, reader):
            await worker.wait_ready(deadline=SystemClock().now() + PATIENCE_S)


async def _read(folder: Path, files: Sequence[Path]) -> int:
    """As the daemon does it: from files to passages to vectors."""
    clock = SystemClock()
    desk = Desk(
        clock,
        open_reader=_reader,
        counter=lambda: counter(embedded_folder() / "tokenizer.json"),
        cut=cut,
        quiet=_quiet,
        longest_s=PATIENCE_S,
    )
    async with (
        LibraryStore(folder / "library.db", words) as store,
        running(_model(folder)) as worker,
        asyncio.TaskGroup() as group,
    ):
        reading = group.create_task(desk.run())
        source = await store.add(Source("bench", SourceKind.FOLDER, str(folder)))
        for file in files:
            read = await desk.read(Original(str(file), file.stem, "d", 1, 1.0, path=file))
            document = Document(0, source.id, "bench", str(file), file.stem, "d", 1, 1.0)
            await store.put(document, read.text, read.passages)
        reading.cancel()
        await worker.wait_ready(deadline=clock.now() + PATIENCE_S)
        key = str(worker.facts["key"])
        await VectorFiller(store, WorkerEmbedder(worker), partial(_facts, key), clock).fill()
        (collection,) = await store.collections()
        return collection.passages


def _files(folder: Path) -> list[Path]:
    """XQuAD's paragraphs, PER_FILE in each file; no two are the same."""
    data = json.loads(made.XQUAD.read_text(encoding="utf-8"))
    texts = [str(each["text"]) for each in data["contexts"]]
    numbered = [f"{copy}. {text}" for copy in range(COPIES) for text in texts]
    return [
        written(folder / f"{at}.md", f"# Part {at}\n\n" + "\n\n".join(numbered[at : at + PER_FILE]))
        for at in range(0, len(numbered), PER_FILE)
    ]


def _model(folder: Path) -> Spec:
    return specs.embedding_model("minilm", folder / "kept", 1)


@asynccontextmanager
async def _reader() -> AsyncIterator[WorkerDocumentReader]:
    async with running(specs.documents()) as worker:
        yield WorkerDocumentReader(worker)


async def _quiet() -> None:
    return None


async def _facts(key: str) -> Facts:
    return Facts(key)
