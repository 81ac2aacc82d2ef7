"""`make bench-llm`: what the prompt's head costs, computed anew and taken from the disk.

On the embedded SmolLM2-135M only; each round starts a new engine on an empty and on a filled
store, in turn.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from laresd.backends.workers import specs
from laresd.config import Llm
from laresd.frames import Fields
from laresd.types import Json
from tests.bench.results import Row, record
from tests.fakes.workers import running, soon

COMMAND = "make bench-llm"
ROUNDS = 5
LINES = 57  # of devices: about a thousand tokens
HEAD = "\n".join(f"light.lamp_{n}: lamp number {n}, room {n % 9}" for n in range(LINES))


async def start_and_ask(store: Path) -> tuple[float, float, int]:
    """Seconds for the head alone and for the first command after a start, and the head's tokens."""
    first: list[Json] = [{"role": "system", "content": HEAD}]
    asked: list[Json] = [*first, {"role": "user", "content": "turn on lamp 7"}]
    async with running(specs.language_model(Llm(), heads=store)) as worker:
        await worker.call("prepare", {"messages": []}, deadline=soon())  # loaded
        begun = time.perf_counter()
        frame = await worker.call("prepare", {"messages": first}, deadline=soon())
        head = time.perf_counter() - begun
        await worker.call("generate", {"messages": asked, "max_tokens": 8}, deadline=soon())
        return head, time.perf_counter() - begun, Fields(frame.body).integer("head_tokens")


async def measure() -> list[tuple[float, float, float, float, int]]:
    """By round: head and command on an empty store, head and command on a filled one, tokens."""
    found = []
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            cold_head, cold, tokens = await start_and_ask(Path(folder))
            warm_head, warm, _ = await start_and_ask(Path(folder))
        found.append((cold_head, cold, warm_head, warm, tokens))
        print(
            f"{number + 1} of {ROUNDS}: head of {tokens} tokens {cold_head * 1e3:.0f} ms computed,"
            f" {warm_head * 1e3:.1f} ms from disk; command {cold * 1e3:.0f} and {warm * 1e3:.0f} ms"
        )
    return found


def main() -> None:
    found = asyncio.run(measure())
    cold_head, cold, warm_head, warm = (
        statistics.median(row[column] for row in found) for column in range(4)
    )
    model = f"SmolLM2-135M, head of {found[0][4]} tokens, 8 tokens of answer"
    record(
        [
            Row(
                "llm/stored_head_over_prefill",
                round(warm_head / cold_head, 4),
                "<=0.01",
                COMMAND,
                note=f"{warm_head * 1e3:.1f} ms against {cold_head * 1e3:.0f} ms; {model}",
            ),
            Row(
                "llm/first_command_after_restart_over_empty_store",
                round(warm / cold, 4),
                "<=0.1",
                COMMAND,
                note=f"{warm * 1e3:.0f} ms against {cold * 1e3:.0f} ms; {model}",
            ),
        ]
    )


if __name__ == "__main__":
    main()
