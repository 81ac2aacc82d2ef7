"""Documents come into a whole daemon over its control socket, and are known after a restart."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from aiohttp import web

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


async def test_a_site_and_rows_of_a_database_are_read_and_get_their_vectors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path / "state")
    at_once = dataclasses.replace(config.knowledge, page_seconds=0.0)
    config = dataclasses.replace(config, knowledge=at_once)
    with closing(sqlite3.connect(tmp_path / "house.db")) as db:
        db.execute("CREATE TABLE bin (day TEXT, what TEXT)")
        db.execute("INSERT INTO bin VALUES ('Tuesday', 'the bin for glass is emptied')")
        db.commit()
    async with a_site(PAGES) as address, running(config, Sound(None, Silence())) as box:
        _, source = await kb(config, capsys, "add", f"{address}/start.html", "--site")
        assert isinstance(source, dict)
        assert (source["kind"], source["documents"], source["faults"]) == ("site", 2, 0)
        database = f"sqlite:///{tmp_path / 'house.db'}"
        query = "SELECT day, what FROM bin"
        _, source = await kb(config, capsys, "add", database, "--query", query)
        assert isinstance(source, dict)
        assert (source["kind"], source["documents"], source["fault"]) == ("query", 1, "")
        for question, where in (
            ("备用钥匙在哪里", "keys.html"),
            ("when is glass collected", "Tuesday"),
        ):
            _, told = await kb(config, capsys, "search", question)
            assert isinstance(told, dict)
            assert told["found"][0]["uri"].endswith(where)
        assert box.knowledge is not None
        async with asyncio.timeout(120):
            await box.workers["embed"].wait_ready(deadline=box.clock.now() + 120)
            key = str(box.workers["embed"].facts["key"])
            while await box.knowledge.store.unembedded(key, 1):  # noqa: ASYNC110  # no event
                await asyncio.sleep(0.05)


PAGES = {
    "/start.html": b'<h1>House</h1><p>All about the house.</p><a href="keys.html">keys</a>',
    "/keys.html": "<meta charset=gb2312><h1>钥匙</h1><p>备用钥匙在花园的石头下面。</p>".encode(
        "gb18030"
    ),
    "/robots.txt": b"User-agent: *\nDisallow: /private",
}


@asynccontextmanager
async def a_site(pages: Mapping[str, bytes]) -> AsyncIterator[str]:
    """The address of a server on this machine."""

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        if request.path not in pages:
            return web.Response(status=404)
        return web.Response(body=pages[request.path], content_type="text/html")

    runner = web.ServerRunner(web.Server(serve))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()
