"""From a sentence to its first sound, through the worker process.

espeak-ng, and a voice with the layers and the size of a medium Piper voice but random weights: it
says nothing, and takes as long.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerSynthesizer
from laresd.config import Speech
from laresd.types import SAMPLE_RATE
from tests.bench.results import Row
from tests.bench.shared import percentile
from tests.fakes import piper_voice
from tests.fakes.workers import running

COMMAND = "make bench-voice ONLY=speaking"
GOAL_MS = 150
ROUNDS = 20
TIMEOUT_S = 30.0
SENTENCES = {
    "en": (
        "Turned on the kitchen light.",
        "It is 21.5 °C in the living room.",
        "The front door is locked, the garage door is open, and two windows are open upstairs.",
    ),
    "de": (
        "Die Küchenlampe ist an.",
        "Im Wohnzimmer sind es 21,5 °C.",
        "Die Haustür ist abgeschlossen, das Garagentor ist offen, und oben sind zwei Fenster auf.",
    ),
    "zh-CN": ("厨房的灯开了。", "客厅21.5 °C。"),
}


async def first_sounds(model: str, languages: Sequence[str]) -> tuple[list[float], float]:
    """Milliseconds to the first sound of each sentence, and seconds computed for one of sound."""
    waits: list[float] = []
    spent, sounded = 0.0, 0.0
    async with running(specs.speech(Speech(), model)) as worker:
        voice = WorkerSynthesizer(worker)
        await voice.synthesize("Ready.", language="en", deadline=_soon())
        for _ in range(ROUNDS):
            for language in languages:
                for text in SENTENCES[language]:
                    begun, first = time.perf_counter(), 0.0
                    pieces = voice.stream(text, language=language, timeout_s=TIMEOUT_S)
                    async with aclosing(pieces):
                        async for pcm in pieces:
                            first = first or time.perf_counter() - begun
                            sounded += len(pcm) / 2 / SAMPLE_RATE
                    waits.append(first * 1000)
                    spent += time.perf_counter() - begun
    return waits, spent / sounded


def _soon() -> float:
    return asyncio.get_running_loop().time() + TIMEOUT_S


def rows() -> list[Row]:
    """The figures of both voices."""
    with tempfile.TemporaryDirectory() as folder:
        model = piper_voice.large(Path(folder))
        size = model.stat().st_size / 1e6
        espeak = asyncio.run(first_sounds("", tuple(SENTENCES)))
        piper = asyncio.run(first_sounds(str(model), ("en",)))
    load = f"load {os.getloadavg()[0]:.1f}"
    weights = f"random weights, {size:.0f} MB, 22.05 kHz, 2 threads: the layers of a medium voice"
    return [
        *_rows("espeak", espeak, f"en, de, zh; one process for each piece of a sentence; {load}"),
        *_rows("piper_medium", piper, f"{weights}; phonemes by espeak-ng; {load}"),
    ]


def _rows(name: str, measured: tuple[list[float], float], note: str) -> list[Row]:
    waits, share = measured
    note = f"{note}; {share:.3f} s computed for a second of sound"
    return [
        Row(
            f"voice/first_sound_{name}_{which}_ms",
            round(percentile(waits, at)),
            f"<={GOAL_MS}",
            COMMAND,
            note=note if which == "p50" else "",
        )
        for which, at in (("p50", 0.5), ("p95", 0.95))
    ]
