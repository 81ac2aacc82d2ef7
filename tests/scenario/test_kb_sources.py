"""Documents come into a whole daemon over its control socket, and are known after a restart."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from laresd.app import Sound, running
from laresd.backends.audio import Silence
from laresd.cli import main
from laresd.config import Config
from tests.fakes import documents
from tests.fakes.libraries import written
from tests.scenario.boxes import settings

pytestmark = pytest.mark.slow


async def kb(config: Config, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, object]:
    """The exit status and what `lares kb ... --json` printed."""
    file = config.box.state_dir.parent / "lares.toml"
    file.write_text(f'[box]\nstate_dir = "{config.box.state_dir}"\n')
    status = await asyncio.to_thread(main, ["kb", *words, "--json", "--config", str(file)])
    return status, json.loads(capsys.readouterr().out)


def papers(folder: Path) -> Path:
    folder.mkdir()
    documents.pdf(
        folder / "boiler.pdf",
        [("Faults", "Error E5 means that the pressure is low. Refill to 1.5 bar.")],
    )
    written(folder / "tyres.md", "# Car\n\nThe tyres of the car want 2.3 bar.")
    written(folder / "broken.pdf", b"%PDF-1.7 and nothing else")
    written(folder / "boiler.pdf", (folder / "boiler.pdf").read_bytes())
    return folder


async def test_a_folder_is_added_read_asked_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, folder = settings(tmp_path / "state"), papers(tmp_path / "papers")
    async with running(config, Sound(None, Silence())):
        status, source = await kb(config, capsys, "add", str(folder))
        assert status == 0
        assert isinstance(source, dict)
        assert (source["kind"], source["documents"], source["faults"]) == ("folder", 3, 1)
        status, told = await kb(config, capsys, "documents")
        assert isinstance(told, dict)
        faults = {Path(one["uri"]).name: bool(one["fault"]) for one in told["documents"]}
        assert faults == {"boiler.pdf": False, "tyres.md": False, "broken.pdf": True}
        status, told = await kb(config, capsys, "search", "what does error E5 mean")
        assert status == 0
        assert isinstance(told, dict)
        assert told["found"][0]["page"] == 1
        assert told["found"][0]["uri"] == str(folder / "boiler.pdf")
    async with running(config, Sound(None, Silence())):
        status, told = await kb(config, capsys, "status")
        assert isinstance(told, dict)
        assert told["collections"][0]["documents"] == 3
        await kb(config, capsys, "remove", str(source["id"]))
        status, told = await kb(config, capsys, "list")
        assert told == {"sources": []}


async def test_what_cannot_be_added_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path / "state")
    async with running(config, Sound(None, Silence())):
        status, told = await kb(config, capsys, "add", str(tmp_path / "nowhere"))
        assert status == 1
        assert isinstance(told, dict)
        assert "there is no" in told["error"]["message"]
        status, told = await kb(config, capsys, "add", "sqlite:////srv/house.db")
        assert isinstance(told, dict)
        assert "--query" in told["error"]["remedy"]
