"""Folders become documents, and stay what they are as the folder changes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path

import pytest

from laresd.backends.knowledge.origin import Expected, Original, Step
from laresd.backends.knowledge.store import Known
from laresd.documents import Collection, Source, SourceKind
from laresd.errors import Permanent, Refused, Temporary
from tests.fakes.libraries import Shelf, a_shelf, written


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with a_shelf(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    written(tmp_path / "papers" / "boiler.txt", "# Faults\n\nError E5 means low pressure.")
    written(tmp_path / "papers" / "car" / "tyres.md", "The tyres want 2.3 bar.")
    return tmp_path / "papers"


def folder(path: Path, collection: str = "house") -> Source:
    return Source(collection, SourceKind.FOLDER, str(path))


async def embedded(shelf: Shelf) -> set[bytes]:
    return {each.content for each in await shelf.store.unembedded("m", 1000)}


async def test_a_folder_is_read_with_all_below_it(shelf: Shelf, papers: Path) -> None:
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        found = await shelf.documents()
        assert sorted(found) == ["boiler.txt", "tyres.md"]
        assert found["boiler.txt"].title == "boiler"
        assert await library.text(found["tyres.md"].id) == "The tyres want 2.3 bar."
        assert shelf.texts == 2


async def test_what_is_unchanged_is_not_read_again_after_a_restart(
    shelf: Shelf, papers: Path
) -> None:
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
    written(papers / "car" / "tyres.md", "The tyres want 2.6 bar.", at=1_710_000_000)
    shelf.reader.read.clear()
    async with shelf.running() as library:
        await shelf.begun()
        await shelf.read_through()
        assert shelf.reader.read == ["tyres.md"]
        assert (await library.standing())[0].held.documents == 2


async def test_a_new_time_alone_is_no_reason_to_read(shelf: Shelf, papers: Path) -> None:
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        written(papers / "boiler.txt", (papers / "boiler.txt").read_bytes(), at=1_710_000_000)
        shelf.watch.tell()
        await shelf.after(5.0)
        assert shelf.reader.read == ["boiler.txt", "tyres.md"]
        assert (await shelf.documents())["boiler.txt"].modified == 1_710_000_000


async def test_a_renamed_file_keeps_its_passages_and_is_called_by_its_new_name(
    shelf: Shelf, papers: Path
) -> None:
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        before, texts = await shelf.documents(), await embedded(shelf)
        (papers / "heating").mkdir()
        (papers / "boiler.txt").rename(papers / "heating" / "boiler manual.txt")
        shelf.watch.tell()
        await shelf.after(5.0)
        after = await shelf.documents()
        assert after["boiler manual.txt"].id == before["boiler.txt"].id
        assert after["boiler manual.txt"].title == "boiler manual"
        assert "boiler.txt" not in after
        assert await embedded(shelf) == texts
        assert shelf.reader.read == ["boiler.txt", "tyres.md"]


async def test_a_renamed_folder_reads_nothing_again(shelf: Shelf, papers: Path) -> None:
    for number in range(20):
        written(papers / "notes" / f"{number}.txt", f"Note {number % 15}.")  # some are the same
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        before = await shelf.documents()
        (papers / "notes").rename(papers / "old notes")
        shelf.watch.tell()
        await shelf.after(5.0)
        after = await shelf.documents()
        assert len(shelf.reader.read) == len(after) == 22
        assert {each.id for each in after.values()} == {each.id for each in before.values()}


async def test_a_deleted_file_is_forgotten(shelf: Shelf, papers: Path) -> None:
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        (papers / "boiler.txt").unlink()
        shelf.watch.tell()
        await shelf.after(5.0)
        assert sorted(await shelf.documents()) == ["tyres.md"]


async def test_a_folder_that_is_empty_all_at_once_loses_nothing(shelf: Shelf, papers: Path) -> None:
    """A disk that is not mounted looks like that."""
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        papers.rename(papers.with_name("elsewhere"))
        papers.mkdir()
        shelf.watch.tell()
        await shelf.after(5.0)
        assert len(await shelf.documents()) == 2
        assert "is empty; its 2 documents are kept" in (await library.standing())[0].visit.fault


async def test_a_folder_that_is_not_there_loses_nothing(shelf: Shelf, papers: Path) -> None:
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        papers.rename(papers.with_name("elsewhere"))
        shelf.watch.tell()
        await shelf.after(5.0)
        assert len(await shelf.documents()) == 2
        assert "is not there" in (await library.standing())[0].visit.fault
        papers.with_name("elsewhere").rename(papers)
        await shelf.after(5.0)
        await shelf.after(100.0)
        assert (await library.standing())[0].visit.fault == ""


async def test_one_broken_file_costs_one_entry_and_is_read_once(shelf: Shelf, papers: Path) -> None:
    written(papers / "broken.txt", b"\x00\x01")
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        found = await shelf.documents()
        assert found["broken.txt"].fault == "it is damaged"
        assert found["boiler.txt"].fault == found["tyres.md"].fault == ""
        shelf.watch.tell()
        await shelf.after(5.0)
        assert shelf.reader.read.count("broken.txt") == 1


async def test_a_broken_file_is_read_again_when_it_changed_or_when_asked(
    shelf: Shelf, papers: Path
) -> None:
    written(papers / "broken.txt", b"\x00\x01")
    async with shelf.running() as library:
        source = await library.add(folder(papers))
        await shelf.read_through()
        assert await library.retry(source.id) == 1
        await shelf.after(5.0)
        assert shelf.reader.read.count("broken.txt") == 2
        written(papers / "broken.txt", "Mended: the key is under the stone.")
        shelf.watch.tell()
        await shelf.after(5.0)
        assert (await shelf.documents())["broken.txt"].fault == ""


async def test_a_file_that_kills_the_reader_is_tried_twice(shelf: Shelf, papers: Path) -> None:
    shelf.reader.errors["boiler.txt"] = Temporary("the reader died")
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        assert sorted(await shelf.documents()) == ["tyres.md"]
        for _ in range(3):
            await shelf.after(10.0)
        assert shelf.reader.read.count("boiler.txt") == 2
        assert (await shelf.documents())["boiler.txt"].fault == "the reader died"


async def test_without_a_reader_no_document_is_blamed(shelf: Shelf, papers: Path) -> None:
    shelf.reader.away = Permanent("the reader cannot be loaded")
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        assert await shelf.documents() == {}
        assert (await library.standing())[0].visit.fault == "the reader cannot be loaded"
        shelf.reader.away = None
        await shelf.after(5.0)
        await shelf.after(70.0)
        assert len(await shelf.documents()) == 2


async def test_a_file_that_is_being_written_is_waited_for(shelf: Shelf, papers: Path) -> None:
    written(papers / "new.txt", "Half of it", at=shelf.clock.wall() - 1.0)
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        assert "new.txt" not in await shelf.documents()
        await shelf.after(3.0)
        await shelf.after(5.0)
        assert "new.txt" in await shelf.documents()


async def test_what_is_written_while_it_is_read_is_read_again(shelf: Shelf, papers: Path) -> None:
    def grow(path: Path) -> None:
        shelf.reader.on_read = lambda path: None
        written(path, "Error E5 means low pressure. Refill to 1.5 bar.", at=1_710_000_000)

    shelf.reader.on_read = grow
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        assert "boiler.txt" not in await shelf.documents()
        await shelf.after(3.0)
        await shelf.after(5.0)
        found = await shelf.documents()
        assert "Refill" in await library.text(found["boiler.txt"].id)


async def test_a_full_disk_stops_it_and_says_so(shelf: Shelf, papers: Path) -> None:
    shelf.full = Temporary("no more documents are read: 3 MiB of the disk are free")
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        assert await shelf.documents() == {}
        assert "3 MiB" in (await library.standing())[0].visit.fault
        shelf.full = None
        await shelf.after(5.0)
        await shelf.after(70.0)
        assert len(await shelf.documents()) == 2


async def test_a_removed_source_takes_its_documents_with_it(shelf: Shelf, papers: Path) -> None:
    async with shelf.running() as library:
        source = await library.add(folder(papers))
        await library.remove(source.id)
        assert await library.sources() == []
        assert await shelf.documents() == {}
        with pytest.raises(Permanent, match="no source"):
            await library.remove(source.id)


async def test_the_same_source_again_is_the_same_source(shelf: Shelf, papers: Path) -> None:
    async with shelf.running() as library:
        first = await library.add(folder(papers))
        again = await library.add(folder(papers))
        assert first.id == again.id
        with pytest.raises(Refused, match="it is in"):
            await library.add(Source("house", SourceKind.FILE, str(papers / "boiler.txt")))
        await library.add(Source("garage", SourceKind.FILE, str(papers / "car" / "tyres.md")))
        await shelf.read_through()
        assert len(await shelf.documents()) == 2
        assert len(await shelf.documents("garage")) == 1


async def test_where_the_kernel_does_not_tell_it_is_looked_at_again_and_again(
    shelf: Shelf, papers: Path
) -> None:
    shelf.watch.fault = Temporary("too many watches")
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        await shelf.after(3.0)
        written(papers / "later.txt", "The bin goes out on Tuesday.")
        await shelf.after(301.0)
        assert "later.txt" in await shelf.documents()


async def test_the_reader_is_there_only_while_there_is_something_to_read(
    shelf: Shelf, papers: Path
) -> None:
    async with shelf.running() as library:
        await shelf.read_through()
        assert shelf.reader.opened == 0
        await library.add(folder(papers))
        await shelf.read_through()
        assert shelf.reader.opened == 1


async def test_a_collection_is_who_may_ask_and_what_is_in_it(shelf: Shelf, papers: Path) -> None:
    shelf.access = {"house": Collection("house", users=("ada",)), "work": Collection("work")}
    async with shelf.running() as library:
        await library.add(folder(papers))
        await shelf.read_through()
        house, work = await library.collections()
        assert (house.name, house.users, house.documents) == ("house", ("ada",), 2)
        assert (work.name, work.users, work.documents) == ("work", (), 0)


class Pages:
    """An origin that counts how often it is looked at."""

    def __init__(self) -> None:
        self.looked = 0
        self.fault: Temporary | None = None

    async def steps(self, known: Mapping[str, Known]) -> AsyncGenerator[Step, None]:
        self.looked += 1
        if self.fault:
            raise self.fault
        yield Expected(0)

    async def is_still(self, original: Original) -> bool:
        return True


def page(*, follow: bool) -> Source:
    options = (("follow", "true"),) if follow else ()
    return Source("house", SourceKind.PAGE, "http://nas.lan/", options=options)


async def test_a_page_is_looked_at_again_only_where_it_is_followed(shelf: Shelf) -> None:
    pages = shelf.origins["http://nas.lan/"] = Pages()
    async with shelf.running() as library:
        await library.add(page(follow=False))
        await shelf.read_through()
        await shelf.after(3.0)
        assert pages.looked == 1
        await library.add(page(follow=True))
        await shelf.read_through()
        await shelf.after(3.0)
        assert pages.looked == 2
        await shelf.after(shelf.follow_s)
        assert pages.looked == 3


async def test_a_restart_is_no_reason_to_ask_a_web_server_again(shelf: Shelf) -> None:
    pages = shelf.origins["http://nas.lan/"] = Pages()
    async with shelf.running() as library:
        await library.add(page(follow=True))
        await shelf.read_through()
    async with shelf.running():
        await shelf.clock.asleep()
        await shelf.after(shelf.follow_s - 60.0)
        assert pages.looked == 1
        await shelf.after(61.0)
        assert pages.looked == 2


async def test_a_source_that_is_away_is_asked_ever_more_seldom(shelf: Shelf) -> None:
    pages = shelf.origins["http://nas.lan/"] = Pages()
    pages.fault = Temporary("it does not answer")
    async with shelf.running() as library:
        await library.add(page(follow=True))
        await shelf.read_through()
        looked = []
        for seconds in (3.0, 61.0, 3.0, 61.0, 61.0):
            await shelf.after(seconds)
            looked.append(pages.looked)
        assert looked == [1, 2, 2, 2, 3]
        assert (await library.standing())[0].visit.fault == "it does not answer"
