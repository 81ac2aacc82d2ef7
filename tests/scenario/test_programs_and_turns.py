"""A whole box with its real engines: programs use its voice and its ears, and turns are traced."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest

from laresd.app import Box
from laresd.backends.audio import Recording
from laresd.commands.client import parts
from laresd.config import Http
from laresd.sound import read_wav, resample, wav_bytes
from laresd.types import Json
from tests.scenario.boxes import PATIENCE, a_box, settings
from tests.unit.frontends.mqtt.document import validator

pytestmark = pytest.mark.slow

SPOKEN = ["endpoint", "transcribe", "understand", "act", "echo", "reply", "speak"]


@dataclass(frozen=True)
class House:
    box: Box
    client: aiohttp.ClientSession

    async def said(self, text: str, form: str = "wav") -> bytes:
        """By the box's voice."""
        asked: dict[str, Json] = {"input": text, "response_format": form}
        async with self.client.post("/v1/audio/speech", json=asked) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()

    async def heard(self, wav: bytes) -> dict[str, Json]:
        form = aiohttp.FormData({"response_format": "verbose_json"})
        form.add_field("file", wav, filename="said.wav")
        async with self.client.post("/v1/audio/transcriptions", data=form) as answer:
            assert answer.status == 200, await answer.text()
            told = await answer.json()
            assert isinstance(told, dict)
            return told


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        config = replace(settings(tmp_path), http=Http(port=0))
        box = await stack.enter_async_context(a_box(config))
        assert box.http is not None
        client = aiohttp.ClientSession(f"http://127.0.0.1:{box.http.port}")
        yield House(box, await stack.enter_async_context(client))


async def test_what_the_box_says_for_a_program_it_can_write_down(house: House) -> None:
    wav = await house.said("Turn on the kitchen light.")
    heard = await house.heard(wav)
    assert "light" in str(heard["text"]).lower()
    assert float(str(heard["duration"])) == pytest.approx(read_wav(wav).seconds, abs=0.01)
    assert (await house.heard(wav_bytes(bytes(96_000))))["text"] == ""


async def test_a_spoken_turn_is_told_over_mqtt_and_in_the_metrics_with_all_its_stages(
    house: House,
) -> None:
    box = house.box
    turns = box.bus.subscribe(f"{box.config.mqtt.prefix}/{box.config.box.name}/turn")
    said = await house.said("Turn on the kitchen light.", "pcm")
    pcm = resample(said, 24_000, 16_000)
    await box.voice.play(Recording(pcm + bytes(64_000)), name="a test", wake="assume")
    async with asyncio.timeout(PATIENCE):
        told = json.loads((await anext(turns)).payload)
    turns.close()
    assert validator("event", "turn").is_valid(told)
    assert (told["source"], told["closing"], told["kind"]) == ("a test", "done", "done")
    # A recording plays faster than it sounds, so stages of audio and of computing may overlap.
    assert sorted(span["name"] for span in told["spans"]) == sorted(SPOKEN)
    assert "heard" not in told
    async with house.client.get("/metrics") as answer:
        metrics = await answer.text()
    for stage in (*SPOKEN, "to_action", "to_sound"):
        assert f'lares_turn_stage_seconds_count{{stage="{stage}"}} 1\n' in metrics
    assert 'lares_turns_total{closing="done"} 1\n' in metrics
    assert 'lares_job_seconds_count{job="transcribe",engine="this box"}' in metrics
    (status,) = await asyncio.to_thread(lambda: [*parts(box.config, {"op": "status"})])
    stages = status["stages"]
    assert isinstance(stages, list) and len(stages) == len(SPOKEN) + 2
