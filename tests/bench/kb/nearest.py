"""What the vector stage finds, and what that costs, beside other indexes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.bench.kb import made, peers
from tests.bench.kb.filled import filled
from tests.bench.results import Row

COMMAND = "make bench-kb"
K, QUESTIONS = 10, 300
SPEED_AT = 100_000
PEERS = Path.home() / ".cache" / "lares-bench" / "vectors"
PACKAGES = ("faiss-cpu", "usearch", "chromadb", "numpy")
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Measured:
    recall: float
    ms: float  # of CPU time, for each question
    kind: str
    upkeep_s: float


def recall_rows(sizes: tuple[int, ...]) -> list[Row]:
    rows = []
    for size in sizes:
        found = asyncio.run(_measured(size))
        rows.append(
            Row(
                f"kb/recall10_{size // 1000}k",
                round(found.recall, 4),
                ">=0.99",
                COMMAND,
                note=f"{found.kind}, against exact float32 search, {QUESTIONS} made questions; "
                f"{found.ms:.2f} ms CPU each; load {os.getloadavg()[0]:.1f}",
            )
        )
    return rows


def speed_rows() -> list[Row]:
    """Ours and the peers in one run, one after the other."""
    others = _peers(SPEED_AT)
    ours = asyncio.run(_measured(SPEED_AT))
    flat = others["faiss flat"]["ms"]
    peer = "; ".join(
        f"{name} {each['ms']:.2f} ms (recall {each['recall']:.3f})" for name, each in others.items()
    )
    note = (
        f"ours {ours.ms:.2f} ms CPU (recall {ours.recall:.3f}, {ours.kind}; the store's threads "
        f"and SQLite included); load {os.getloadavg()[0]:.1f}"
    )
    return [
        Row("kb/search_over_faiss_flat", round(ours.ms / flat, 3), "<=0.35", COMMAND, peer, note),
        Row(
            "kb/approximate_index_cpu_s",
            round(ours.upkeep_s, 1),
            "",
            COMMAND,
            "; ".join(f"{name} {each['build_s']:.1f} s" for name, each in others.items()),
            f"training, filling and measuring at {SPEED_AT}, in the background",
        ),
    ]


def nearest_exactly(rows: made.Rows, questions: made.Rows) -> NDArray[np.int64]:
    """By the cosines of float32 vectors, [questions, K]."""
    found = np.empty((len(questions), K), np.int64)
    for at, question in enumerate(questions):
        cosines = rows @ question
        best = np.argpartition(-cosines, K)[:K]
        found[at] = best[np.argsort(-cosines[best])]
    return found


async def _measured(size: int) -> Measured:
    rows, questions = made.passages(size), made.questions(QUESTIONS)
    with tempfile.TemporaryDirectory() as folder:
        async with filled(Path(folder) / "library.db", rows) as library:
            exact = nearest_exactly(rows, questions)
            await library.nearest(questions[0])
            began = time.process_time()
            found = [await library.nearest(question) for question in questions]
            ms = (time.process_time() - began) / QUESTIONS * 1000
            kind = next(each.kind for each in await library.store.indexes() if each.model)
    hits = sum(len({*one} & {*other}) for one, other in zip(found, exact.tolist(), strict=True))
    return Measured(hits / exact.size, ms, kind, library.upkeep_s)


def _peers(size: int) -> dict[str, dict[str, float]]:
    python = PEERS / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PACKAGES], check=True)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / "rows.npy", Path(folder) / "questions.npy"]
        np.save(files[0], made.passages(size))
        np.save(files[1], made.questions(QUESTIONS))
        done = subprocess.run(
            [str(python), peers.__file__, *map(str, files)],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, **dict.fromkeys(ONE_THREAD, "1")},
        )
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {str(each.pop("name")): each for each in found}
