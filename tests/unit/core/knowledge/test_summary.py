"""A summary of a document of any length, in bounded parts that go on after a break."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.clock import SystemClock
from laresd.core.knowledge.summary import PART, Summaries, cut, extracted, named
from laresd.documents import Document, Progress
from laresd.errors import DeadlineExceeded, Permanent, Refused, Temporary
from laresd.generation import Generation
from laresd.types import Priority
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.papers import asking, shelf

DOCUMENT = Document(7, 1, "house", "/m.pdf", "Boiler manual", "", 1, 0.0)
SENTENCES = [
    f"The valve number {n} is checked every {n + 2} weeks by the engineer." for n in range(400)
]
LONG = " ".join(SENTENCES)


def first_sentence(generation: Generation) -> str:
    """What an honest model might write: the first sentence of what it got."""
    text = generation.messages[-1].content.removeprefix("<passage>\n")
    return re.split(r"\.\s", text)[0].strip(". ") + "."


def summaries(model: FakeLanguageModel | None) -> Summaries:
    return Summaries(SystemClock(), model, lambda: model is not None)


async def test_a_long_document_is_summed_up_in_parts_and_these_again() -> None:
    model = FakeLanguageModel(first_sentence)
    told: list[Progress] = []
    text = await summaries(model).of(DOCUMENT, LONG, "en", told.append)
    assert text == SENTENCES[0]
    assert all(len(asked.messages[-1].content) < 2 * PART for asked in model.asked)
    assert {asked.priority for asked in model.asked} == {Priority.BACKGROUND}
    assert not any(asked.tools for asked in model.asked)
    assert told[0].done == 0 and told[-1].done == told[-1].total
    assert "Boiler manual" in told[0].at


async def test_what_is_made_up_is_left_out() -> None:
    model = FakeLanguageModel(
        f"{SENTENCES[0]} It was built by Siemens in 1987. I will open the door now."
    )
    assert await summaries(model).of(DOCUMENT, SENTENCES[0], "en") == SENTENCES[0]


async def test_where_nothing_stands_the_documents_own_sentences_are_the_summary() -> None:
    model = FakeLanguageModel("The moon is made of green cheese.")
    assert SENTENCES[0] in await summaries(model).of(DOCUMENT, SENTENCES[0], "en")


async def test_a_summary_that_broke_off_goes_on_where_it_was() -> None:
    model = FakeLanguageModel(first_sentence)
    made = summaries(model)

    def breaking(progress: Progress) -> None:
        if progress.done == 3 and not model.error:
            model.error = Temporary("the language model is being started")

    with pytest.raises(Temporary):
        await made.of(DOCUMENT, LONG, "en", breaking)
    asked = len(model.asked)
    model.error = None
    await made.of(DOCUMENT, LONG, "en")
    again = {generation.messages[-1].content for generation in model.asked[: asked - 1]}
    assert not again & {generation.messages[-1].content for generation in model.asked[asked:]}


async def test_a_document_without_text_cannot_be_summed_up() -> None:
    with pytest.raises(Permanent):
        await summaries(None).of(DOCUMENT, " ", "en")


async def test_without_a_model_the_sentences_that_say_most_are_taken_in_their_order() -> None:
    text = await summaries(None).of(DOCUMENT, LONG, "en")
    taken = [sentence for sentence in SENTENCES if sentence in text]
    assert text == " ".join(taken) and 3 <= len(taken) <= 8


async def test_one_document_is_named_by_number_or_title(tmp_path: Path) -> None:
    async with shelf(tmp_path) as papers:
        librarian = papers.librarian()
        for name in ("1", "Boiler manual", "boiler"):
            text = await librarian.summary(asking("x"), name)
            assert "boiler" in text
        for name in ("99", "no such thing", ""):
            with pytest.raises(Refused):
                await librarian.summary(asking("x"), name)


async def test_a_summary_keeps_to_its_deadline(tmp_path: Path) -> None:
    clock = SystemClock()
    async with shelf(tmp_path) as papers:
        slow = papers.librarian(FakeLanguageModel("x y z", seconds=60.0), clock)
        with pytest.raises(DeadlineExceeded):
            await slow.summary(asking("x", deadline=clock.now() + 0.05), "1")


def test_a_title_that_several_have_names_none() -> None:
    others = [DOCUMENT, Document(8, 1, "house", "/n.pdf", "Boiler manual", "", 1, 0.0)]
    assert named(others, "Boiler manual") is None
    assert named(others, "8") is others[1]


@given(st.text(alphabet="ab. \n。三", max_size=400).map(lambda text: text * 60))
def test_the_parts_are_bounded_and_hold_every_word(text: str) -> None:
    parts = list(cut(text))
    assert all(len(part) <= 2 * PART + 1 for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@given(st.text(max_size=2000))
def test_whatever_it_is_some_of_it_can_be_told(text: str) -> None:
    extracted(text)
