"""What the worker holds in memory, over the model's file and the KV cache that was asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gguf import GGUFReader

from laresd.types import Json
from tests.bench.llm import home
from tests.bench.llm.bench import Bench
from tests.bench.llm.heads import PATIENCE_S, worker_spec
from tests.bench.results import Row
from tests.fakes.workers import running, soon

CONTEXT = 4096  # tokens
WORDS = 260  # of a prompt: one whole batch; cells are in memory from the start


def memory(bench: Bench) -> list[Row]:
    """Resident memory of the worker when it has answered."""
    size, cache = bench.path.stat().st_size, kv_bytes(bench.path, CONTEXT)
    resident = asyncio.run(_resident(bench)) * 1024 * 1024
    note = (
        f"{resident / 1e6:.0f} MB resident, {size / 1e6:.0f} MB of file and {cache / 1e6:.0f} MB "
        f"of KV cache for {CONTEXT} tokens, Python and compute buffers in it"
    )
    return [
        bench.row("resident_over_file_and_kv", round(resident / (size + cache), 3), "<=1.15", note)
    ]


def kv_bytes(model: Path, tokens: int) -> int:
    """Of keys and values in f16."""
    fields = GGUFReader(model).fields
    kind = fields["general.architecture"].contents()

    def number(name: str) -> int:
        return int(fields[f"{kind}.{name}"].contents())

    heads = number("attention.head_count")
    width = number("embedding_length") // heads
    return 2 * 2 * number("block_count") * number("attention.head_count_kv") * width * tokens


async def _resident(bench: Bench) -> float:
    """MiB, after a prompt and an answer."""
    text = home.prose(WORDS, 1)
    body: dict[str, Json] = {"messages": [{"role": "user", "content": text}], "max_tokens": 4}
    async with running(worker_spec(bench, None, CONTEXT)) as worker:
        await worker.call("generate", body, deadline=soon(PATIENCE_S))
        status = await worker.status()
        assert status.rss_mb is not None, "the worker has ended"
        return status.rss_mb
