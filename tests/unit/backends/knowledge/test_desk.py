"""Documents are read one at a time, and only while nobody waits for the box."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from laresd.backends.knowledge.desk import Desk, NoReader
from laresd.backends.knowledge.origin import Original
from laresd.backends.knowledge.tokens import Count, estimate
from laresd.backends.knowledge.visiting import Room
from laresd.core.scheduler.gate import Gate
from laresd.documents import Block, Extracted, Passage
from laresd.errors import Permanent, Temporary
from laresd.types import Priority
from tests.fakes.clock import FakeClock
from tests.fakes.document_reader import FakeDocumentReader
from tests.fakes.libraries import cut, written


class Around:
    """A desk, and what is around it."""

    def __init__(self) -> None:
        self.clock, self.reader = FakeClock(), FakeDocumentReader()
        self.gate = Gate(None, self.clock)
        self.counted = 0

    def counter(self) -> Count:
        self.counted += 1
        return estimate

    async def quiet(self) -> None:
        await self.gate.clear(Priority.BACKGROUND, deadline=self.clock.now() + 3600.0)

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        desk = Desk(
            self.clock,
            open_reader=self.reader.opening,
            counter=self.counter,
            cut=cut,
            quiet=self.quiet,
            longest_s=60.0,
        )
        async with asyncio.TaskGroup() as group:
            task = group.create_task(desk.run())
            yield desk
            task.cancel()


@pytest.fixture
def room() -> Around:
    return Around()


def original(path: Path, text: str = "The key is under the stone.") -> Original:
    written(path, text)
    return Original(str(path), path.stem, "d", 1, 1.0, path=path)


async def test_a_document_waits_for_voice(room: Around, tmp_path: Path) -> None:
    async with room.desk() as desk:
        with room.gate.taken(Priority.VOICE):
            reading = asyncio.create_task(desk.read(original(tmp_path / "a.txt")))
            await room.clock.asleep()
            assert room.reader.read == []
        read = await reading
        assert [passage.text for passage in read.passages] == ["The key is under the stone."]


async def test_one_at_a_time_with_one_reader(room: Around, tmp_path: Path) -> None:
    held = threading.Lock()

    def alone(path: Path) -> None:
        assert held.acquire(blocking=False)
        time.sleep(0.001)
        held.release()

    room.reader.on_read = alone
    async with room.desk() as desk:
        await asyncio.gather(*(desk.read(original(tmp_path / f"{n}.txt")) for n in range(10)))
    assert (len(room.reader.read), room.reader.opened, room.counted) == (10, 1, 1)


async def test_what_was_read_already_needs_no_file(room: Around) -> None:
    row = Original("1", "Row", "d", 1, 1.0, extracted=Extracted((Block("glass on Tuesday"),)))
    async with room.desk() as desk:
        assert (await desk.read(row)).text == "glass on Tuesday"
    assert room.reader.read == []


async def test_a_fault_is_the_documents_own(room: Around, tmp_path: Path) -> None:
    room.reader.errors["a.txt"] = Permanent("it is locked by a password")
    async with room.desk() as desk:
        with pytest.raises(Permanent, match="locked"):
            await desk.read(original(tmp_path / "a.txt"))
        assert (await desk.read(original(tmp_path / "b.txt"))).text


async def test_without_a_reader_the_next_one_tries_again(room: Around, tmp_path: Path) -> None:
    room.reader.away = Permanent("cannot be loaded")
    async with room.desk() as desk:
        with pytest.raises(NoReader, match="cannot be loaded"):
            await desk.read(original(tmp_path / "a.txt"))
        room.reader.away = None
        assert (await desk.read(original(tmp_path / "a.txt"))).text


async def test_a_source_that_is_removed_leaves_the_others_their_turn(
    room: Around, tmp_path: Path
) -> None:
    async with room.desk() as desk:
        with room.gate.taken(Priority.VOICE):
            first = asyncio.create_task(desk.read(original(tmp_path / "a.txt")))
            second = asyncio.create_task(desk.read(original(tmp_path / "b.txt")))
            await room.clock.asleep()
            first.cancel()
            second.cancel()
        assert (await desk.read(original(tmp_path / "c.txt"))).text
    assert "b.txt" not in room.reader.read


def test_nothing_more_is_kept_on_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    library = tmp_path / "library.db"
    library.write_bytes(bytes(3 << 20))
    Room(free_mb=0, most_mb=10).check(library)
    with pytest.raises(Temporary, match="MiB of the disk are free"):
        Room(free_mb=1 << 40, most_mb=10).check(library)
    with pytest.raises(Temporary, match="the library has 3 MiB"):
        Room(free_mb=0, most_mb=3).check(library)


def test_passages_are_cut_by_the_count_of_tokens() -> None:
    text = " ".join(f"Sentence number {n} says something." for n in range(100))
    passages: Sequence[Passage] = cut(Extracted((Block(text),)), estimate)[1]
    assert all(100 <= passage.tokens <= 250 for passage in passages)
