"""What the protocol costs: a transcript and a voice over TCP, and a satellite
that waits for its wake word.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from pathlib import Path

from wyoming.asr import Transcript
from wyoming.client import AsyncTcpClient
from wyoming.satellite import RunSatellite
from wyoming.tts import SynthesizeChunk, SynthesizeStart, SynthesizeStop

from laresd.commands.demo import FIRST
from tests.bench.results import Row
from tests.bench.shared import percentile
from tests.system.test_wyoming_clients import a_server, send, spoken, until

COMMAND = "make bench-voice ONLY=wyoming"
SENTENCES = (
    "turn on the kitchen light",
    "turn off the bedroom lamp",
    "set the bedroom lamp to fifty percent",
    "open the garage door",
    "is the front door locked",
)
ROUNDS = 8
IDLE_S = 20.0


async def transcripts(port: int) -> list[float]:
    """Milliseconds from the end of the sound to its transcript."""
    took = []
    async with AsyncTcpClient("127.0.0.1", port) as client:
        clips = [await spoken(client, sentence) for sentence in SENTENCES]
        for clip in clips * ROUNDS:
            await send(client, clip)
            ended = time.perf_counter()
            await until(client, "transcript")
            took.append((time.perf_counter() - ended) * 1000)
            await until(client, "transcript-stop")
    return took[len(SENTENCES) :]  # the first round warms up


async def first_sounds(port: int) -> list[float]:
    """Milliseconds from the first sentence's last word to its first sound."""
    took = []
    async with AsyncTcpClient("127.0.0.1", port) as client:
        for sentence in SENTENCES * ROUNDS:
            await client.write_event(SynthesizeStart().event())
            await client.write_event(SynthesizeChunk(f"{sentence}. And").event())
            written = time.perf_counter()
            await until(client, "audio-chunk")
            took.append((time.perf_counter() - written) * 1000)
            await client.write_event(SynthesizeStop().event())
            await until(client, "synthesize-stopped")
    return took[len(SENTENCES) :]


async def satellite(folder: Path) -> tuple[float, float]:
    """CPU seconds a second of one that waits for its wake word, and its megabytes of memory."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.system.satellite_process"),
        *(str(FIRST), str(folder / "played"), "here"),
        stdout=PIPE,
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    async with AsyncTcpClient("127.0.0.1", port) as server:
        await server.write_event(RunSatellite().event())
        await until(server, "detection")
        await server.write_event(Transcript("").event())
        await asyncio.sleep(8.0)  # it has said all, and is silent
        processes = [process.pid, *_children(process.pid)]
        before, begun = _cpu(processes), time.monotonic()
        await asyncio.sleep(IDLE_S)
        share = (_cpu(processes) - before) / (time.monotonic() - begun)
        memory = sum(map(_megabytes, processes))
    process.terminate()
    await process.wait()
    return share, memory


def _children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in told.split()]


def _cpu(pids: list[int]) -> float:
    """Seconds that they have computed."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


async def measured() -> list[Row]:
    load = f"load {os.getloadavg()[0]:.1f}"
    with tempfile.TemporaryDirectory() as folder:
        async with a_server(Path(folder)) as port:
            heard = await transcripts(port)
            said = await first_sounds(port)
        share, memory = await satellite(Path(folder))
    note = f"{len(heard)} commands of espeak-ng over TCP, bundled model; {load}"
    return [
        Row(
            "voice/wyoming_transcript_p50_ms",
            round(statistics.median(heard)),
            "",
            COMMAND,
            "",
            note,
        ),
        Row("voice/wyoming_transcript_p95_ms", round(percentile(heard, 0.95)), "", COMMAND),
        Row(
            "voice/wyoming_first_sound_p50_ms",
            round(statistics.median(said)),
            "<=150",
            COMMAND,
            note=f"synthesize-chunk to audio-chunk, espeak-ng; {load}",
        ),
        Row(
            "voice/satellite_idle_cpu_share",
            round(share, 4),
            "<=0.015",
            COMMAND,
            note=f"CPU seconds a second, process and wake word's engine; {load}",
        ),
        Row("voice/satellite_memory_mb", round(memory), "", COMMAND, note="both processes (PSS)"),
    ]


def rows() -> list[Row]:
    return asyncio.run(measured())
