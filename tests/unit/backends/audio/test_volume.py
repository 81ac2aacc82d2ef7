"""How loud the box speaks is kept, and a new configuration counts more."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.backends.audio import KeptVolume, Loudspeaker
from laresd.errors import Refused, Temporary
from tests.fakes.audio import FakeCard


def of(folder: Path, configured: float = 1.0) -> KeptVolume:
    return KeptVolume(Loudspeaker(FakeCard(), volume=configured), folder / "volume.json")


async def test_it_is_as_configured_until_it_is_set(tmp_path: Path) -> None:
    volume = of(tmp_path, 0.8)
    await volume.load()
    assert volume.percent == 80


@pytest.mark.parametrize("percent", [0, 1, 33, 40, 99, 100])
async def test_what_was_set_is_so_after_a_restart(percent: int, tmp_path: Path) -> None:
    await of(tmp_path).set(percent)
    again = of(tmp_path)
    await again.load()
    assert again.percent == percent


async def test_a_configuration_that_was_changed_since_counts_more(tmp_path: Path) -> None:
    await of(tmp_path, 1.0).set(40)
    changed = of(tmp_path, 0.6)
    await changed.load()
    assert changed.percent == 60


async def test_whoever_shows_it_is_told(tmp_path: Path) -> None:
    volume, told = of(tmp_path), list[int]()
    volume.on_change = lambda: told.append(volume.percent)
    await volume.set(40)
    assert told == [40]


@pytest.mark.parametrize("percent", [-1, 101])
async def test_what_is_no_percentage_sets_nothing(percent: int, tmp_path: Path) -> None:
    volume = of(tmp_path)
    with pytest.raises(Refused):
        await volume.set(percent)
    assert volume.percent == 100


async def test_it_is_set_even_where_it_cannot_be_kept(tmp_path: Path) -> None:
    volume = of(tmp_path / "gone")
    with pytest.raises(Temporary):
        await volume.set(40)
    assert volume.percent == 40


@pytest.mark.parametrize("content", ["", "[]", "{", '{"percent": 400}', '{"percent": "40"}'])
async def test_a_file_that_holds_no_volume_changes_nothing(content: str, tmp_path: Path) -> None:
    (tmp_path / "volume.json").write_text(content)
    volume = of(tmp_path, 0.5)
    await volume.load()
    assert volume.percent == 50
