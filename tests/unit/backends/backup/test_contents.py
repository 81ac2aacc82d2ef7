"""A copy of the box is all of its state at one moment, without what can be made again."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path

import pytest

from laresd.backends.backup.contents import (
    MANIFEST,
    OUTSIDE,
    STATE,
    Manifest,
    configured_files,
    copied,
)
from laresd.backends.broker.messages import Outgoing
from laresd.backends.broker.outbox import Kept, Outbox
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.sqlite import copy_database, layout_of
from laresd.backends.timers import SqliteTimerStore
from laresd.config import Config, HostSettings
from laresd.core.knowledge.words import words
from laresd.errors import Permanent
from laresd.timing import TimerRecord
from tests.fakes import box_state


@pytest.fixture
async def box(tmp_path: Path) -> tuple[Config, Path]:
    made = box_state.box(tmp_path)
    await box_state.fill(made[0])
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "copy"
    made.mkdir()
    return made


async def copy(box: tuple[Config, Path], folder: Path) -> Manifest:
    return await asyncio.to_thread(copied, *box, folder, at=5.0)


async def test_all_that_cannot_be_made_again_is_in_it(
    box: tuple[Config, Path], folder: Path
) -> None:
    before = await box_state.told(box[0])
    manifest = await copy(box, folder)
    state = dataclasses.replace(box[0].box, state_dir=folder / STATE)
    assert await box_state.told(dataclasses.replace(box[0], box=state)) == before
    assert manifest.faults == ()
    assert {kept.path for kept in manifest.files} >= {
        "timers.db", "routines.db", "outbox.db", "library.db", "switches.json", "hosts.json",
        "host-tokens/tower", "wake/okay_nabu.npz",
    }  # fmt: skip


async def test_what_can_be_made_again_is_left_out_and_named(
    box: tuple[Config, Path], folder: Path
) -> None:
    manifest = await copy(box, folder)
    left = {each.what: each.again for each in manifest.left_out}
    assert left["models/tiny"] == "lares models pull tiny"
    assert {"heads", "embedding", "the indexes of library.db"} < left.keys()
    assert not [kept for kept in manifest.files if kept.path.startswith(("models/", "heads"))]
    assert not (folder / STATE / "models").exists()


async def test_the_indexes_of_documents_are_left_out_and_the_documents_are_not(
    box: tuple[Config, Path], folder: Path
) -> None:
    async with LibraryStore(box[0].box.state_dir / "library.db", words) as library:
        assert await library.indexes()
    await copy(box, folder)
    async with LibraryStore(folder / STATE / "library.db", words) as library:
        assert await library.indexes() == []
        assert await library.text(1) == box_state.TEXT
        assert not await library.unembedded(box_state.MODEL, 8)


async def test_the_configuration_and_its_secrets_are_in_it_but_not_the_backups_own(
    box: tuple[Config, Path], folder: Path
) -> None:
    manifest = await copy(box, folder)
    config, file = box
    assert manifest.outside == (str(file), str(config.risk.pin_file))
    assert (folder / OUTSIDE / file.relative_to("/")).read_text() == file.read_text()
    assert not list((folder / OUTSIDE).rglob("password"))
    assert str(config.backup.password_file) in {each.what for each in manifest.left_out}


def test_files_that_tables_of_the_configuration_name_are_found(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("x")
    hosts = {"tower": HostSettings(token_file=token), "den": HostSettings(token_file=tmp_path)}
    assert configured_files(Config(hosts=hosts), None) == [token]


async def test_a_database_is_copied_while_others_write_to_it(tmp_path: Path) -> None:
    async with SqliteTimerStore(tmp_path / "timers.db") as store:
        for number in range(20):
            await store.save(TimerRecord(0, f"{number}", 60.0, 1e9, None))
        writing = asyncio.create_task(_write(store))
        for number in range(10):
            target = tmp_path / f"copy-{number}.db"
            await asyncio.to_thread(copy_database, tmp_path / "timers.db", target)
            assert await asyncio.to_thread(layout_of, target) == 1
            async with SqliteTimerStore(target) as copied_store:
                names = [timer.name for timer in await copied_store.load()]
            assert names == [f"{n}" for n in range(len(names))]
            assert len(names) >= 20
        await writing


async def _write(store: SqliteTimerStore) -> None:
    for number in range(20, 60):
        await store.save(TimerRecord(0, f"{number}", 60.0, 1e9, None))


async def test_what_waited_for_the_broker_is_never_sent_out_of_a_backup(
    box: tuple[Config, Path], folder: Path
) -> None:
    config = box[0]
    async with Outbox(config.box.state_dir / "outbox.db") as outbox:
        await outbox.add(Kept(Outgoing("lock/set", b"UNLOCK"), keep_until=9e9, kept_at=1.0))
        assert len(await outbox.load()) == 1
        await copy(box, folder)
    async with Outbox(folder / STATE / "outbox.db") as copied_outbox:
        assert list(await copied_outbox.load()) == []
        assert not await copied_outbox.first("request-1")


async def test_a_copy_is_for_its_owner_alone(box: tuple[Config, Path], folder: Path) -> None:
    await copy(box, folder)
    for part in (STATE, OUTSIDE, f"{STATE}/host-tokens", f"{STATE}/wake/clips"):
        assert (folder / part).stat().st_mode & 0o077 == 0, part


async def test_a_damaged_database_is_a_fault_and_the_rest_is_copied(
    box: tuple[Config, Path], folder: Path
) -> None:
    path = box[0].box.state_dir / "timers.db"
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 4096)
    manifest = await copy(box, folder)
    (fault,) = manifest.faults
    assert "timers.db" in fault
    assert "routines.db" in {kept.path for kept in manifest.files}


async def test_a_damaged_file_that_was_moved_aside_is_kept_as_it_is(
    box: tuple[Config, Path], folder: Path
) -> None:
    aside = box[0].box.state_dir / "timers.db.damaged-20260101T000000"
    aside.write_bytes(b"SQLite format 3\0 and nothing else")
    aside.with_name(aside.name + "-wal").write_bytes(b"journal")
    manifest = await copy(box, folder)
    assert manifest.faults == ()
    assert (folder / STATE / aside.name).read_bytes() == aside.read_bytes()
    assert (folder / STATE / (aside.name + "-wal")).exists()


async def test_what_is_being_written_and_what_others_own_is_no_part_of_it(
    box: tuple[Config, Path], folder: Path
) -> None:
    state = box[0].box.state_dir
    (state / "hosts.json.part").write_bytes(b"half")
    (state / "replaced-20260101T000000").mkdir()
    (state / "replaced-20260101T000000" / "old").write_bytes(b"x")
    (state / "backup").mkdir()
    (state / "backup" / "record.json").write_bytes(b"{}")
    (state / "control.sock.lock").write_bytes(b"1")
    (state / "elsewhere").symlink_to("/etc/passwd")
    manifest = await copy(box, folder)
    names = {kept.path.partition("/")[0] for kept in manifest.files}
    assert names.isdisjoint(
        {"hosts.json.part", "replaced-20260101T000000", "backup", "control.sock.lock", "elsewhere"}
    )


async def test_the_manifest_says_all_of_it(box: tuple[Config, Path], folder: Path) -> None:
    manifest = await copy(box, folder)
    assert Manifest.read((folder / MANIFEST).read_bytes()) == manifest
    assert {kept.path: kept.layout for kept in manifest.files}["timers.db"] == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"{}"])
def test_a_damaged_manifest_is_told(content: bytes) -> None:
    with pytest.raises(Permanent):
        Manifest.read(content)


def test_a_manifest_of_a_newer_lares_is_not_guessed_at() -> None:
    with pytest.raises(Permanent, match="newer Lares"):
        Manifest.read(json.dumps({"layout": 99}).encode())
