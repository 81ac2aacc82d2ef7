"""restic is called without a secret in sight, and its failures are told in words for people."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from laresd.backends.backup.restic import Restic
from laresd.config import Backup
from laresd.errors import ConfigError, LaresError, Permanent, Temporary

S3 = "s3:https://store.example/bucket"
SUMMARY = {
    "message_type": "summary",
    "snapshot_id": "ab12",
    "total_files_processed": 3,
    "total_bytes_processed": 100,
    "data_added": 40,
}


@pytest.fixture
def held(tmp_path: Path) -> Iterator[int]:
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    yield lock
    os.close(lock)


@pytest.fixture
def settings(tmp_path: Path) -> Backup:
    for name, secret in (("password", "swordfish"), ("id", "AKIA123"), ("key", "s3cr3t")):
        (tmp_path / name).write_text(secret + "\n")
    return Backup(
        target=S3,
        password_file=tmp_path / "password",
        key_id_file=tmp_path / "id",
        secret_key_file=tmp_path / "key",
    )


class FakeRestic:
    """A program that notes how it was called, says something, and ends with a status."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "restic"
        self._called = folder / "called"
        self.answers()

    def answers(self, out: str = "", error: str = "", status: int = 0) -> None:
        (self.path.parent / "out").write_text(out)
        (self.path.parent / "error").write_text(error)
        self.path.write_text(
            f'#!/bin/sh\ncd {self.path.parent}\necho "$@" >> called\nenv > env\n'
            f"cat out\ncat error >&2\nexit {status}\n"
        )
        self.path.chmod(0o700)

    @property
    def words(self) -> list[str]:
        return self._called.read_text().splitlines()

    @property
    def environment(self) -> str:
        return (self.path.parent / "env").read_text()


@pytest.fixture
def program(tmp_path: Path) -> FakeRestic:
    return FakeRestic(tmp_path)


def restic(settings: Backup, held: int, program: FakeRestic) -> Restic:
    cache = program.path.parent / "cache"
    return Restic(settings, cache=cache, held=held, program=str(program.path), patience_s=0.0)


@pytest.fixture
def one(settings: Backup, held: int, program: FakeRestic) -> Restic:
    return restic(settings, held, program)


def test_no_secret_is_on_its_command_line(one: Restic, program: FakeRestic, tmp_path: Path) -> None:
    one.look()
    one.forget("attic", 7, 0, 12)
    one.check(2.5)
    program.answers(out=json.dumps(SUMMARY) + "\n")
    one.store(tmp_path, "attic", [Path("/cold")], lambda part: None)
    for secret in ("swordfish", "AKIA123", "s3cr3t", S3):
        assert secret not in "".join(program.words)
    _, forgetting, checking, storing = program.words
    assert "forget --tag lares --host attic --group-by host,tags --keep-daily=7" in forgetting
    assert "--keep-weekly" not in forgetting
    assert checking == "check --read-data-subset=2.5%"
    assert storing.endswith("--host attic --ignore-ctime . /cold")


def test_the_password_is_not_in_its_environment_and_a_strangers_settings_do_not_count(
    settings: Backup, held: int, program: FakeRestic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTIC_PASSWORD", "other")
    monkeypatch.setenv("AWS_PROFILE", "other")
    restic(settings, held, program).look()
    assert "swordfish" not in program.environment
    assert "other" not in program.environment
    assert f"RESTIC_REPOSITORY={S3}\n" in program.environment
    assert "AWS_SECRET_ACCESS_KEY=s3cr3t\n" in program.environment


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        ("Fatal: wrong password or no key found", Permanent, "the password does not fit"),
        (
            "Fatal: unable to open config file: stat /x: no such file\n"
            "Is there a repository at the following location?\n/x",
            Temporary,
            "there are no backups in",
        ),
        ("Fatal: write /x: no space left on device", Temporary, "no space left in"),
        ("unable to create lock in backend: repository is already locked", Temporary, "in use"),
        ("nice: 'restic': No such file or directory", Permanent, "cannot be started"),
        ("Fatal: something of tomorrow", Temporary, "something of tomorrow"),
        ("", Temporary, "restic ended with 1"),
    ],
)
def test_a_failure_is_told_in_words(
    one: Restic, program: FakeRestic, said: str, kind: type[LaresError], message: str
) -> None:
    program.answers(error=said, status=1)
    with pytest.raises(kind, match=message) as caught:
        one.look()
    assert caught.value.remedy


def test_a_repository_that_is_in_use_is_waited_for(
    settings: Backup, held: int, program: FakeRestic, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.answers(error="repository is already locked exclusively", status=1)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        if seconds >= 1.0:  # the others are of waiting for a process
            pauses.append(seconds)
            program.answers()

    monkeypatch.setattr("laresd.backends.backup.restic.time.sleep", pause)
    patient = Restic(settings, cache=Path("/none"), held=held, program=str(program.path))
    patient.check(0)
    assert pauses == [2.0]
    assert program.words == ["check", "unlock", "check"]


def test_no_secret_is_in_a_failure(settings: Backup, held: int, program: FakeRestic) -> None:
    program.answers(
        error="Fatal: AKIA123 with s3cr3t at https://ada:hidden@store.example/ failed", status=1
    )
    with pytest.raises(Temporary) as caught:
        restic(settings, held, program).look()
    for secret in ("AKIA123", "s3cr3t", "hidden"):
        assert secret not in str(caught.value)


def test_a_password_in_the_address_is_not_shown(
    tmp_path: Path, held: int, settings: Backup, program: FakeRestic
) -> None:
    target = "rest:https://ada:hidden@store.example/"
    one = restic(Backup(target=target, password_file=settings.password_file), held, program)
    assert one.shown == "rest:https://ada:…@store.example/"


def test_a_backup_in_which_files_are_missing_is_none(
    settings: Backup, held: int, program: FakeRestic, tmp_path: Path
) -> None:
    program.answers(error="error: lstat x: permission denied", status=3)
    with pytest.raises(LaresError):
        restic(settings, held, program).store(tmp_path, "attic", [], lambda part: None)


def test_progress_is_told(settings: Backup, held: int, program: FakeRestic, tmp_path: Path) -> None:
    lines = [
        {"message_type": "status", "percent_done": 0.25},
        {"message_type": "status", "percent_done": 1},
        SUMMARY,
    ]
    program.answers(out="\n".join(map(json.dumps, lines)) + "\nnot json\n")
    parts: list[float] = []
    stored = restic(settings, held, program).store(tmp_path, "attic", [], parts.append)
    assert parts == [0.25, 1.0]
    assert (stored.snapshot, stored.files, stored.size, stored.added) == ("ab12", 3, 100, 40)


def test_an_answer_without_a_summary_is_no_backup(
    settings: Backup, held: int, program: FakeRestic, tmp_path: Path
) -> None:
    with pytest.raises(Temporary, match="did not say"):
        restic(settings, held, program).store(tmp_path, "attic", [], lambda part: None)


def test_ssh_asks_nobody_and_uses_the_key_that_is_named(
    settings: Backup, held: int, program: FakeRestic
) -> None:
    there = Backup(
        target="sftp:ada@nas:/backups",
        password_file=settings.password_file,
        ssh_key_file=Path("/etc/lares/key"),
    )
    restic(there, held, program).look()
    assert "-i /etc/lares/key ada@nas -s sftp" in program.words[0]
    assert "BatchMode=yes" in program.words[0]
    restic(
        Backup(target="sftp://ada@nas:2222/backups", password_file=settings.password_file),
        held,
        program,
    ).look()
    assert "-p 2222 ada@nas -s sftp" in program.words[1]


@pytest.mark.parametrize("target", ["sftp:-oProxyCommand=evil:/x", "sftp::/x"])
def test_a_host_cannot_be_an_option_of_ssh(
    settings: Backup, held: int, program: FakeRestic, target: str
) -> None:
    with pytest.raises(ConfigError, match="names no host"):
        restic(Backup(target=target, password_file=settings.password_file), held, program)


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        (Backup(), "backup.target"),
        (Backup(target="/x"), "backup.password_file"),
        (Backup(target="/x", password_file=Path("/none")), "backup.password_file"),
    ],
)
def test_what_is_not_configured_is_named(
    missing: Backup, named: str, held: int, program: FakeRestic
) -> None:
    with pytest.raises(ConfigError) as caught:
        restic(missing, held, program)
    assert named in str(caught.value)


def test_an_empty_password_file_is_no_password(
    tmp_path: Path, held: int, program: FakeRestic
) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError, match="is empty"):
        restic(Backup(target="/x", password_file=tmp_path / "empty"), held, program)


def test_a_program_that_is_not_there_is_told(settings: Backup, held: int, tmp_path: Path) -> None:
    one = Restic(settings, cache=tmp_path, held=held, program="/none/restic")
    with pytest.raises(Permanent, match="restic cannot be started") as caught:
        one.look()
    assert caught.value.remedy == "apt install restic"
