"""A box's whole state goes into a real repository and comes back, also when the power fails."""

from __future__ import annotations

import asyncio
import dataclasses
import getpass
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from laresd.backends.backup import making, record, restoring
from laresd.backends.switches import SwitchFile
from laresd.backends.timers import SqliteTimerStore
from laresd.commands.restore import LAYOUTS
from laresd.config import Config
from laresd.errors import Permanent, Temporary
from laresd.timing import TimerRecord
from tests.fakes import box_state

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed"),
]
PATIENCE = 120.0  # seconds; a deadline that only a hang reaches


@pytest.fixture
async def box(tmp_path: Path) -> tuple[Config, Path]:
    """Filled, with a repository that is empty."""
    config, _ = box_state.box(tmp_path)
    await box_state.fill(config)
    file = tmp_path / "etc" / "lares.toml"
    file.write_text(
        f'[box]\nname = "attic"\nstate_dir = "{config.box.state_dir}"\n'
        f'[risk]\npin_file = "{config.risk.pin_file}"\n'
        f'[storage]\ncold_dir = "{config.storage.cold_dir}"\n'
        f'[backup]\ntarget = "{config.backup.target}"\n'
        f'password_file = "{config.backup.password_file}"\ncheck_percent = 100.0\n'
    )
    return config, file


def back_up(config: Config, file: Path, *, begin: bool = False) -> making.Made:
    """Waits for the end of a restic whose caller was killed."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return making.make(
                config, file, now=time.time, told=lambda step, part: None, begin=begin
            )
        except Temporary as error:
            if "another backup" not in error.message or time.monotonic() > until:
                raise
        time.sleep(0.1)


def put_back(config: Config, folder: Path) -> restoring.Restored:
    return restoring.restore(
        config.backup,
        folder,
        "latest",
        sockets=[],
        layouts=LAYOUTS,
        told=lambda step, part: None,
    )


def at(config: Config, state: Path) -> Config:
    return dataclasses.replace(config, box=dataclasses.replace(config.box, state_dir=state))


async def test_all_stores_come_back_as_they_were(box: tuple[Config, Path], tmp_path: Path) -> None:
    config, file = box
    before = await box_state.told(config)
    made = await asyncio.to_thread(back_up, config, file, begin=True)
    shutil.rmtree(config.box.state_dir)
    shutil.rmtree(config.storage.cold_dir or tmp_path / "none")
    assert config.risk.pin_file is not None
    config.risk.pin_file.unlink()

    done = await asyncio.to_thread(put_back, config, config.box.state_dir)
    assert done.manifest == made.manifest
    assert done.aside is None
    assert done.outside is not None
    _back_to_their_places(done.outside, tmp_path)
    assert await box_state.told(config) == before
    left = {each.what for each in done.manifest.left_out}
    assert {"models/tiny", "heads", "embedding", str(config.backup.password_file)} < left


def _back_to_their_places(outside: Path, folder: Path) -> None:
    """As a person would copy the files; only those of the test, and no folder is touched."""
    for path in outside.rglob("*"):
        if path.is_file():
            target = Path("/") / path.relative_to(outside)
            assert target.is_relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


async def test_a_box_that_goes_on_is_kept_as_it_was_at_one_moment(
    box: tuple[Config, Path], tmp_path: Path
) -> None:
    config, file = box
    async with SqliteTimerStore(config.box.state_dir / "timers.db") as timers:
        backing = asyncio.create_task(asyncio.to_thread(back_up, config, file, begin=True))
        count = 0
        while not backing.done():
            await timers.save(TimerRecord(0, f"{count}", 60.0, 1e9, None))
            count += 1
        await backing
    await asyncio.to_thread(put_back, config, tmp_path / "new")
    async with SqliteTimerStore(tmp_path / "new" / "timers.db") as timers:
        names = [timer.name for timer in await timers.load()]
    assert names == ["pasta", *(f"{number}" for number in range(len(names) - 1))]


async def test_only_what_is_new_is_stored_again(box: tuple[Config, Path]) -> None:
    config, file = box
    first = await asyncio.to_thread(back_up, config, file, begin=True)
    second = await asyncio.to_thread(back_up, config, file)
    assert second.stored.files == first.stored.files
    assert second.stored.added < first.stored.added / 4


async def test_nothing_can_be_read_in_the_repository_without_the_password(
    box: tuple[Config, Path],
) -> None:
    config, file = box
    await asyncio.to_thread(back_up, config, file, begin=True)
    for path in Path(config.backup.target).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for secret in (b"boiler", b"a token", b"scrypt$", b"good night", b"timers.db"):
                assert secret not in content


def killed(file: Path, moment: float, *words: str) -> None:
    """A command of a person that is cut off, by a kill of it alone or of all that it started."""
    code = "import sys; from laresd.cli import main; sys.exit(main(sys.argv[1:]))"
    child = subprocess.Popen(
        [sys.executable, "-c", code, *words, "--config", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(moment)
    if int(moment * 1000) % 2:
        child.kill()
    else:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


async def test_backups_that_are_killed_harm_neither_the_box_nor_older_ones(
    box: tuple[Config, Path], tmp_path: Path
) -> None:
    config, file = box
    chance = random.Random(3)
    before = await box_state.told(config)
    await asyncio.to_thread(back_up, config, file, begin=True)
    good = await asyncio.to_thread(record.read, config.box.state_dir)
    for _ in range(12):
        await asyncio.to_thread(killed, file, chance.uniform(0.1, 4.0), "backup")
        kept = await asyncio.to_thread(record.read, config.box.state_dir)
        assert kept.good_at is not None
        assert kept.fault == ""
    assert await box_state.told(config) == before
    await asyncio.to_thread(back_up, config, file)  # its check reads all that is stored
    latest = await asyncio.to_thread(record.read, config.box.state_dir)
    assert latest.good_at is not None
    assert good.good_at is not None
    assert latest.good_at > good.good_at
    done = await asyncio.to_thread(put_back, config, tmp_path / "new")
    assert await box_state.told(at(config, done.folder)) == before
    assert not (config.box.state_dir / "backup" / "copy").exists()


async def test_restores_that_are_killed_leave_the_old_state_or_the_new_one(
    box: tuple[Config, Path],
) -> None:
    config, file = box
    state = config.box.state_dir
    chance = random.Random(4)
    new = await box_state.told(config)
    await asyncio.to_thread(back_up, config, file, begin=True)
    for _ in range(10):
        async with SqliteTimerStore(state / "timers.db") as timers:
            for timer in await timers.load():
                await timers.delete(timer.id)
        await SwitchFile(state / "switches.json").save({"microphone": True})
        old = await box_state.told(config)
        assert old != new
        await asyncio.to_thread(killed, file, chance.uniform(0.1, 5.0), "restore")
        await asyncio.to_thread(restoring.finish, state)
        found = await box_state.told(config)
        assert found in (old, new)
    await asyncio.to_thread(_restored_at_last, config, state)
    assert await box_state.told(config) == new


def _restored_at_last(config: Config, state: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            put_back(config, state)
            return
        except Temporary as error:
            if "another backup" not in error.message or time.monotonic() > until:
                raise
        time.sleep(0.1)


@pytest.fixture
def ssh_server(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A real one on loopback, for this user: its port, and the key that it lets in."""
    server, files = shutil.which("sshd", path="/usr/sbin"), Path("/usr/lib/openssh/sftp-server")
    if server is None or not files.exists():
        pytest.skip("there is no SSH server here")
    for name in ("host", "key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    (tmp_path / "sshd.conf").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {tmp_path}/host\nPidFile none\n"
        f"AuthorizedKeysFile {tmp_path}/key.pub\nStrictModes no\nUsePAM no\n"
        f"PermitRootLogin prohibit-password\nSubsystem sftp {files}\n"
    )
    process = subprocess.Popen(
        [server, "-D", "-e", "-f", tmp_path / "sshd.conf"], stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        if b"listening" not in said:
            pytest.skip(f"the SSH server does not start: {said!r}")
        yield port, tmp_path / "key"
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


async def test_over_ssh_a_host_is_believed_once_and_never_another_in_its_place(
    box: tuple[Config, Path], ssh_server: tuple[int, Path], tmp_path: Path
) -> None:
    config, file = box
    port, key = ssh_server
    target = f"sftp://{getpass.getuser()}@127.0.0.1:{port}/{tmp_path}/far"
    settings = dataclasses.replace(config.backup, target=target, ssh_key_file=key)
    there = dataclasses.replace(config, backup=settings)
    before = await box_state.told(config)
    await asyncio.to_thread(back_up, there, file, begin=True)
    done = await asyncio.to_thread(put_back, there, tmp_path / "new")
    assert await box_state.told(at(config, done.folder)) == before

    hosts = config.box.state_dir / "backup" / "known_hosts"
    other = (tmp_path / "key.pub").read_text().split()[1]
    hosts.write_text(f"[127.0.0.1]:{port} ssh-ed25519 {other}\n")
    with pytest.raises(Permanent, match="not the host that it was"):
        await asyncio.to_thread(back_up, there, file)
