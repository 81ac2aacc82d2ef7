"""What the control socket tells of documents: sources, progress, answers, and what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing

import pytest

from laresd.documents import (
    Cited,
    Claim,
    Collection,
    Document,
    Found,
    Passage,
    Place,
    Progress,
    Source,
    SourceKind,
)
from laresd.errors import LaresError, Permanent, Refused
from laresd.frontends.knowledge_operations import KnowledgeOperations
from laresd.types import Json, Request
from tests.fakes.clock import FakeClock

BOILER = Document(4, 1, "house", "/srv/boiler.pdf", "Boiler manual", "d", 10, 1.0, "en")
SAID = Found(BOILER, Passage("E5 means low pressure.", Place(0, 22, page=3), 6), 1.0)


class FakeLibrary:
    """Port Library: one source, which is read in steps."""

    def __init__(self) -> None:
        self.added: list[Source] = []
        self.removed: list[int] = []
        self.reading: dict[int, Progress] = {}

    async def collections(self) -> Sequence[Collection]:
        return [Collection("house", users=("ada",), documents=1, languages=("en",))]

    async def sources(self) -> Sequence[Source]:
        return self.added

    async def add(self, source: Source) -> Source:
        if source.location == "/nowhere":
            raise Permanent("there is no /nowhere")
        self.added.append(source)
        return Source(source.collection, source.kind, source.location, 1, source.options)

    async def remove(self, source_id: int) -> None:
        self.removed.append(source_id)

    async def documents(self, collection: str, *, limit: int, offset: int) -> Sequence[Document]:
        return [BOILER][offset : offset + limit] if collection == "house" else []

    async def text(self, document_id: int) -> str:
        return "E5 means low pressure."

    def progress(self) -> Mapping[int, Progress]:
        return self.reading


class FakeLibrarian:
    """Port Librarian that knows one sentence."""

    def __init__(self) -> None:
        self.asked: list[tuple[Request, Sequence[str], str]] = []
        self.fault: LaresError | None = None

    async def search(self, request: Request, collections: Sequence[str] = ()) -> Sequence[Found]:
        self.asked.append((request, collections, ""))
        return [SAID]

    async def answer(
        self,
        request: Request,
        collections: Sequence[str] = (),
        on_sentence: Callable[[str], None] | None = None,
        *,
        profile: str = "",
    ) -> Cited:
        self.asked.append((request, collections, profile))
        if self.fault:
            raise self.fault
        if on_sentence:
            on_sentence("E5 means low pressure.")
        return Cited("E5 means low pressure.", (Claim("E5 means low pressure.", (0,)),), (SAID,))

    async def summary(
        self,
        request: Request,
        document: str,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> str:
        on_progress(Progress(1, 2))
        await asyncio.sleep(0)
        if self.fault:
            raise self.fault
        return "It is about boilers."


class Desk:
    def __init__(self) -> None:
        self.library, self.librarian = FakeLibrary(), FakeLibrarian()
        self.clock = FakeClock()
        self.operations = KnowledgeOperations(
            self.library,
            self.librarian,
            self.clock,
            "en",
            source_of=_source,
            standing=self.standing,
            retry=self.retry,
        )

    async def standing(self) -> list[Mapping[str, Json]]:
        return [{"id": 1, "location": each.location} for each in self.library.added]

    async def retry(self, source: int | None) -> int:
        return 3 if source is None else source

    async def told(self, op: str, **fields: Json) -> list[Mapping[str, Json]]:
        async with aclosing(self.operations.handlers()[op](fields, b"")) as parts:
            return [part async for part in parts]


def _source(location: str, collection: str, **options: object) -> Source:
    return Source(collection, SourceKind.FOLDER, location)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_source_is_added_to_the_collection_that_is_named(desk: Desk) -> None:
    assert await desk.told("kb_add", location="/srv") == [{"id": 1, "location": "/srv"}]
    await desk.told("kb_add", location="/opt", collection="work")
    assert [each.collection for each in desk.library.added] == ["home", "work"]
    with pytest.raises(Permanent, match="there is no /nowhere"):
        await desk.told("kb_add", location="/nowhere")


async def test_how_far_a_source_is_is_told_until_it_is_read(desk: Desk) -> None:
    await desk.told("kb_add", location="/srv")
    desk.library.reading[1] = Progress(1, 3, at="/srv/a.pdf")
    watching = asyncio.create_task(desk.told("kb_watch", id=1))
    await desk.clock.asleep()
    desk.library.reading[1] = Progress(2, 3, failed=1)
    await desk.clock.advance(0.3)
    await desk.clock.advance(0.3)
    desk.library.reading.clear()
    moving = asyncio.create_task(desk.clock.advance(0.3))
    first, second, last = await watching
    moving.cancel()
    progress = {"done": 1, "total": 3, "failed": 0, "unchanged": 0, "at": "/srv/a.pdf"}
    assert first == {"progress": progress}
    assert second == {"progress": {**progress, "done": 2, "failed": 1, "at": ""}}
    assert last == {"id": 1, "location": "/srv"}
    with pytest.raises(Permanent, match="no source 9"):
        await desk.told("kb_watch", id=9)


async def test_collections_and_documents_are_listed(desk: Desk) -> None:
    (collection,) = await desk.told("kb_status")
    assert (collection["name"], collection["users"], collection["documents"]) == (
        "house",
        ["ada"],
        1,
    )
    (document,) = await desk.told("kb_documents", collection="house")
    assert (document["id"], document["title"], document["fault"]) == (4, "Boiler manual", "")
    assert await desk.told("kb_documents", collection="house", offset=1) == []


async def test_an_answer_comes_sentence_by_sentence_and_then_with_its_sources(desk: Desk) -> None:
    sentence, whole = await desk.told(
        "kb_ask", text=" what is E5 ", collections=["house"], profile="boilers"
    )
    assert sentence == {"sentence": "E5 means low pressure."}
    assert whole["kind"] == "answer"
    (request, collections, profile) = desk.librarian.asked[0]
    assert (request.text, request.source, collections) == ("what is E5", "control", ("house",))
    assert profile == "boilers"


async def test_what_the_librarian_refuses_is_refused(desk: Desk) -> None:
    desk.librarian.fault = Refused("there is no such collection that may be asked from here")
    for op in ("kb_ask", "kb_summary"):
        with pytest.raises(Refused, match="no such collection"):
            await desk.told(op, text="what is E5")


async def test_a_search_tells_where_each_passage_stands(desk: Desk) -> None:
    ((told),) = await desk.told("kb_search", text="E5")
    found = told["found"]
    assert isinstance(found, list)
    assert isinstance(found[0], dict)
    assert (found[0]["page"], found[0]["uri"]) == (3, "/srv/boiler.pdf")


async def test_a_summary_tells_how_far_it_is(desk: Desk) -> None:
    *progress, last = await desk.told("kb_summary", text="Boiler manual")
    assert last == {"text": "It is about boilers."}
    assert all("progress" in part for part in progress)


@pytest.mark.parametrize("text", ["", "  ", "x" * 1001])
async def test_a_question_has_words_and_an_end(desk: Desk, text: str) -> None:
    with pytest.raises(Refused, match="1 to 1000 characters"):
        await desk.told("kb_ask", text=text)


async def test_what_failed_is_read_again_when_asked(desk: Desk) -> None:
    assert await desk.told("kb_retry") == [{"documents": 3}]
    with pytest.raises(Permanent, match="no source 7"):
        await desk.told("kb_retry", id=7)
    await desk.told("kb_remove", id=1)
    assert desk.library.removed == [1]
