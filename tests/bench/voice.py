"""`make bench-voice`: from the end of speech to the published action, played in real time."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

from laresd.app import Box
from laresd.backends.audio import Recording
from laresd.commands.demo import FIRST
from laresd.sound import read_wav
from laresd.types import Turn
from tests.bench.results import Row, record
from tests.bench.shared import percentile
from tests.scenario.boxes import a_box, ask, settings

COMMAND = "make bench-voice"
TURNS = 20


async def turns() -> tuple[list[Turn], float]:
    """The demo's command, again and again, and how many seconds stopping everything took."""
    pcm = (await asyncio.to_thread(read_wav, FIRST)).pcm
    done: list[Turn] = []
    with tempfile.TemporaryDirectory() as folder:
        async with a_box(settings(Path(folder))) as box:
            for _ in range(TURNS):
                await ask(box, "turn off the kitchen light")
                done.append(await _spoken(box, pcm))
            stopping = time.monotonic()
        return done, time.monotonic() - stopping


async def _spoken(box: Box, pcm: bytes) -> Turn:
    return (await box.voice.play(Recording(pcm, real_time=True), name=FIRST.name))[0]


def published_after(turn: Turn, *, whole: bool) -> float | None:
    """Milliseconds from the end of speech (`whole`) or of the endpoint's wait to the action."""
    endpoint = next((span for span in turn.spans if span.name == "endpoint"), None)
    if endpoint is None or not turn.publications:
        return None
    return (turn.publications[0].at - (endpoint.start if whole else endpoint.end)) * 1000


def main() -> None:
    done, stopping = asyncio.run(turns())
    beyond = [ms for turn in done if (ms := published_after(turn, whole=False)) is not None]
    whole = [ms for turn in done if (ms := published_after(turn, whole=True)) is not None]
    load = f"load {os.getloadavg()[0]:.1f}"
    note = f"{len(beyond)} of {TURNS} turns acted; transcription runs during the wait; {load}"
    stages = {span.name for turn in done for span in turn.spans}
    medians = {
        stage: percentile([s.ms for turn in done for s in turn.spans if s.name == stage], 0.5)
        for stage in sorted(stages)
    }
    by_stage = ", ".join(f"{stage} {ms:.0f}" for stage, ms in medians.items())
    record(
        [
            Row("voice/grammar_p50_ms", round(percentile(beyond, 0.5)), "<=300", COMMAND, "", note),
            Row("voice/grammar_p95_ms", round(percentile(beyond, 0.95)), "", COMMAND),
            Row(
                "voice/end_of_speech_to_action_p50_ms",
                round(percentile(whole, 0.5)),
                "<=350",
                COMMAND,
                note=f"the endpoint's wait included; medians by stage: {by_stage}",
            ),
            Row(
                "voice/end_of_speech_to_action_p95_ms",
                round(percentile(whole, 0.95)),
                "<=600",
                COMMAND,
                note=load,
            ),
            Row("main/stop_s", round(stopping, 2), "<2", COMMAND, note="daemon, engines, broker"),
        ]
    )


if __name__ == "__main__":
    main()
