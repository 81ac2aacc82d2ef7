"""What every routine store keeps, and that the real one outlives a restart and damage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from laresd.backends.routines import SqliteRoutineStore
from laresd.ports import RoutineStore
from laresd.types import RoutineRecord
from tests.fakes.routine_store import FakeRoutineStore

NIGHT = RoutineRecord("good night", ("turn everything off", "lock the door"), "en", "Bedroom")
MORGEN = RoutineRecord("晚安", ("关掉所有灯",), "zh-CN")


@pytest.fixture(params=["fake", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RoutineStore]:
    if request.param == "fake":
        yield FakeRoutineStore()
        return
    async with SqliteRoutineStore(tmp_path / "state" / "routines.db") as opened:
        yield opened


async def test_routines_are_loaded_as_they_were_saved_in_that_order(store: RoutineStore) -> None:
    await store.save(NIGHT)
    await store.save(MORGEN)
    assert list(await store.load()) == [NIGHT, MORGEN]


async def test_saving_the_same_phrase_replaces(store: RoutineStore) -> None:
    await store.save(NIGHT)
    shorter = replace(NIGHT, steps=("turn everything off",), area=None)
    await store.save(shorter)
    assert list(await store.load()) == [shorter]


async def test_what_is_deleted_is_gone_and_deleting_twice_is_no_error(store: RoutineStore) -> None:
    await store.save(NIGHT)
    await store.delete(NIGHT.phrase)
    await store.delete(NIGHT.phrase)
    assert list(await store.load()) == []


async def test_routines_outlive_the_process_that_made_them(tmp_path: Path) -> None:
    path = tmp_path / "routines.db"
    async with SqliteRoutineStore(path) as store:
        await store.save(NIGHT)
    async with SqliteRoutineStore(path) as store:
        assert list(await store.load()) == [NIGHT]
        assert store.moved_aside is None


async def test_a_damaged_file_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "routines.db"
    path.write_bytes(b"x" * 5000)
    async with SqliteRoutineStore(path) as store:
        assert list(await store.load()) == []
        assert store.moved_aside is not None and store.moved_aside.exists()
