"""What woke the box, and what nearly did, is kept for its owner alone, and not without bound."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.near_misses import (
    BEFORE,
    QUEUED,
    Clip,
    ClipWriter,
    KeptClips,
    Label,
    RecentSound,
)
from laresd.errors import Permanent, Temporary
from laresd.sound import read_wav
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE, Heard, HeardKind
from tests.fakes.audio import silence, speech, wake_word
from tests.fakes.listener import FakeListener

NOON = 1_750_000_000.0
SECOND = bytes(2 * SAMPLE_RATE)


def clip(seconds: float = 0.0, label: Label = Label.NONE) -> Clip:
    return Clip(NOON + seconds, "okay_nabu", HeardKind.NEAR_WAKE, 0.61, "kitchen", label)


@pytest.fixture
def kept(tmp_path: Path) -> KeptClips:
    return KeptClips(tmp_path / "clips", limit=3)


class TestNames:
    @given(
        st.floats(0, 4e9),
        st.from_regex(r"[a-z_]{1,40}", fullmatch=True),
        st.sampled_from(list(Label)),
    )
    def test_a_clip_is_all_in_the_name_of_its_file(
        self, at: float, word: str, label: Label
    ) -> None:
        there = Clip(at, word, HeardKind.WAKE, 0.5, "attic", label)
        again = Clip.of(there.file_name)
        assert again is not None
        assert (again.name, again.word, again.label) == (there.name, word, label)

    @pytest.mark.parametrize("name", ["", "x.wav", "a~b~c~d~e~f.wav", "../../etc/passwd"])
    def test_other_files_are_no_clips(self, name: str) -> None:
        assert Clip.of(name) is None

    def test_an_ear_cannot_lead_out_of_the_folder(self) -> None:
        assert "/" not in Clip(NOON, "../x", HeardKind.WAKE, 1.0, "../../etc").file_name


class TestCold:
    def test_old_clips_are_listed_read_labelled_and_removed_as_before(
        self, kept: KeptClips
    ) -> None:
        kept.add(clip(), SECOND)
        kept.shelf.sweep(4e9, cold_after_s=1.0, most_bytes=0)
        assert not list(kept.folder.glob("*.wav"))
        (there,) = kept.all()
        assert read_wav(kept.read(there)).pcm == SECOND
        labelled = kept.label(kept.named(there.name), Label.YES)
        assert kept.all() == [labelled]
        kept.remove(labelled)
        assert kept.all() == []

    def test_old_clips_count_for_the_limit(self, kept: KeptClips) -> None:
        for seconds in range(3):
            kept.add(clip(seconds), SECOND)
        kept.shelf.sweep(4e9, cold_after_s=1.0, most_bytes=0)
        kept.add(clip(9), SECOND)
        assert [each.at - NOON for each in kept.all()] == [1, 2, 9]


class TestFolder:
    def test_what_is_kept_is_its_owner_s_alone(self, kept: KeptClips) -> None:
        kept.add(clip(), SECOND)
        file = kept.folder / clip().file_name
        assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert read_wav(file).pcm == SECOND

    def test_the_oldest_without_a_label_goes_first(self, kept: KeptClips) -> None:
        kept.add(clip(0, Label.YES), SECOND)
        for second in (1, 2, 3):
            kept.add(clip(second), SECOND)
        assert kept.all() == [clip(0, Label.YES), clip(2), clip(3)]

    def test_labelled_ones_are_never_thrown_away(self, kept: KeptClips) -> None:
        for second in range(3):
            kept.add(clip(second, Label.NO), SECOND)
        with pytest.raises(Temporary, match="all 3 kept clips have a label"):
            kept.add(clip(3), SECOND)
        assert len(kept.all()) == 3

    def test_a_label_can_be_given_and_taken_back(self, kept: KeptClips) -> None:
        kept.add(clip(), SECOND)
        labelled = kept.label(kept.named(clip().name), Label.YES)
        assert kept.all() == [labelled] and labelled.label is Label.YES
        assert kept.label(labelled, Label.NONE) == clip()
        assert read_wav(kept.read(clip())).pcm == SECOND

    def test_the_beginning_of_a_name_is_enough_if_there_is_one(self, kept: KeptClips) -> None:
        kept.add(clip(), SECOND)
        kept.add(clip(3600), SECOND)
        assert kept.named(clip(3600).name[:11]) == clip(3600)
        with pytest.raises(Permanent, match="2 clips are called 2025"):
            kept.named("2025")
        with pytest.raises(Permanent, match="0 clips are called nothing"):
            kept.named("nothing")

    def test_other_files_in_the_folder_are_left_alone(self, kept: KeptClips) -> None:
        kept.add(clip(), SECOND)
        (kept.folder / "mine~and~not.wav").write_bytes(b"x")
        assert kept.all() == [clip()]

    def test_where_nothing_was_kept_there_is_nothing(self, kept: KeptClips) -> None:
        assert kept.all() == []

    def test_a_folder_that_cannot_be_made_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        with pytest.raises(Permanent, match="cannot be kept"):
            KeptClips(tmp_path / "file" / "clips", 3).add(clip(), SECOND)


class TestWriter:
    def heard(self) -> Heard:
        return Heard(HeardKind.WAKE, 100, 0.9, "okay_nabu")

    async def test_clips_reach_the_disk(self, kept: KeptClips) -> None:
        writer = ClipWriter(kept, lambda: NOON)
        async with asyncio.TaskGroup() as tasks:
            run = tasks.create_task(writer.run())
            writer.keep(self.heard(), "attic", SECOND)
            async with asyncio.timeout(30):
                while not (there := await asyncio.to_thread(kept.all)):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            run.cancel()
        assert [(c.word, c.ear, c.kind) for c in there] == [("okay_nabu", "attic", "wake")]

    async def test_a_disk_that_is_slow_loses_clips_and_not_the_ear(
        self, kept: KeptClips, caplog: pytest.LogCaptureFixture
    ) -> None:
        writer = ClipWriter(kept, lambda: NOON)
        for _ in range(QUEUED + 1):
            writer.keep(self.heard(), "attic", SECOND)
        assert caplog.text.count("was not kept") == 1


class TestRecentSound:
    async def test_a_find_comes_with_the_sound_before_it(self) -> None:
        found: list[tuple[HeardKind, int]] = []
        ear = RecentSound(FakeListener(), lambda heard, pcm: found.append((heard.kind, len(pcm))))
        room = silence(320) + wake_word() + speech(320)
        for start in range(0, len(room), 2 * FRAME_SAMPLES):
            await ear.hear(room[start : start + 2 * FRAME_SAMPLES])
        assert found == [(HeardKind.WAKE, len(silence(320) + wake_word()) + 2 * FRAME_SAMPLES)]

    async def test_only_the_last_seconds_are_remembered(self) -> None:
        ear = RecentSound(FakeListener(), lambda heard, pcm: None)
        for _ in range(5):
            await ear.hear(silence(1024))
        assert len(ear.recent) == 2 * BEFORE
        await ear.reset()
        assert ear.recent == b""

    async def test_it_hears_what_its_listener_hears(self) -> None:
        inner = FakeListener()
        ear = RecentSound(inner, lambda heard, pcm: None)
        found = await ear.hear(silence(64))
        assert found == await FakeListener().hear(silence(64))
        await ear.close()
        assert inner.closed
