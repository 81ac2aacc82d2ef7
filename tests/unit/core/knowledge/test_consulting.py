"""When documents are asked by themselves, and what was asked a moment ago."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from laresd.core.knowledge.consulting import Consulting
from tests.fakes.clock import FakeClock
from tests.fakes.papers import Shelf, asking, shelf


@pytest.fixture
async def papers(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with shelf(tmp_path) as filled:
        yield filled


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def consulting(papers: Shelf, clock: FakeClock) -> Consulting:
    return Consulting(papers.librarian(), clock)


async def test_a_question_that_they_surely_answer_is_answered(consulting: Consulting) -> None:
    told = await consulting.told(asking("how much notice must I give"))
    assert told == "In Rental contract, page 1: Three months' notice must be given in writing."


@pytest.mark.parametrize(
    "text",
    [
        "how far is the moon",
        "what is the water pressure in the deep sea",
        "turn on the light",
        "the boiler keeps a pressure of 1.5 bar",
        "how are you doing",
        "what is the boiler",
        "x" * 500 + "?",
    ],
)
async def test_all_else_is_left_to_others(text: str, consulting: Consulting) -> None:
    assert await consulting.told(asking(text)) == ""


async def test_who_names_the_documents_is_told_that_they_do_not_say_it(
    consulting: Consulting,
) -> None:
    told = await consulting.told(asking("what do my documents say about the world cup?"))
    assert told == "Nothing in your documents says that."


async def test_yes_or_no_about_the_home_is_not_for_them_but_more_is(
    consulting: Consulting,
) -> None:
    allowed = asking("are pets allowed in the flat")
    assert await consulting.told(allowed)
    assert await consulting.told(allowed, of_home=True) == ""
    how = asking("what pressure does the boiler keep")
    assert "1.5 bar" in await consulting.told(how, of_home=True)


async def test_a_short_question_leans_on_the_one_before(
    consulting: Consulting, clock: FakeClock
) -> None:
    assert "940 euros" in await consulting.told(asking("how much is the monthly rent"))
    assert "third working day" in await consulting.told(asking("and when is it due?"))
    await clock.advance(1000.0)
    assert await consulting.told(asking("and when is it due?")) == ""


async def test_where_it_stands_is_told_when_it_is_asked(consulting: Consulting) -> None:
    where = asking("where does it say that?")
    assert await consulting.told(where) == ""
    await consulting.told(asking("how much is the monthly rent"))
    assert await consulting.told(where) == "It stands in Rental contract, page 1."
    assert await consulting.told(asking("where does it say that?", site="kitchen")) == ""


@pytest.mark.parametrize(
    ("question", "where", "language", "told"),
    [
        (
            "Wie oft wird das Flusensieb gereinigt?",
            "Wo steht das?",
            "de",
            "Das steht in Bedienungsanleitung Waschmaschine, Seite 5.",
        ),
        ("内锅最多可放多少米？", "出处是什么？", "zh", "出自《电饭煲说明书》第2页。"),
    ],
)
async def test_in_each_language(
    question: str, where: str, language: str, told: str, consulting: Consulting
) -> None:
    assert await consulting.told(asking(question, language))
    assert await consulting.told(asking(where, language)) == told


async def test_nothing_is_searched_where_there_is_nothing(papers: Shelf) -> None:
    nothing = Consulting(papers.librarian(), FakeClock(), lambda: False)
    assert await nothing.told(asking("how much notice must I give")) == ""
