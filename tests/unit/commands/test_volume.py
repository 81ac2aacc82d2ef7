"""`lares volume`, over a control socket."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import pytest

from laresd import cli
from laresd.types import Json
from tests.fakes.control_socket import control_socket


async def volume(
    fields: Mapping[str, Json], payload: bytes
) -> AsyncGenerator[Mapping[str, Json], None]:
    yield {"percent": fields.get("percent", 70)}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [([], "70 %\n"), (["40"], "40 %\n"), (["--json", "40"], '"percent": 40')],
)
def test_it_is_told_and_set(
    arguments: list[str],
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "lares.toml"
    config.write_text(f'[box]\nstate_dir = "{tmp_path}"\n', encoding="utf-8")
    with control_socket(tmp_path / "control.sock", {"volume": volume}):
        assert cli.main(["volume", "--config", str(config), *arguments]) == 0
    assert told in capsys.readouterr().out
