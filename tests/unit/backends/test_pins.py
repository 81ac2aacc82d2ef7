"""The PIN's file: a hash that only the right digits fit, whatever happens to it."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from laresd.backends.pins import PinFile, write
from laresd.errors import Permanent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write(tmp_path / "pin", "4711")
    return tmp_path / "pin"


async def test_only_the_right_digits_fit(file: Path) -> None:
    pins = PinFile(file)
    assert await pins.check("4711")
    for wrong in ("4712", "47110", "471", "", "１１１１"):
        assert not await pins.check(wrong)


def test_it_holds_no_digits_of_the_pin_and_is_its_owner_s_alone(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kind, n, r, p, salt, hashed = file.read_text().strip().split("$")
    assert (kind, len(salt), len(hashed)) == ("scrypt", 32, 64)
    assert "4711" not in (n, r, p)


def test_the_same_pin_looks_different_each_time(file: Path, tmp_path: Path) -> None:
    write(tmp_path / "again", "4711")
    assert (tmp_path / "again").read_text() != file.read_text()


async def test_a_new_pin_counts_at_once(file: Path) -> None:
    pins = PinFile(file)
    assert await pins.check("4711")
    await asyncio.to_thread(write, file, "8080")
    assert not await pins.check("4711")
    assert await pins.check("8080")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4711",
        "scrypt$16384$8$1$00",
        "scrypt$16384$8$1$zz$" + "00" * 32,
        "md5$16384$8$1$00$" + "00" * 32,
        "scrypt$16384$8$1$00$00",
        "scrypt$1000$8$1$00$" + "00" * 32,
        "scrypt$1073741824$8$1$00$" + "00" * 32,
        "scrypt$16384$0$1$00$" + "00" * 32,
        "scrypt$16384$100000$1$00$" + "00" * 32,
        "\xff",
    ],
)
def test_a_file_that_is_none_opens_nothing_and_says_how_to_make_one(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "pin"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(Permanent, match="lares pin"):
        _checked(path)


def test_a_file_that_is_not_there_opens_nothing(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="lares pin"):
        _checked(tmp_path / "none")


def _checked(path: Path) -> None:
    asyncio.run(PinFile(path).check("4711"))


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="cannot write"):
        write(tmp_path / "none" / "pin", "4711")
