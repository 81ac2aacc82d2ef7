"""The file of what is switched off for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.backends.switches import SwitchFile
from laresd.errors import Temporary


async def test_what_was_saved_is_there_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "switches.json"
    assert await SwitchFile(file).load() == {}
    await SwitchFile(file).save({"mute": True, "listening": False})
    assert await SwitchFile(file).load() == {"mute": True, "listening": False}
    assert [path.name for path in tmp_path.iterdir()] == ["switches.json"]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff", b"7"])
async def test_a_damaged_file_is_no_answer(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "switches.json"
    file.write_bytes(damage)
    assert await SwitchFile(file).load() is None


async def test_what_is_no_switch_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "switches.json"
    file.write_text('{"mute": "yes", "listening": true}')
    assert await SwitchFile(file).load() == {"listening": True}


async def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(Temporary, match="cannot be written"):
        await SwitchFile(tmp_path / "gone" / "switches.json").save({"mute": True})
