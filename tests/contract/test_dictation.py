"""Port Dictation with the real engine: what is said in a row is written down, and only that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from laresd.backends.clock import SystemClock
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerTranscriber
from laresd.config import SpeechToText
from laresd.core.dictation import LocalAgreement
from laresd.ports import Dictation
from laresd.sound import read_wav
from laresd.types import SAMPLE_RATE, PartialTranscript
from tests.fakes.sounds import computed
from tests.fakes.workers import running

pytestmark = pytest.mark.slow
DEMO = Path(specs.BUNDLED_SPEECH).parent / "demo"
WAKE_S = 1.6  # each begins with the wake word
PAUSE = bytes(SAMPLE_RATE * 2 * 3 // 2)
SAID = {
    "kitchen-light.wav": "turn on the kitchen light",
    "bedroom-lamp.wav": "bedroom lamp",
    "front-door.wav": "front door",
}


@pytest.fixture(scope="module")
def recordings() -> dict[str, bytes]:
    return {name: read_wav(DEMO / name).pcm[int(WAKE_S * SAMPLE_RATE) * 2 :] for name in SAID}


@pytest.fixture
async def dictation() -> AsyncIterator[Dictation]:
    async with running(specs.speech_to_text(SpeechToText())) as worker:
        yield LocalAgreement(WorkerTranscriber(worker), SystemClock(), timeout_s=60.0)


async def pieces(dictation: Dictation, pcm: bytes) -> list[PartialTranscript]:
    async def frames() -> AsyncIterator[bytes]:
        for start in range(0, len(pcm), 8192):
            yield pcm[start : start + 8192]

    return [piece async for piece in dictation.stream(frames(), language="en")]


async def test_minutes_are_written_down_in_the_order_in_which_they_were_said(
    dictation: Dictation, recordings: dict[str, bytes]
) -> None:
    order = [*SAID, *reversed(SAID), *SAID]
    pcm = b"".join(recordings[name] + PAUSE for name in order)
    found = await pieces(dictation, pcm)
    text = "".join(piece.text for piece in found)
    at = 0
    for name in order:
        at = text.index(SAID[name], at) + len(SAID[name])
    assert sum(text.count(said) for said in SAID.values()) == len(order)
    assert len([piece for piece in found if piece.text]) >= len(order)


async def test_a_house_in_which_nobody_speaks_is_an_empty_page(dictation: Dictation) -> None:
    pcm = b"".join(clip.pcm for clip in list(computed())[::6])
    assert "".join(piece.text for piece in await pieces(dictation, pcm)) == ""
