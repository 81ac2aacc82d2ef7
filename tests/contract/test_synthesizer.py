"""Ports Synthesizer and StreamingSynthesizer: text becomes sound of the right kind."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerSynthesizer
from laresd.config import Speech
from laresd.ports import StreamingSynthesizer
from laresd.sound import level_dbfs
from laresd.types import SAMPLE_RATE
from tests.fakes import piper_voice
from tests.fakes.synthesizer import FakeSynthesizer
from tests.fakes.workers import running, soon

REAL = ("espeak", "piper")


@pytest.fixture(params=["fake", *(pytest.param(n, marks=pytest.mark.slow) for n in REAL)])
async def voice(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[StreamingSynthesizer]:
    if request.param == "fake":
        yield FakeSynthesizer()
        return
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    model = str(piper_voice.write(tmp_path)) if request.param == "piper" else ""
    async with running(specs.speech(Speech(), model)) as worker:
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
async def test_a_sentence_can_be_heard(
    voice: StreamingSynthesizer, text: str, language: str
) -> None:
    pcm = await voice.synthesize(text, language=language, deadline=soon())
    assert len(pcm) % 2 == 0
    assert 0.3 < len(pcm) / 2 / SAMPLE_RATE < 10.0
    assert level_dbfs(pcm) > -40.0


async def test_a_longer_text_takes_longer(voice: StreamingSynthesizer) -> None:
    short = await voice.synthesize("Done.", language="en", deadline=soon())
    long = await voice.synthesize("Done. " * 10, language="en", deadline=soon())
    assert len(long) > 2 * len(short)


async def test_a_long_sentence_comes_in_pieces_that_are_all_of_it(
    voice: StreamingSynthesizer,
) -> None:
    clause = "the lamp in the kitchen is on"
    text = f"Now {clause}, and {clause}, and {clause}, and {clause}."
    whole = await voice.synthesize(text, language="en", deadline=soon())
    pieces = [pcm async for pcm in voice.stream(text, language="en", timeout_s=60.0)]
    assert len(pieces) > 1
    assert len(pieces[0]) < 0.6 * len(whole)
    assert 0.8 * len(whole) < sum(map(len, pieces)) < 1.3 * len(whole)


async def test_a_short_sentence_is_one_piece(voice: StreamingSynthesizer) -> None:
    pieces = [pcm async for pcm in voice.stream("It is on.", language="en", timeout_s=60.0)]
    assert pieces == [await voice.synthesize("It is on.", language="en", deadline=soon())]
