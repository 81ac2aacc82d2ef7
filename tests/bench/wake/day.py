"""24 hours of listening through the real worker, as fast as it can: memory, and lost frames."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from pathlib import Path

from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerListener
from laresd.backends.workers.supervisor import Worker
from laresd.config import Wake
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE, HeardKind
from tests.bench.idle import room
from tests.bench.results import Row
from tests.bench.wake import corpus

COMMAND = "make bench-wake"
HOURS = 24
FRAMES = 8  # at once, as the daemon gives a quiet room
SETTLED_H = 1  # after which memory may not grow any more
TAPE_S = 600.0  # of speech and noise, over and over


def day(hours: int = HOURS) -> list[Row]:
    return asyncio.run(_day(hours))


async def _day(hours: int) -> list[Row]:
    tape = await asyncio.to_thread(_tape)
    async with Worker(specs.listening(Wake())) as worker, asyncio.TaskGroup() as tasks:
        run = tasks.create_task(worker.run())
        ear = WorkerListener(worker, stream="a day")
        pieces = itertools.cycle(tape)
        memory: list[tuple[float, float]] = []  # MB after each hour: the worker's, this process's
        lost, wakes, begun = 0, 0, time.monotonic()
        cpu = await _cpu(worker)
        for _ in range(hours):
            for _ in range(3600 * SAMPLE_RATE // (FRAMES * FRAME_SAMPLES)):
                heard = await ear.hear(next(pieces))
                frames = sum(found.kind is HeardKind.SPEECH for found in heard)
                lost += FRAMES - frames
                wakes += sum(found.kind is HeardKind.WAKE for found in heard)
            memory.append((_resident(await _pid(worker)), _resident(os.getpid())))
        cpu = await _cpu(worker) - cpu
        restarts = (await worker.status()).restarts
        run.cancel()
    settled, end = memory[min(SETTLED_H, len(memory)) - 1], memory[-1]
    speed = hours * 3600 / (time.monotonic() - begun)
    return [
        Row(
            "voice/day_lost_frames",
            lost,
            "0",
            COMMAND,
            note=f"{hours} h at {speed:.0f} times real speed; {restarts} restarts, {wakes} wakes",
        ),
        Row(
            "voice/day_memory_growth_mb",
            round(end[0] - settled[0], 1),
            "none",
            COMMAND,
            note=f"of the worker from hour {SETTLED_H} to {hours}: {settled[0]:.1f} to "
            f"{end[0]:.1f}; the listening side {settled[1]:.1f} to {end[1]:.1f}",
        ),
        Row(
            "voice/day_engine_cpu_s_per_s",
            round(cpu / (hours * 3600), 4),
            "",
            COMMAND,
            note="the worker alone, without waiting between pieces",
        ),
    ]


def _tape() -> list[bytes]:
    """Speech and noise without a wake word, in the daemon's pieces."""
    sound = b"".join(pcm for _, pcm in corpus.no_words(TAPE_S)) or room(TAPE_S)
    size = 2 * FRAMES * FRAME_SAMPLES
    return [sound[start : start + size] for start in range(0, len(sound) - size, size)]


async def _pid(worker: Worker) -> int:
    status = await worker.status()
    if status.pid is None:
        raise RuntimeError("the listening worker is not running")
    return status.pid


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def _cpu(worker: Worker) -> float:
    await WorkerListener(worker, stream="a day").hear(b"")  # so that it runs
    stat = Path(f"/proc/{await _pid(worker)}/stat").read_text(encoding="ascii")
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
