"""From the end of speech to the text, beside wyoming-faster-whisper.

Both are servers of Wyoming in a process of their own, with the same model folder and as many
threads, and are asked in turn for the same recordings.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wyoming.asr import Transcribe, Transcript
from wyoming.client import AsyncTcpClient

from laresd.backends.workers.specs import BUNDLED_SPEECH
from laresd.commands.stt_files import Utterance, utterances
from laresd.commands.stt_scoring import words
from laresd.sound import read_wav
from laresd.types import SAMPLE_RATE
from tests.bench.results import Row
from tests.bench.shared import data, percentile
from tests.fakes.wyoming_package import AudioChunk, AudioStart, AudioStop

COMMAND = "make bench-voice ONLY=transcripts"
PEER = "wyoming-faster-whisper"
CLIPS, ROUNDS, THREADS = 24, 3, 2
LANGUAGE = "en"
FORM = {"rate": SAMPLE_RATE, "width": 2, "channels": 1}


@dataclass(frozen=True, slots=True)
class Heard:
    """What a server made of a recording, and how long that took after its end."""

    ms: float
    exact: bool


async def measured() -> list[Row]:
    """Both in one run; their figures are told beside each other."""
    clips = _clips()
    with tempfile.TemporaryDirectory() as folder:
        async with _ours(Path(folder)) as ours, _peer(Path(folder)) as theirs:
            found = await _in_turn(clips, (ours, theirs))
    mine, other = ([heard.ms for heard in one] for one in found)
    right = [sum(heard.exact for heard in one) for one in found]
    ratio = percentile(mine, 0.5) / percentile(other, 0.5)
    load = f"load {os.getloadavg()[0]:.1f}"
    note = f"medians of {len(mine)}, alternating, {THREADS} threads; {right[0]} exact; {load}"
    peer = f"{PEER}: {percentile(other, 0.5):.0f} ms, {right[1]} exact"
    return [
        Row("voice/transcript_over_peer_ratio", round(ratio, 3), "<=0.5", COMMAND, peer, note),
        Row("voice/transcript_p50_ms", round(percentile(mine, 0.5), 1), "", COMMAND, peer),
        Row(
            "voice/transcript_p95_ms",
            round(percentile(mine, 0.95), 1),
            "",
            COMMAND,
            f"{PEER}: {percentile(other, 0.95):.0f} ms",
        ),
    ]


def _clips() -> list[Utterance]:
    """Commands of every kind, evenly taken."""
    found = [
        one
        for one in utterances(data("speech"), language=LANGUAGE)
        if one.name.startswith("home-en") and one.transcript
    ]
    return found[:: max(1, len(found) // CLIPS)][:CLIPS]


async def _in_turn(clips: Sequence[Utterance], ports: Sequence[int]) -> list[list[Heard]]:
    found: list[list[Heard]] = [[] for _ in ports]
    for turn in range(ROUNDS + 1):  # the first one warms up
        for clip in clips[: 2 if turn == 0 else None]:
            pcm = (await asyncio.to_thread(read_wav, clip.path)).pcm
            for number, port in enumerate(ports):
                heard = await _ask(port, pcm, clip.transcript or "")
                if turn:
                    found[number].append(heard)
    return found


async def _ask(port: int, pcm: bytes, said: str) -> Heard:
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Transcribe(language=LANGUAGE).event())
        await client.write_event(AudioStart(**FORM).event())
        for start in range(0, len(pcm), 2048):
            await client.write_event(AudioChunk(**FORM, audio=pcm[start : start + 2048]).event())
        await asyncio.sleep(0.05)  # until it has all of it
        begun = time.perf_counter()
        await client.write_event(AudioStop().event())
        while (event := await client.read_event()) is not None:
            if Transcript.is_type(event.type):
                took = (time.perf_counter() - begun) * 1000
                text = Transcript.from_event(event).text
                return Heard(took, words(text, LANGUAGE) == words(said, LANGUAGE))
    sys.exit(f"the server at port {port} gave no transcript")


@contextlib.asynccontextmanager
async def _ours(folder: Path) -> AsyncIterator[int]:
    port, config = _free_port(), folder / "lares.toml"
    config.write_text(
        f"[box]\nstate_dir = {json.dumps(str(folder))}\n[wyoming]\nport = {port}\n"
        f"[speech_to_text]\nthreads = {THREADS}\n"
    )
    program = str(Path(sys.executable).with_name("lares"))
    async with _serving(port, program, "wyoming", "--config", str(config)):
        yield port


@contextlib.asynccontextmanager
async def _peer(folder: Path) -> AsyncIterator[int]:
    port = _free_port()
    options = {
        "uri": f"tcp://127.0.0.1:{port}",
        "model": str(BUNDLED_SPEECH),
        "data-dir": str(folder),
        "language": LANGUAGE,
        "stt-library": "faster-whisper",
        "compute-type": "int8",
        "cpu-threads": str(THREADS),
    }
    told = [word for name, value in options.items() for word in (f"--{name}", value)]
    async with _serving(port, sys.executable, "-m", "wyoming_faster_whisper", *told):
        yield port


@contextlib.asynccontextmanager
async def _serving(port: int, *command: str) -> AsyncIterator[None]:
    """A server's process, from the moment that it takes connections."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(120):
            while not await _answers(port):
                if process.returncode is not None:
                    sys.exit(f"{' '.join(command)} ended with {process.returncode}")
                await asyncio.sleep(0.2)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def rows() -> list[Row]:
    return asyncio.run(measured())
