"""`lares pin`: sets the PIN, and never shows it."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest

from laresd import cli
from laresd.backends.pins import PinFile


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "lares.toml"
    path.write_text(f'[risk]\npin_file = "{tmp_path / "pin"}"')
    return str(path)


def given(monkeypatch: pytest.MonkeyPatch, *typed: str) -> None:
    answers = iter(typed)
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))


def is_pin(tmp_path: Path, digits: str) -> bool:
    return asyncio.run(PinFile(tmp_path / "pin").check(digits))


def test_it_is_asked_for_twice_and_not_shown(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, "4711", "4711")
    assert cli.main(["pin", "--config", config]) == 0
    assert "4711" not in "".join(capsys.readouterr())
    assert is_pin(tmp_path, "4711")


def test_two_that_differ_change_nothing(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, "4711", "4712")
    assert cli.main(["pin", "--config", config]) == 1
    assert not (tmp_path / "pin").exists()


@pytest.mark.parametrize("typed", ["471", "4711a", "", "1234567890123", "٤٧١١"])
def test_what_cannot_be_said_digit_by_digit_is_no_pin(
    config: str, monkeypatch: pytest.MonkeyPatch, typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
    assert cli.main(["pin", "--stdin", "--config", config]) == 1
    assert "4 to 12 digits" in capsys.readouterr().err


def test_without_a_place_for_it_the_setting_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lares.toml").write_text("")
    assert cli.main(["pin", "--config", str(tmp_path / "lares.toml")]) == 2
    assert "risk.pin_file" in capsys.readouterr().err
