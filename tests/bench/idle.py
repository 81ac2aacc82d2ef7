"""`make bench-idle`: what listening to a quiet room costs, over the whole process tree."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import numpy as np

from laresd.app import Sound, running
from laresd.backends.audio import Silence
from laresd.ports import one
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE
from tests.bench.results import Row, record
from tests.scenario.boxes import settings

COMMAND = "make bench-idle"
SETTLE_S, MEASURE_S = 15.0, 60.0
ROOM_DBFS = -50.0


def room(seconds: float) -> bytes:
    """Pink noise at ROOM_DBFS, as 16 kHz mono s16: a room with a fan and nobody in it."""
    count = int(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(count))
    spectrum /= np.sqrt(np.maximum(1, np.arange(len(spectrum))))
    noise = np.fft.irfft(spectrum, count)
    scaled = noise / np.sqrt(np.mean(noise**2)) * 10 ** (ROOM_DBFS / 20) * 32767
    return bytes(np.clip(scaled, -32768, 32767).astype("<i2"))


class Room:
    """Port AudioSource: the room in real time, at as many frames at once as the reader wants, as
    the microphone's ring gives them.
    """

    def __init__(self, seconds: float) -> None:
        self._pcm = room(seconds)

    async def frames(self, at_once: Callable[[], int] = one) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        begun, size = loop.time(), 2 * FRAME_SAMPLES
        given, whole = 0, len(self._pcm) // size
        while given < whole:
            wanted = min(given + max(1, at_once()), whole)
            await asyncio.sleep(begun + wanted * FRAME_SAMPLES / SAMPLE_RATE - loop.time())
            for number in range(given, wanted):
                yield self._pcm[number * size : (number + 1) * size]
            given = wanted


def tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return [pid, *(descendant for child in children for descendant in tree(child))]


def cpu_seconds() -> dict[str, float]:
    """CPU seconds so far by process: this one (the daemon) and each of its descendants."""
    spent = {}
    for pid in tree(os.getpid()):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        name = next((word for word in words if word.startswith("laresd.")), "daemon")
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        spent[name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def resident_mb() -> float:
    """Resident memory of the tree."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in tree(os.getpid()))
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def measure() -> tuple[dict[str, float], float]:
    """CPU seconds by process during MEASURE_S of a real-time room, and resident MB of the tree."""
    with tempfile.TemporaryDirectory() as folder:
        sound = Room(SETTLE_S + MEASURE_S + 5)
        async with running(settings(Path(folder)), Sound(sound, Silence())):
            await asyncio.sleep(SETTLE_S)
            before = cpu_seconds()
            await asyncio.sleep(MEASURE_S)
            after = cpu_seconds()
            return {name: after[name] - before.get(name, 0.0) for name in after}, resident_mb()


def main() -> None:
    spent, resident = asyncio.run(measure())
    share = 100 * sum(spent.values()) / MEASURE_S
    parts = ", ".join(
        f"{name} {100 * cpu / MEASURE_S:.2f}" for name, cpu in sorted(spent.items(), key=_most)
    )
    note = (
        f"percent of a core by process: {parts}; {MEASURE_S:.0f} s of pink noise, {ROOM_DBFS} dBFS"
    )
    record(
        [
            Row("main/idle_cpu_pct", round(share, 2), "<3", COMMAND, note=note),
            Row(
                "voice/idle_listening_cpu_s_per_s",
                round((spent["daemon"] + spent["laresd.engines.listen"]) / MEASURE_S, 4),
                "<=0.015",
                COMMAND,
                note="wake word and voice activity: the listening engine, and all of the daemon",
            ),
            Row("main/resident_mb", round(resident), "", COMMAND, note="whole tree, models loaded"),
        ]
    )


def _most(item: tuple[str, float]) -> float:
    return -item[1]


if __name__ == "__main__":
    main()
