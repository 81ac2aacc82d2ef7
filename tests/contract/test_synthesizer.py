"""Port Synthesizer: text becomes sound of the right kind."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest

from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerSynthesizer
from laresd.config import Speech
from laresd.ports import Synthesizer
from laresd.sound import level_dbfs
from laresd.types import SAMPLE_RATE
from tests.fakes.synthesizer import FakeSynthesizer
from tests.fakes.workers import running, soon


@pytest.fixture(params=["fake", pytest.param("espeak", marks=pytest.mark.slow)])
async def voice(request: pytest.FixtureRequest) -> AsyncIterator[Synthesizer]:
    if request.param == "fake":
        yield FakeSynthesizer()
        return
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    async with running(specs.speech(Speech())) as worker:
        yield WorkerSynthesizer(worker)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The kitchen lamp is on.", "en"),
        ("Die Küchenlampe ist an.", "de"),
        ("厨房的灯开了。", "zh-CN"),
        ("-v robot --version", "en"),
        ("[[h@'loU]] <b>& 21.5 °C</b>", "en"),
    ],
)
async def test_a_sentence_can_be_heard(voice: Synthesizer, text: str, language: str) -> None:
    pcm = await voice.synthesize(text, language=language, deadline=soon())
    assert len(pcm) % 2 == 0
    assert 0.3 < len(pcm) / 2 / SAMPLE_RATE < 10.0
    assert level_dbfs(pcm) > -40.0


async def test_a_longer_text_takes_longer(voice: Synthesizer) -> None:
    short = await voice.synthesize("Done.", language="en", deadline=soon())
    long = await voice.synthesize("Done. " * 10, language="en", deadline=soon())
    assert len(long) > 2 * len(short)
