"""Broken and hostile files, one after the other through one reader: each costs at most an error
with its reason, and the next good one is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from laresd.backends.workers import specs
from laresd.backends.workers.document_reader import WorkerDocumentReader
from laresd.errors import Permanent
from tests.adversarial.documents import SECTIONS, Hostile, hostile
from tests.fakes import documents
from tests.fakes.workers import pid_of, running, soon

pytestmark = pytest.mark.slow

MEMORY_MB = 512
MAPPED_MB = 200  # of libraries, which the limit does not count
PATIENCE_S = 40.0
PLANTED = Path("/tmp/lares-planted")


class Watched:
    """The most memory that a process and those that it started have had, in MB."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self.most = 0

    def look(self) -> None:
        while not self._over.wait(0.02):
            with contextlib.suppress(OSError, ValueError):
                children = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text()
                for pid in (self._pid, *map(int, children.split())):
                    self.most = max(self.most, _peak_mb(pid))

    def stop(self) -> None:
        self._over.set()


def _peak_mb(pid: int) -> int:
    found = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) >> 10 if found else 0


@contextlib.contextmanager
def watching(pid: int) -> Iterator[Watched]:
    watched = Watched(pid)
    thread = threading.Thread(target=watched.look)
    thread.start()
    try:
        yield watched
    finally:
        watched.stop()
        thread.join()


async def _outcome(reader: WorkerDocumentReader, path: Path) -> str:
    """ "": it was read."""
    try:
        await reader.extract(path, deadline=soon(PATIENCE_S))
    except Permanent as error:
        assert error.remedy or "nested" in error.message, error.message
        return error.message
    return ""


async def test_no_file_costs_more_than_itself(tmp_path: Path) -> None:
    made = await asyncio.to_thread(lambda: list(hostile(tmp_path)))
    assert len(made) >= 30
    good = documents.word(tmp_path / "kept.docx", SECTIONS)
    async with running(specs.documents(memory_mb=MEMORY_MB)) as worker:
        reader = WorkerDocumentReader(worker, ("en", "zh"))
        await worker.wait_ready(deadline=soon())
        pid = await pid_of(worker)
        with watching(pid) as watched:
            for file in made:
                path = tmp_path / file.name
                await asyncio.to_thread(path.write_bytes, file.data)
                found = await _outcome(reader, path)
                assert _as_expected(file, found), f"{file.name}: {found or 'it was read'}"
                kept = await reader.extract(good, deadline=soon())
                assert kept.blocks[1].text == SECTIONS[0][1], file.name
        assert await pid_of(worker) == pid, "the worker lives"
        assert watched.most < MEMORY_MB + MAPPED_MB
    assert not PLANTED.exists()


def _as_expected(file: Hostile, found: str) -> bool:
    outcomes = file.outcome.split("|")
    return any(each in found if each else not found for each in outcomes)


async def test_a_file_of_the_box_is_not_read_into_a_document(tmp_path: Path) -> None:
    file = next(each for each in await asyncio.to_thread(lambda: list(hostile(tmp_path)))
                if each.name == "outside.docx")  # fmt: skip
    (path := tmp_path / file.name).write_bytes(file.data)
    async with running(specs.documents()) as worker:
        extracted = await WorkerDocumentReader(worker).extract(path, deadline=soon())
    assert [block.text for block in extracted.blocks] == ["before after"]
