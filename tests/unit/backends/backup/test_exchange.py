"""A fetched backup takes the state's place: wherever that is cut off, it can be gone on with."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from laresd.backends.backup.contents import MANIFEST, STATE, Kept, Manifest
from laresd.backends.backup.folders import no_daemon, only_one
from laresd.backends.backup.restoring import examined, finish, plan
from laresd.backends.timers import SqliteTimerStore
from laresd.errors import Permanent, Refused, Temporary
from laresd.frontends.control import ControlServer

OLD = {"timers.db": "old", "timers.db-wal": "old journal", "host-tokens/den": "old", "note": "old"}
NEW = {"timers.db": "new", "host-tokens/tower": "new", "hosts.json": "new"}
STAYS = {"models/tiny/file": "model", "backup/record.json": "record", "control.sock.lock": ""}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def read(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def prepare(state: Path) -> Path:
    """A state in which a fetched backup and a plan lie ready; where the old goes."""
    write(state, OLD | STAYS)
    new = state / "restore" / "new"
    write(new / STATE, NEW)
    write(new, {"outside/etc/lares/lares.toml": "configured", "mnt/cold/clip.zst": "cold"})
    (new / MANIFEST).write_text("{}")
    return plan(state)


def expect_exchanged(state: Path, aside: Path) -> None:
    assert read(aside) == OLD
    found = {name: text for name, text in read(state).items() if not name.startswith("replaced-")}
    assert found == NEW | STAYS | {
        "restored-outside/etc/lares/lares.toml": "configured",
        "restored-outside/mnt/cold/clip.zst": "cold",
    }


def test_what_was_there_is_aside_and_what_is_made_again_stays(tmp_path: Path) -> None:
    aside = prepare(tmp_path)
    assert finish(tmp_path)
    expect_exchanged(tmp_path, aside)
    assert not finish(tmp_path)


def test_without_a_plan_nothing_happens(tmp_path: Path) -> None:
    write(tmp_path, OLD | {"restore/new/state/timers.db": "half a download"})
    before = read(tmp_path)
    assert not finish(tmp_path)
    assert read(tmp_path) == before


def test_a_damaged_plan_is_not_guessed_at(tmp_path: Path) -> None:
    write(tmp_path, OLD | {"restore/plan.json": "{"})
    with pytest.raises(Permanent, match="a restore was cut off"):
        finish(tmp_path)


class Cut(Exception):
    """The power fails."""


@pytest.mark.parametrize("steps", range(1, 12))
def test_cut_off_after_any_step_it_is_brought_to_its_end(tmp_path: Path, steps: int) -> None:
    aside = prepare(tmp_path)
    done = 0

    def moved() -> None:
        nonlocal done
        done += 1
        if done == steps:
            raise Cut

    try:
        finish(tmp_path, moved)
    except Cut:
        assert finish(tmp_path)
    expect_exchanged(tmp_path, aside)


CHILD = """
import os, signal, sys
from pathlib import Path
from laresd.backends.backup.restoring import finish
left = int(sys.argv[2])
def moved():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
finish(Path(sys.argv[1]), moved)
"""


def test_killed_in_the_middle_it_is_brought_to_its_end(tmp_path: Path) -> None:
    aside = prepare(tmp_path)
    child = subprocess.run([sys.executable, "-c", CHILD, tmp_path, "4"], check=False)
    assert child.returncode == -signal.SIGKILL
    assert finish(tmp_path)
    expect_exchanged(tmp_path, aside)


async def fetched(folder: Path) -> Manifest:
    async with SqliteTimerStore(folder / STATE / "timers.db"):
        pass
    size = await asyncio.to_thread(lambda: (folder / STATE / "timers.db").stat().st_size)
    manifest = Manifest(1.0, "1", "attic", (Kept("timers.db", size, 1),))
    (folder / MANIFEST).write_bytes(manifest.written())
    return manifest


async def test_a_whole_backup_passes(tmp_path: Path) -> None:
    manifest = await fetched(tmp_path)
    assert await asyncio.to_thread(examined, tmp_path, {"timers.db": 1}) == manifest


async def test_a_database_of_a_newer_lares_is_refused(tmp_path: Path) -> None:
    await fetched(tmp_path)
    with pytest.raises(Permanent, match="newer Lares"):
        await asyncio.to_thread(examined, tmp_path, {"timers.db": 0})


@pytest.mark.parametrize("damage", ["cut", "gone", "other", "torn"])
async def test_a_database_that_is_damaged_is_refused(tmp_path: Path, damage: str) -> None:
    await fetched(tmp_path)
    path = tmp_path / STATE / "timers.db"
    content = path.read_bytes()
    match damage:
        case "cut":
            path.write_bytes(content[:-1])
        case "gone":
            path.unlink()
        case "other":
            path.write_bytes(b"x" * len(content))
        case _:
            path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(Permanent, match=r"timers\.db"):
        await asyncio.to_thread(examined, tmp_path, {"timers.db": 1})


def test_what_is_no_backup_of_lares_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="no backup of Lares"):
        examined(tmp_path, {})


async def test_nothing_is_put_back_while_laresd_runs(tmp_path: Path) -> None:
    def held(sockets: list[Path]) -> None:
        with no_daemon(tmp_path / "state", sockets):
            pass

    (tmp_path / "state").mkdir()
    for socket in (tmp_path / "state" / "control.sock", tmp_path / "run" / "control.sock"):
        async with ControlServer(socket, {}):
            with pytest.raises(Refused, match="laresd is running"):
                await asyncio.to_thread(held, [socket])
        await asyncio.to_thread(held, [socket])


async def test_laresd_does_not_start_while_something_is_put_back(tmp_path: Path) -> None:
    socket = tmp_path / "control.sock"
    with no_daemon(tmp_path, [socket]), pytest.raises(Permanent, match="another laresd"):
        await ControlServer(socket, {}).__aenter__()


def test_two_do_not_run_at_once(tmp_path: Path) -> None:
    again = only_one(tmp_path)
    with only_one(tmp_path), pytest.raises(Temporary, match="another backup"), again:
        pass
    with only_one(tmp_path):
        pass


OWNER = """
import os, sys
from pathlib import Path
from laresd.backends.backup.folders import become_owner
become_owner(Path(sys.argv[1]))
print(*os.getresuid(), *os.getresgid(), *os.getgroups())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize(("owner", "told"), [(65534, ["65534"] * 3 + ["65533"] * 3), (0, ["0"])])
def test_root_becomes_the_owner_of_the_state(tmp_path: Path, owner: int, told: list[str]) -> None:
    os.chown(tmp_path, owner, 65533 if owner else 0)
    run = subprocess.run(
        [sys.executable, "-c", OWNER, tmp_path], check=True, capture_output=True, text=True
    )
    assert run.stdout.split()[: len(told)] == told
    assert len(run.stdout.split()) == 6 or owner == 0
