"""The kernel tells of changes in a folder: to be heard, not to be missed, and not to be held up."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from laresd.backends.knowledge import watching
from laresd.errors import Temporary
from tests.fakes.libraries import written


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "DEBOUNCE_MS", 50)
    monkeypatch.setattr(watching, "STEP_MS", 10)
    monkeypatch.setattr(watching, "LOOK_MS", 50)


async def test_a_change_below_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    async with aclosing(watching.changes(tmp_path)) as changes, asyncio.timeout(30):
        await anext(changes)  # it watches
        written(tmp_path / "deep" / "a.txt", "x")
        await anext(changes)


async def test_rubbish_is_no_news(tmp_path: Path) -> None:
    async with aclosing(watching.changes(tmp_path)) as changes:
        await anext(changes)
        written(tmp_path / ".cache" / "a.txt", "x")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(changes)


async def test_a_folder_that_was_exchanged_is_told(tmp_path: Path) -> None:
    root = tmp_path / "papers"
    root.mkdir()
    with pytest.raises(Temporary, match="another folder"):
        async with aclosing(watching.changes(root)) as changes, asyncio.timeout(30):
            await anext(changes)
            root.rename(tmp_path / "old")
            root.mkdir()
            async for _ in changes:
                pass


async def test_what_cannot_be_watched_says_so(tmp_path: Path) -> None:
    with pytest.raises(Temporary, match="not told by the kernel"):
        async with aclosing(watching.changes(tmp_path / "nowhere")) as changes:
            await anext(changes)
