"""Questions to documents over MQTT: kb/ask, kb/search, kb/summary."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from laresd.config import MqttApi
from laresd.errors import Refused
from tests.fakes.librarian import FakeLibrarian
from tests.unit.frontends.mqtt.rig import BASE, Rig, error_of


@pytest.fixture
def librarian() -> FakeLibrarian:
    return FakeLibrarian()


@pytest.fixture
async def home(librarian: FakeLibrarian) -> AsyncIterator[Rig]:
    async with Rig(librarian=librarian).running() as rig:
        yield rig


async def test_an_answer_names_its_sources_exactly(home: Rig) -> None:
    answer = await home.ask({"text": "what pressure has the boiler", "id": "b"}, "kb/ask")
    assert answer["text"] == "In Boiler manual, page 3: The boiler keeps 1.5 bar."
    assert answer["claims"] == [
        {"text": "The boiler keeps 1.5 bar.", "sources": [1], "quoted": True}
    ]
    sources = answer["sources"]
    assert isinstance(sources, list) and isinstance(sources[0], dict)
    source = sources[0]
    assert (source["title"], source["page"]) == ("Boiler manual", 3)
    assert (source["start"], source["end"]) == (10, 35)


async def test_what_no_document_says_is_refused_without_a_source(home: Rig) -> None:
    answer = await home.ask("who won the cup", "kb/ask")
    assert (answer["kind"], answer["claims"], answer["sources"]) == ("refused", [], [])


async def test_the_sentences_come_first_where_they_are_wanted(home: Rig) -> None:
    home.send({"text": "boiler", "reply": "parts", "id": "p"}, "kb/ask")
    part, whole = await home.answer(), await home.answer()
    assert (part["part"], part["text"]) == (1, whole["text"])
    assert whole["kind"] == "answer"


async def test_who_asks_what_reaches_the_librarian(home: Rig, librarian: FakeLibrarian) -> None:
    await home.ask(
        {
            "text": "boiler",
            "language": "de",
            "collections": ["house"],
            "profile": "legal",
            "user": "Ada",
            "site": "tablet",
        },
        "kb/ask",
    )
    (what, request, collections, profile) = librarian.asked[0]
    assert (what, collections, profile) == ("answer", ("house",), "legal")
    assert (request.language, request.user, request.site) == ("de", "Ada", "tablet")
    assert request.source == "mqtt"
    assert not home.assistant.requests  # the documents alone are asked


async def test_nobody_asks_in_the_name_of_a_person_who_has_a_topic(
    librarian: FakeLibrarian,
) -> None:
    api = MqttApi(users={"panel": "Ada"})
    async with Rig(api, librarian=librarian).running() as home:
        for operation in ("kb/ask", "kb/search"):
            answer = await home.ask({"text": "boiler", "user": "Ada"}, operation)
            assert error_of(answer)[0] == "refused"
        answer = await home.ask({"document": "7", "user": "Ada"}, "kb/summary")
        assert error_of(answer)[0] == "refused"
        assert not librarian.asked
        home.bus.deliver(f"{BASE}/from/panel/kb/ask", "boiler")
        assert (await home.answer())["kind"] == "answer"
        assert librarian.asked[0][1].user == "Ada"


async def test_passages_are_found_and_documents_summed_up(home: Rig) -> None:
    found = await home.ask("boiler", "kb/search")
    assert found["kind"] == "found" and found["sources"]
    told = await home.ask("Boiler manual", "kb/summary")
    assert told["text"] == "Boiler manual is about a boiler."


async def test_what_the_librarian_refuses_is_told(home: Rig, librarian: FakeLibrarian) -> None:
    librarian.error = Refused("there is no such collection that may be asked from here")
    for operation in ("kb/ask", "kb/search"):
        code, message = error_of(await home.ask("boiler", operation))
        assert (code, message) == ("refused", librarian.error.message)
