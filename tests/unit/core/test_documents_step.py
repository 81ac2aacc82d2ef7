"""Documents as a step of the cascade: after the grammars, before the language model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from laresd.backends.clock import SystemClock
from laresd.config import Actions, Config
from laresd.core.assistant import CascadeAssistant
from laresd.core.knowledge.consulting import Consulting
from laresd.errors import Temporary
from laresd.types import Reply, ReplyKind, Request
from tests.fakes.devices import FakeDevices
from tests.fakes.grammar import FakeGrammar
from tests.fakes.home import ENTITIES, STATES
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.papers import Shelf, shelf

PATIENT = Config(actions=Actions(grammar_timeout_s=60.0))


class Room:
    """An assistant that knows a household's papers; a small model talks beside them."""

    def __init__(self, papers: Shelf) -> None:
        self.clock = SystemClock()
        self.devices = FakeDevices(ENTITIES, STATES)
        self.talk = FakeLanguageModel("That is far away.")
        self.assistant = CascadeAssistant(
            config=PATIENT,
            clock=self.clock,
            grammar=FakeGrammar(),
            devices=self.devices,
            language_model=self.talk,
            documents=Consulting(papers.librarian(clock=self.clock), self.clock),
        )
        self.told: list[str] = []

    async def say(self, text: str, language: str = "en") -> Reply:
        self.told.clear()
        request = Request("r1", text, language, self.clock.now() + 600.0, "voice")
        return await self.assistant.answer(request, self.told.append)


@pytest.fixture
async def papers(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with shelf(tmp_path) as filled:
        yield filled


@pytest.fixture
def room(papers: Shelf) -> Room:
    return Room(papers)


async def test_a_command_never_reaches_the_documents(room: Room) -> None:
    reply = await room.say("turn on the kitchen light")
    assert (reply.kind, reply.understood_by) == (ReplyKind.DONE, "grammar")
    loose = await room.say("could you put the kitchen light on please")
    assert (loose.kind, loose.understood_by) == (ReplyKind.DONE, "loose")


async def test_a_question_that_they_answer_is_answered_from_them_and_told_as_it_is_said(
    room: Room,
) -> None:
    reply = await room.say("how much notice must I give")
    assert (reply.kind, reply.understood_by) == (ReplyKind.ANSWER, "documents")
    assert "Three months' notice" in reply.text
    assert " ".join(room.told) == reply.text
    assert not room.talk.asked and not room.devices.acted


async def test_what_they_do_not_answer_goes_on_to_the_model(room: Room) -> None:
    reply = await room.say("how far is the moon from here?")
    assert (reply.understood_by, reply.text) == ("llm", "That is far away.")


async def test_who_names_the_documents_gets_no_talk(room: Room) -> None:
    reply = await room.say("what do my documents say about the moon?")
    assert (reply.understood_by, reply.text) == (
        "documents",
        "Nothing in your documents says that.",
    )
    assert not room.talk.asked


async def test_the_next_question_may_lean_on_the_answer(room: Room) -> None:
    await room.say("how much is the monthly rent")
    assert "third working day" in (await room.say("and when is it due?")).text
    assert "Rental contract, page 1" in (await room.say("where does it say that?")).text


async def test_a_library_that_fails_leaves_the_question_to_the_model(
    papers: Shelf, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing() -> None:
        raise Temporary("the disk is busy")

    monkeypatch.setattr(papers, "collections", failing)
    reply = await room.say("how much notice must I give when I leave the flat?")
    assert reply.understood_by == "llm"
