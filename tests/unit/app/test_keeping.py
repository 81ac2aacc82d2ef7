"""The state folder belongs to one laresd, and does not grow without end."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from laresd.app.keeping import DAY_S, FIRST_S, only_laresd, sweep, swept
from laresd.backends.near_misses import Clip, Label, clips_of
from laresd.config import Box, Config, Storage
from laresd.errors import Permanent
from laresd.types import HeardKind
from tests.fakes.clock import FakeClock

NOW = 1_790_000_000.0
SECOND = bytes(32_000)


def config(folder: Path, **limits: int) -> Config:
    return Config(box=Box(state_dir=folder), storage=Storage(**limits))  # type: ignore[arg-type]


def keep(settings: Config, count: int, label: Label = Label.NONE) -> None:
    """Clips of as many days, the youngest of today."""
    clips = clips_of(settings)
    for days in range(count):
        clip = Clip(NOW - days * DAY_S, "okay_nabu", HeardKind.WAKE, 0.9, "den", label)
        clips.add(clip, SECOND)
        os.utime(clips.folder / clip.file_name, (clip.at, clip.at))


async def test_old_clips_go_to_the_cold_place_and_are_listed_as_before(tmp_path: Path) -> None:
    settings = config(tmp_path)
    await asyncio.to_thread(keep, settings, 40)
    await swept(settings, NOW, None)
    assert len(await asyncio.to_thread(clips_of(settings).all)) == 40
    assert len(list((tmp_path / "cold" / "clips").iterdir())) == 10


async def test_clips_with_a_label_stay_whatever_the_limit(tmp_path: Path) -> None:
    settings = config(tmp_path, audio_mb=1, cold_after_days=0)
    await asyncio.to_thread(keep, settings, 30, Label.YES)
    await asyncio.to_thread(keep, settings, 20)
    await swept(settings, NOW, None)
    left = await asyncio.to_thread(clips_of(settings).all)
    assert sum(clip.label is Label.YES for clip in left) == 30
    assert 0 < len(left) - 30 < 20


async def test_a_restore_that_was_cut_off_is_brought_to_its_end_first(tmp_path: Path) -> None:
    (tmp_path / "restore" / "new" / "state").mkdir(parents=True)
    (tmp_path / "restore" / "new" / "state" / "switches.json").write_text("new")
    (tmp_path / "restore" / "plan.json").write_text(
        '{"aside": "replaced-1", "old": ["switches.json"]}'
    )
    (tmp_path / "switches.json").write_text("old")
    async with only_laresd(config(tmp_path), {}):
        assert (tmp_path / "switches.json").read_text() == "new"
        assert (tmp_path / "replaced-1" / "switches.json").read_text() == "old"


async def test_a_restore_that_cannot_be_brought_to_its_end_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "restore").mkdir()
    (tmp_path / "restore" / "plan.json").write_text("{")
    with pytest.raises(Permanent, match="a restore was cut off"):
        await only_laresd(config(tmp_path), {}).__aenter__()


async def test_a_failing_disk_is_told_and_tried_again_the_next_day(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings, clock = config(tmp_path), FakeClock(wall=NOW)
    await asyncio.to_thread(keep, settings, 40)
    (tmp_path / "cold").write_text("no folder")
    task = asyncio.create_task(sweep(settings, clock, None))
    await clock.asleep()
    await clock.advance(FIRST_S)
    assert "old files were not moved" in caplog.text
    assert len(list((tmp_path / "wake" / "clips").iterdir())) == 40
    (tmp_path / "cold").unlink()
    await clock.advance(DAY_S)
    assert len(list((tmp_path / "cold" / "clips").iterdir())) == 11
    task.cancel()
    await asyncio.wait([task])
