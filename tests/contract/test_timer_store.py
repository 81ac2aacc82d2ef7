"""What every timer store keeps, and what the real one does when its file is in trouble."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from laresd.backends.timers import MIGRATIONS, SqliteTimerStore
from laresd.errors import Permanent
from laresd.ports import TimerStore
from laresd.timing import TimerRecord
from tests.fakes.timer_store import FakeTimerStore

TEA = TimerRecord(0, "tea", 240.0, ends_at=1_790_000_240.5, remaining=None, area="kitchen")
EGGS = TimerRecord(0, "", 600.0, ends_at=None, remaining=12.25, extended=-60.0)


@pytest.fixture(params=["fake", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[TimerStore]:
    if request.param == "fake":
        yield FakeTimerStore()
        return
    async with SqliteTimerStore(tmp_path / "state" / "timers.sqlite3") as opened:
        yield opened


async def test_a_new_timer_gets_an_id_and_is_loaded_as_it_was_saved(store: TimerStore) -> None:
    tea, eggs = await store.save(TEA), await store.save(EGGS)
    assert (tea, eggs) == (dataclasses.replace(TEA, id=1), dataclasses.replace(EGGS, id=2))
    assert list(await store.load()) == [tea, eggs]


async def test_saving_again_replaces(store: TimerStore) -> None:
    tea = await store.save(TEA)
    paused = dataclasses.replace(tea, ends_at=None, remaining=7.0)
    assert await store.save(paused) == paused
    assert list(await store.load()) == [paused]


async def test_what_is_deleted_is_gone_and_deleting_twice_is_no_error(store: TimerStore) -> None:
    tea, eggs = await store.save(TEA), await store.save(EGGS)
    await store.delete(tea.id)
    await store.delete(tea.id)
    assert list(await store.load()) == [eggs]


async def test_an_id_is_not_given_twice(store: TimerStore) -> None:
    tea = await store.save(TEA)
    await store.delete(tea.id)
    assert (await store.save(EGGS)).id != tea.id


async def test_timers_outlive_the_process_that_set_them(tmp_path: Path) -> None:
    path = tmp_path / "timers.sqlite3"
    async with SqliteTimerStore(path) as store:
        tea = await store.save(TEA)
    async with SqliteTimerStore(path) as store:
        assert list(await store.load()) == [tea]
        assert store.moved_aside is None


@pytest.mark.parametrize("damage", ["not a database", "a hole in the middle", "cut off"])
async def test_a_damaged_file_is_moved_aside_and_said(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "timers.sqlite3"
    async with SqliteTimerStore(path) as store:
        for _ in range(200):
            await store.save(TEA)
    content = path.read_bytes()
    broken = {
        "not a database": b"x" * 5000,
        "a hole in the middle": content[:4096] + bytes([0xA5]) * 8192 + content[12288:],
        "cut off": content[: len(content) - 6000],
    }[damage]
    path.write_bytes(broken)

    with caplog.at_level(logging.ERROR):
        async with SqliteTimerStore(path) as store:
            assert list(await store.load()) == []
            assert store.moved_aside is not None
            assert store.moved_aside.read_bytes() == broken
            assert (await store.save(TEA)).id == 1
    assert "damaged" in caplog.text
    assert str(store.moved_aside) in caplog.text


async def test_a_file_of_a_newer_lares_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "timers.sqlite3"
    async with SqliteTimerStore(path):
        pass
    newer = apsw.Connection(str(path))
    newer.pragma("user_version", len(MIGRATIONS) + 1)
    newer.close()
    with pytest.raises(Permanent, match="newer Lares"):
        async with SqliteTimerStore(path):
            pass


async def test_a_place_that_cannot_be_written_is_said_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Permanent, match="cannot use the timers' file") as caught:
        async with SqliteTimerStore(tmp_path / "file" / "timers.sqlite3"):
            pass
    assert "write there" in caught.value.remedy


async def test_a_folder_in_the_files_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "timers.sqlite3").mkdir()
    with pytest.raises(Permanent, match="cannot write"):
        async with SqliteTimerStore(tmp_path / "timers.sqlite3"):
            pass
