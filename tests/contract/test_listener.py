"""Port Listener: one probability for each frame, however the stream is cut."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerListener
from laresd.config import Wake
from laresd.ports import Listener
from laresd.types import FRAME_SAMPLES, Heard, HeardKind
from tests.fakes.audio import silence, speech, wake_word
from tests.fakes.listener import FakeListener
from tests.fakes.workers import running

ROOM = silence(320) + wake_word() + silence(320) + speech(960) + silence(640)


@pytest.fixture(params=["fake", pytest.param("silero", marks=pytest.mark.slow)])
async def ears(request: pytest.FixtureRequest) -> AsyncIterator[Listener]:
    if request.param == "fake":
        yield FakeListener()
        return
    async with running(specs.listening(Wake())) as worker:
        yield WorkerListener(worker)


async def hear(ears: Listener, pcm: bytes, cut: int) -> list[Heard]:
    found: list[Heard] = []
    for start in range(0, len(pcm), cut):
        found += await ears.hear(pcm[start : start + cut])
    return found


def of(kind: HeardKind, found: Sequence[Heard]) -> list[Heard]:
    return [heard for heard in found if heard.kind is kind]


@pytest.mark.parametrize("cut", [1024, 700, 3000, 1_000_000])
async def test_each_complete_frame_has_one_probability(ears: Listener, cut: int) -> None:
    found = of(HeardKind.SPEECH, await hear(ears, ROOM, cut))
    frames = len(ROOM) // (2 * FRAME_SAMPLES)
    assert [heard.sample for heard in found] == [FRAME_SAMPLES * n for n in range(1, frames + 1)]
    assert all(0.0 <= heard.score <= 1.0 for heard in found)


async def test_the_cuts_of_the_stream_change_nothing(ears: Listener) -> None:
    whole = await hear(ears, ROOM, len(ROOM))
    await ears.reset()
    cut = await hear(ears, ROOM, 1024)
    assert [(h.kind, h.sample) for h in sorted(cut, key=_order)] == [
        (h.kind, h.sample) for h in sorted(whole, key=_order)
    ]
    assert [h.score for h in of(HeardKind.SPEECH, cut)] == pytest.approx(
        [h.score for h in of(HeardKind.SPEECH, whole)], abs=1e-3
    )


async def test_a_reset_starts_counting_anew(ears: Listener) -> None:
    await ears.hear(silence(320) + bytes(100))
    await ears.reset()
    found = await ears.hear(silence(32))
    assert [heard.sample for heard in found] == [FRAME_SAMPLES]


async def test_a_closed_stream_begins_anew(ears: Listener) -> None:
    await ears.hear(silence(320) + bytes(100))
    await ears.close()
    await ears.close()
    found = await ears.hear(silence(32))
    assert [heard.sample for heard in found] == [FRAME_SAMPLES]


async def test_nothing_is_heard_in_nothing(ears: Listener) -> None:
    assert list(await ears.hear(b"")) == []


async def test_silence_is_neither_speech_nor_a_wake_word(ears: Listener) -> None:
    found = await ears.hear(silence(2000))
    assert max(heard.score for heard in of(HeardKind.SPEECH, found)) < 0.3
    assert of(HeardKind.WAKE, found) == []


@pytest.mark.slow
async def test_streams_of_one_worker_know_nothing_of_each_other() -> None:
    async with running(specs.listening(Wake())) as worker:
        alone = await hear(WorkerListener(worker, stream="alone"), ROOM, 1024)
        first, second = WorkerListener(worker, stream="a"), WorkerListener(worker, stream="b")
        found: list[Heard] = []
        noise = speech(32)
        for start in range(0, len(ROOM), 1024):
            found += await first.hear(ROOM[start : start + 1024])
            await second.hear(noise)
        await second.close()
        assert found == alone


def _order(heard: Heard) -> tuple[int, str]:
    return heard.sample, heard.kind
