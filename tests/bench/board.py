"""`make bench-board`: what watching the machine costs, and what giving memory back gains.

    make bench-board [ONLY=look,relief,boost]

The clock governor is measured only on a machine that has one to set (run it as root there).
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from laresd.app.board import parts_of
from laresd.backends.board.governor import Governor
from laresd.backends.clock import SystemClock
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerEmbedder
from laresd.backends.workers.supervisor import Worker
from laresd.config import Box, Config
from tests.bench.measures import options, say, take
from tests.bench.results import Row

COMMAND = "make bench-board"
LOOKS = 200
LOAD_S = 120.0
BURSTS, PAUSE_S = 20, 0.5  # of work after a rest, as a turn begins
TEXT = "the boiler is serviced every year in May"


async def look() -> list[Row]:
    """Processor time of one look at the machine, all threads."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config(box=Box(state_dir=Path(folder)))
        parts = await parts_of(config, SystemClock())
        begun = time.process_time()
        for _ in range(LOOKS):
            await parts.board.reading()
            await parts.pressure.pressure()
            if parts.meter is not None:
                await parts.meter.joules()
        took = (time.process_time() - begun) / LOOKS * 1000
    note = f"{parts.model.kind}; every 5 s, so a share of {took / 5000:.5f} of a core"
    return [Row("appliance/board_look_cpu_ms", round(took, 2), "<=10", COMMAND, note=note)]


async def relief() -> list[Row]:
    """What an idle embedding model gives back, and how soon it answers again."""
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(replace(specs.embedding_model("minilm", Path(folder)), on_demand=True))
        async with worker, asyncio.TaskGroup() as tasks:
            run = tasks.create_task(worker.run())
            await embed(worker)
            before = (await worker.status()).rss_mb or 0.0
            begun = time.perf_counter()
            assert worker.rest()
            while (await worker.status()).pid is not None:  # noqa: ASYNC110  # no event tells
                await asyncio.sleep(0.001)
            gone = (time.perf_counter() - begun) * 1000
            begun = time.perf_counter()
            await embed(worker)
            back = time.perf_counter() - begun
            run.cancel()
    load = f"load {os.getloadavg()[0]:.1f}"
    return [
        Row("appliance/relief_freed_mb", round(before), "", COMMAND, note="embedding model, RSS"),
        Row("appliance/relief_gone_ms", round(gone), "<=1000", COMMAND, note=load),
        Row("appliance/relief_back_s", round(back, 2), "<=10", COMMAND, note=f"first text; {load}"),
    ]


async def embed(worker: Worker) -> None:
    deadline = asyncio.get_running_loop().time() + LOAD_S
    await WorkerEmbedder(worker).embed([TEXT], deadline=deadline)


async def boost() -> list[Row]:
    """Milliseconds of a burst of work after a rest, with the governor as it is and raised."""
    governor = Governor()
    slow = await bursts()
    if not any(Path("/sys/devices/system/cpu/cpufreq").glob("policy*/scaling_governor")):
        say("this machine has no clock to set: the governor is not measured")
        return []
    if not await governor.fast():
        say("the governor may not be set: run this as root")
        return []
    try:
        fast = await bursts()
    finally:
        await governor.back()
    note = f"a burst of work after {PAUSE_S} s of rest, governor as it was: {slow:.1f} ms"
    return [Row("appliance/board_boost_ms", round(fast, 1), "", COMMAND, f"{slow:.1f}", note)]


async def bursts() -> float:
    took = []
    for _ in range(BURSTS):
        await asyncio.sleep(PAUSE_S)
        begun = time.perf_counter()
        sum(number * number for number in range(200_000))
        took.append((time.perf_counter() - begun) * 1000)
    return sorted(took)[len(took) // 2]


MEASURES: dict[str, Callable[[], list[Row]]] = {
    "look": lambda: asyncio.run(look()),
    "relief": lambda: asyncio.run(relief()),
    "boost": lambda: asyncio.run(boost()),
}


if __name__ == "__main__":
    take(options("board", MEASURES).parse_args(), MEASURES)
