"""`lares backup` and `lares restore`: what a person types, sees and finds afterwards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from laresd import cli
from laresd.backends.backup import folders, record
from laresd.commands.progress import bar

needs_restic = pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed")


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "switches.json").write_text('{"microphone": false}')
    (tmp_path / "password").write_text("long and secret\n")
    path = tmp_path / "lares.toml"
    path.write_text(
        f'[box]\nname = "attic"\nstate_dir = "{tmp_path / "state"}"\n'
        f'[backup]\ntarget = "{tmp_path / "kept"}"\npassword_file = "{tmp_path / "password"}"\n'
    )
    return str(path)


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.slow
@needs_restic
def test_from_the_first_backup_to_its_return(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["backup", "--init", "--json", "--config", config]) == 0
    made = said(capsys)
    assert made["place"] == str(tmp_path / "kept")
    assert cli.main(["backup", "--list", "--check", "--json", "--config", config]) == 0
    listed = said(capsys)["backups"]
    assert isinstance(listed, list)
    assert [(each["id"], each["box"]) for each in listed] == [(made["snapshot"], "attic")]

    (tmp_path / "state" / "switches.json").write_text("{}")
    assert cli.main(["restore", "--json", "--config", config]) == 0
    back = said(capsys)
    assert (tmp_path / "state" / "switches.json").read_text() == '{"microphone": false}'
    assert (Path(str(back["aside"])) / "switches.json").read_text() == "{}"
    configuration = Path(str(back["configuration"])) / Path(config).relative_to("/")
    assert configuration.read_text() == Path(config).read_text()


@pytest.mark.slow
@needs_restic
def test_into_a_folder_of_its_own_nothing_else_is_touched(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["backup", "--init", "--quiet", "--config", config]) == 0
    assert capsys.readouterr() == ("", "")
    into = tmp_path / "deep" / "new"
    assert cli.main(["restore", "--into", str(into), "--config", config]) == 0
    assert (into / "switches.json").read_text() == '{"microphone": false}'
    assert not list((tmp_path / "state").glob("replaced-*"))
    assert str(into) in capsys.readouterr().out


@pytest.mark.slow
@needs_restic
def test_a_place_without_backups_is_not_begun_by_accident(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The disk may not be mounted."""
    assert cli.main(["backup", "--quiet", "--config", config]) == 1
    assert "lares backup --init" in capsys.readouterr().err
    assert not (tmp_path / "kept").exists()
    kept = record.read(tmp_path / "state")
    assert kept.good_at is None
    assert "there are no backups in" in kept.fault


@pytest.mark.slow
@needs_restic
def test_a_wrong_password_is_told_and_the_last_good_backup_stays_known(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["backup", "--init", "--quiet", "--config", config]) == 0
    good = record.read(tmp_path / "state")
    (tmp_path / "password").write_text("another\n")
    assert cli.main(["backup", "--quiet", "--config", config]) == 1
    error = capsys.readouterr().err
    assert "the password does not fit" in error
    assert "another" not in error
    kept = record.read(tmp_path / "state")
    assert (kept.good_at, kept.snapshot) == (good.good_at, good.snapshot)
    assert kept.fault


@pytest.mark.slow
@needs_restic
def test_a_damaged_database_is_told_and_is_no_good_backup(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state" / "timers.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    assert cli.main(["backup", "--init", "--quiet", "--config", config]) == 1
    assert "timers.db" in capsys.readouterr().err
    assert record.read(tmp_path / "state").good_at is None


@pytest.mark.slow
@needs_restic
def test_a_backup_that_is_not_there_is_told_and_changes_nothing(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["backup", "--init", "--quiet", "--config", config]) == 0
    assert cli.main(["restore", "--snapshot", "deadbeef", "--config", config]) == 1
    assert "there is no such backup" in capsys.readouterr().err
    assert (tmp_path / "state" / "switches.json").exists()
    assert not (tmp_path / "state" / "restore").exists()


def test_without_a_place_the_setting_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lares.toml").write_text(f'[box]\nstate_dir = "{tmp_path}"\n')
    assert cli.main(["backup", "--config", str(tmp_path / "lares.toml")]) == 2
    assert "backup.target" in capsys.readouterr().err


def test_a_place_inside_the_state_is_none(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = str(tmp_path / "state" / "kept")
    assert cli.main(["backup", "--init", "--target", inside, "--config", config]) == 2
    assert "inside the state folder" in capsys.readouterr().err


def test_two_backups_do_not_run_at_once(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with folders.only_one(tmp_path / "state"):
        assert cli.main(["backup", "--quiet", "--config", config]) == 1
    assert "another backup or restore is running" in capsys.readouterr().err


def test_nothing_is_restored_while_laresd_runs(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with folders.no_daemon(tmp_path / "state", []):
        assert cli.main(["restore", "--config", config]) == 1
    assert "laresd is running" in capsys.readouterr().err


@pytest.mark.parametrize(("part", "full"), [(0.0, 0), (0.5, 12), (1.0, 24), (7.0, 24), (-1.0, 0)])
def test_a_bar_is_as_full_as_the_work_is_done(part: float, full: int) -> None:
    assert bar(part).count("#") == full
    assert len(bar(part)) == 26
