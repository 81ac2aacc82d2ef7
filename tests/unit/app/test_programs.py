"""Recordings of programs: cut at their pauses, heard piece by piece behind who speaks."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.app.programs import ProgramAudio, pieces
from laresd.backends.clock import SystemClock
from laresd.config import Scheduler
from laresd.core.scheduler.counts import Counts
from laresd.core.scheduler.gate import Gate
from laresd.core.scheduler.pool import Pool
from laresd.core.scheduler.work import ScheduledWork
from laresd.frontends.http.audio import Means, Segment
from laresd.jobs import ANYWHERE
from laresd.types import SAMPLE_RATE, Priority
from tests.fakes.audio import silence
from tests.fakes.lan_hosts import FakeHosts
from tests.fakes.pools import looking
from tests.fakes.synthesizer import FakeSynthesizer
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.virtual_time import virtual_time

ONE, TWO = 6_000, 9_000
SENTENCES = {ONE: "Turn on the light.", TWO: "I am in the kitchen."}


def said(level: int, seconds: float) -> bytes:
    """Speech of one level, as the fakes read it, with its own quiet moments left out."""
    return np.full(round(seconds * SAMPLE_RATE), level, "<i2").tobytes()


class Box:
    """The box's own engines behind the scheduler."""

    def __init__(self, *, seconds: float = 0.2) -> None:
        clock = SystemClock()
        self.pool = Pool(local=None, hosts=FakeHosts(), clock=clock, settings=Scheduler())
        self.ear, self.mouth = FakeTranscriber(SENTENCES, seconds=seconds), FakeSynthesizer()
        self.work = ScheduledWork(
            self.pool,
            Counts(clock.wall, 0.0),
            Gate(None, clock),
            clock,
            transcriber=self.ear,
            synthesizer=self.mouth,
        )
        self.audio = ProgramAudio(self.work, "en")

    async def heard(self, pcm: bytes) -> list[Segment]:
        means = Means(now() + 60, Priority.INTERACTIVE, ANYWHERE)
        async with looking(self.pool):
            segments = self.audio.transcribe(pcm, language="", hints=(), means=means)
            return [segment async for segment in segments]


def now() -> float:
    return asyncio.get_running_loop().time()


@virtual_time
async def test_each_stretch_between_two_pauses_is_a_segment_with_its_time() -> None:
    recording = silence(3000) + said(ONE, 2) + silence(2000) + said(TWO, 3) + silence(3000)
    first, second = await Box().heard(recording)
    assert first.text + second.text == "Turn on the light. I am in the kitchen."
    assert first.start <= 3.0 and 5.0 <= first.end <= 7.0
    assert first.end <= second.start <= 7.0 and second.end >= 10.0


@virtual_time
async def test_a_recording_in_which_nobody_speaks_costs_no_transcription() -> None:
    box = Box()
    assert await box.heard(silence(30_000)) == []
    assert box.ear.started == 0


@virtual_time
async def test_a_recording_goes_on_only_when_nobody_is_heard_who_speaks_to_the_box() -> None:
    box = Box(seconds=1.0)
    stretch = said(ONE, 2) + silence(2000)
    async with asyncio.TaskGroup() as tasks:
        recording = tasks.create_task(box.heard(stretch * 3))
        await asyncio.sleep(0.5)
        spoken = box.work.transcribe(said(TWO, 1), language="en", deadline=now() + 60)
        voice = tasks.create_task(spoken)
        await asyncio.sleep(0.9)  # the first piece was done meanwhile
        assert (box.ear.started, voice.done()) == (2, False)
        await asyncio.sleep(0.2)
        assert (box.ear.started, voice.done()) == (3, True)
    assert len(recording.result()) == 3


@virtual_time
async def test_a_text_is_said_in_the_box_s_language_where_none_is_asked_for() -> None:
    box = Box()
    means = Means(now() + 60, Priority.INTERACTIVE, ANYWHERE)
    async with looking(box.pool):
        assert await box.audio.speak("Hello.", language="", means=means)
    assert box.mouth.spoken == ["Hello."]


@pytest.mark.parametrize(("seconds", "count"), [(0.0, 0), (0.02, 0), (0.1, 1), (1.0, 1)])
def test_a_short_recording_is_one_piece_and_less_than_a_frame_is_none(
    seconds: float, count: int
) -> None:
    assert len([*pieces(said(ONE, seconds))]) == count


stretches = st.lists(st.tuples(st.booleans(), st.floats(0.1, 4.0)), max_size=8)


@given(stretches)
def test_the_pieces_follow_each_other_and_hold_all_that_is_loud(
    parts: list[tuple[bool, float]],
) -> None:
    recording = b"".join(
        said(ONE, seconds) if loud else bytes(2 * round(seconds * SAMPLE_RATE))
        for loud, seconds in parts
    )
    at, loud = 0.0, 0
    for piece, start in pieces(recording):
        assert start >= at - 1e-6
        at = start + len(piece) / 2 / SAMPLE_RATE
        loud += int(np.count_nonzero(np.frombuffer(piece, "<i2")))
    total = int(np.count_nonzero(np.frombuffer(recording, "<i2")))
    assert at <= len(recording) / 2 / SAMPLE_RATE + 1e-6
    assert total - loud <= SAMPLE_RATE // 10  # the edge of a stretch may be a frame of a pause
