"""A small file is there whole, or as it was before."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from laresd.backends.whole_file import write_whole


def test_it_is_its_owners_alone_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "switches.json"
    path.write_text("older and longer")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["switches.json"]


def test_what_a_power_failure_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "pin.part").write_text("half")
    write_whole(tmp_path / "pin", b"whole")
    assert (tmp_path / "pin").read_bytes() == b"whole"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "pin", b"x")
