"""The box's documents over HTTP."""

from __future__ import annotations

import pytest

from laresd.errors import Refused
from laresd.types import Json
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.librarian import FakeLibrarian
from tests.unit.frontends.http.served import asking, error_of, events_of, serving

KB = "/lares/v1/kb"


async def test_an_answer_names_its_sources_exactly() -> None:
    librarian = FakeLibrarian()
    async with serving(None, librarian=librarian) as address, asking(address) as client:
        told = (await client.post(f"{KB}/ask", json={"text": "what of the boiler"})).json()
    assert told["kind"] == "answer"
    assert told["claims"][0]["sources"] == [1]
    source = told["sources"][0]
    assert (source["title"], source["page"], source["start"]) == ("Boiler manual", 3, 10)
    (_, request, _, _) = librarian.asked[0]
    assert (request.source, request.user, request.language) == ("http", "", "en")


async def test_an_answer_comes_sentence_by_sentence() -> None:
    async with serving(None, librarian=FakeLibrarian()) as address, asking(address) as client:
        said = await client.post(f"{KB}/ask", json={"text": "the boiler", "stream": True})
    part, whole = events_of(said.text)
    assert isinstance(part, dict) and isinstance(whole, dict)
    assert part == {"part": 1, "text": whole["text"]}


async def test_passages_are_found_and_documents_summed_up() -> None:
    async with serving(None, librarian=FakeLibrarian()) as address, asking(address) as client:
        found = await client.post(f"{KB}/search", json={"text": "boiler", "collections": None})
        told = await client.post(f"{KB}/summary", json={"document": "7", "language": "de"})
    assert [source["document"] for source in found.json()["sources"]] == [7]
    assert told.json() == {"text": "7 is about a boiler."}


@pytest.mark.parametrize(
    ("what", "body", "param"),
    [
        ("ask", {}, "text"),
        ("ask", {"text": "  "}, "text"),
        ("ask", {"text": "x" * 1001}, "text"),
        ("search", {"text": "x", "language": "not a tag"}, "language"),
        ("search", {"text": "x", "collections": ["A B"]}, "collections"),
        ("search", {"text": "x", "collections": "house"}, "collections"),
        ("ask", {"text": "x", "profile": "../x"}, "profile"),
        ("summary", {"document": 7}, "document"),
    ],
)
async def test_what_is_wrong_is_named(what: str, body: dict[str, Json], param: str) -> None:
    async with serving(None, librarian=FakeLibrarian()) as address, asking(address) as client:
        answer = await client.post(f"{KB}/{what}", json=body)
    assert answer.status_code == 400
    assert error_of(answer)["param"] == param


async def test_a_box_without_documents_says_so_and_a_refusal_is_told() -> None:
    async with serving(FakeLanguageModel()) as address, asking(address) as client:
        answer = await client.post(f"{KB}/ask", json={"text": "x"})
        assert (answer.status_code, error_of(answer)["code"]) == (503, "not_configured")
    librarian = FakeLibrarian(Refused("there is no such collection that may be asked from here"))
    async with serving(None, librarian=librarian) as address, asking(address) as client:
        for stream in (False, True):
            answer = await client.post(f"{KB}/ask", json={"text": "x", "stream": stream})
            assert answer.status_code == 400
            assert "no such collection" in str(error_of(answer)["message"])
