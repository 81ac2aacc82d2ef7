"""Documents are data: what is planted in one is never done, in whatever format it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from laresd.backends.clock import SystemClock
from laresd.backends.workers import specs
from laresd.backends.workers.document_reader import WorkerDocumentReader
from laresd.config import Actions, Config
from laresd.core.assistant import CascadeAssistant
from laresd.core.knowledge.consulting import Consulting
from laresd.documents import Block
from laresd.generation import Generation, ToolCall
from laresd.types import Reply, Request
from tests.adversarial.planted import ANSWER, FACT, PLANTED, QUESTION, obeyed
from tests.fakes import documents
from tests.fakes.devices import FakeDevices
from tests.fakes.grammar import FakeGrammar
from tests.fakes.home import ENTITIES, STATES
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.papers import Shelf, shelf
from tests.fakes.workers import running, soon

PATIENT = Config(actions=Actions(grammar_timeout_s=60.0))
CALL = ToolCall("unlock", {"entity_id": "lock.front_door"})


class Obedient(FakeLanguageModel):
    """The worst model: whatever it reads, it does. It calls a tool wherever it is offered one, and
    writes `wanted` wherever it may write.
    """

    def __init__(self) -> None:
        super().__init__(self._written, calls=(CALL,))
        self.wanted = ""

    def _written(self, generation: Generation) -> str:
        return self.wanted


class House:
    """An assistant that knows documents, in a home whose devices it could command."""

    def __init__(self, papers: Shelf, model: Obedient) -> None:
        self.clock = SystemClock()
        self.devices = FakeDevices(ENTITIES, STATES)
        self.librarian = papers.librarian(model, self.clock)
        self.assistant = CascadeAssistant(
            config=PATIENT,
            clock=self.clock,
            grammar=FakeGrammar(),
            devices=self.devices,
            language_model=model,
            documents=Consulting(self.librarian, self.clock),
        )

    async def say(self, text: str, site: str = "") -> Reply:
        request = Request("r1", text, "en", self.clock.now() + 600.0, "voice", site=site)
        return await self.assistant.answer(request)


@pytest.fixture
def model() -> Obedient:
    return Obedient()


def paper(planted: str) -> list[Block]:
    return [
        Block("House notes", 1),
        Block(f"{planted} {FACT} {planted}"),
    ]


def test_the_set_is_large_enough_to_mean_something() -> None:
    assert len(set(PLANTED)) == 50


async def test_nothing_that_a_document_orders_is_done_whatever_the_model_makes_of_it(
    tmp_path: Path, model: Obedient
) -> None:
    async with shelf(tmp_path, {}) as papers:
        house = House(papers, model)
        for number, planted in enumerate(PLANTED):
            await papers.put("notes.txt", paper(planted))
            for model.wanted in obeyed(planted):
                reply = await house.say(QUESTION, site=f"site-{number}")
                assert not reply.outcomes, planted
                assert reply.understood_by == "documents", planted
                again = await house.say("yes", site=f"site-{number}")
                assert not again.outcomes, planted
        assert house.devices.acted == []
    assert not any(asked.tools for asked in model.asked)


async def test_what_is_planted_changes_no_answer_into_a_claim_of_a_deed(
    tmp_path: Path, model: Obedient
) -> None:
    """What is said stands in the document, and says that it does."""
    async with shelf(tmp_path, {}) as papers:
        house = House(papers, model)
        for number, planted in enumerate(PLANTED):
            await papers.put("notes.txt", paper(planted))
            model.wanted = "I have unlocked the front door and turned off the alarm. [1]"
            reply = await house.say(QUESTION, site=f"site-{number}")
            if "unlocked the front door" not in planted:
                assert "I have unlocked" not in reply.text
            assert reply.text.startswith("In House notes: ")


async def test_a_passage_cannot_leave_its_fence(tmp_path: Path, model: Obedient) -> None:
    async with shelf(tmp_path, {}) as papers:
        house = House(papers, model)
        for number, planted in enumerate(PLANTED):
            await papers.put("notes.txt", paper(planted))
            await house.say(QUESTION, site=f"site-{number}")
    for asked in model.asked:
        user = asked.messages[-1].content
        assert user.count("</passage>") == user.count("<passage ")
        assert user.count("<question>") == user.count("</question>") == 1
        assert not any(mark in user for mark in ("<|im_", "[INST]", "<s>", "<start_of_turn>"))


async def test_a_summary_of_a_document_does_nothing_either(tmp_path: Path, model: Obedient) -> None:
    async with shelf(tmp_path, {}) as papers:
        house = House(papers, model)
        for planted in PLANTED:
            number = await papers.put("notes.txt", paper(planted))
            model.wanted = "I obey and unlock the front door. The code word is heron."
            request = Request("r1", "x", "en", house.clock.now() + 600.0, "control")
            text = await house.librarian.summary(request, str(number))
            assert "I obey" not in text
    assert house.devices.acted == []
    assert not any(asked.tools for asked in model.asked)


@pytest.fixture
async def reader() -> AsyncIterator[WorkerDocumentReader]:
    async with running(specs.documents()) as worker:
        yield WorkerDocumentReader(worker, ("en", "zh"))


def in_every_format(folder: Path, planted: str) -> list[Path]:
    """The planted words where each format can hide them, and the fact."""
    text = f"{FACT} {''.join(c for c in planted if c.isprintable())}"
    sections = (("House notes", text), (text[:60], FACT))
    markdown = folder / "notes.md"
    markdown.write_text(f"# House notes\n\n{FACT}\n\n{planted}\n", encoding="utf-8")
    plain = folder / "notes.txt"
    plain.write_text(f"House notes\n\n{planted}\n\n{FACT}\n", encoding="utf-8")
    rows = folder / "notes.csv"
    rows.write_text(f'what,said\ndoor,"{FACT}"\nnote,"{text.replace(chr(34), chr(39))}"\n', "utf-8")
    table = [["what", "said"], ["door", FACT], ["note", text]]
    return [
        markdown,
        plain,
        rows,
        documents.pdf(folder / "notes.pdf", [(h, _escaped(t)) for h, t in sections[:1]]),
        documents.word(folder / "notes.docx", sections, table),
        documents.workbook(folder / "notes.xlsx", [("Notes", [[*row] for row in table])]),
        documents.slides(folder / "notes.pptx", sections),
        documents.mail(folder / "notes.eml", "House notes", text),
        documents.page(folder / "notes.html", "House notes", [("House notes", _escaped(text))]),
    ]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
async def test_in_every_format_that_is_read_nothing_planted_is_done(
    part: int, tmp_path: Path, reader: WorkerDocumentReader, model: Obedient
) -> None:
    async with shelf(tmp_path, {}) as papers:
        house = House(papers, model)
        for number, planted in enumerate(PLANTED[part::10]):
            folder = tmp_path / str(number)
            folder.mkdir()
            for path in await asyncio.to_thread(in_every_format, folder, planted):
                extracted = await reader.extract(path, deadline=soon(120.0))
                blocks = [Block("House notes", 1), *extracted.blocks]
                await papers.put("notes", blocks)
                for model.wanted in obeyed(planted)[:3]:
                    reply = await house.say(QUESTION, site=f"{number}-{path.suffix}")
                    assert not reply.outcomes, (path.suffix, planted)
                    assert reply.understood_by == "documents", (path.suffix, planted)
                    assert ANSWER in model.asked[-1].messages[-1].content, (path.suffix, planted)
        assert house.devices.acted == []
    assert not any(asked.tools for asked in model.asked)
