"""How far passages bear out that they answer: figures that mean the same in every library."""

from __future__ import annotations

import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from laresd.core.knowledge import evidence, questions, refusal
from laresd.core.knowledge.refusal_weights import PAIRED, SPACED, SPACED_WITH_VECTORS
from laresd.documents import Block, Document, Found, Passage, Place
from tests.fakes.papers import asking, shelf


def found(*texts: str) -> list[Found]:
    return [
        Found(
            Document(number, 1, "c", f"/{number}", "", "", 1, 0.0),
            Passage(text, Place(0, len(text)), 10),
            1.0 / (number + 1),
            words=1.0,
        )
        for number, text in enumerate(texts)
    ]


def measured(question: str, *texts: str) -> evidence.Evidence:
    asked = questions.understood(question, "en")
    passages = found(*texts)
    weights = evidence.rarity(
        {word: sum(word in text.lower() for text in texts) for word in asked.words}, 100
    )
    best = evidence.spots(asked, passages, weights)
    return evidence.measured(asked, passages, best, weights)


BOILER = "The boiler keeps a pressure of 1.5 bar. Check the gauge once a month."


def test_there_is_a_weight_for_every_figure() -> None:
    figures = len(evidence.NOTHING.figures)
    assert {len(w.of) for w in (PAIRED, SPACED, SPACED_WITH_VECTORS)} == {figures}


def test_nothing_found_is_no_evidence() -> None:
    assert measured("who won the cup") == evidence.NOTHING
    for paired in (True, False):
        assert refusal.confidence(evidence.NOTHING, paired=paired, vectors=False) == 0.0


def test_a_sentence_with_the_words_and_the_kind_of_answer_is_evidence() -> None:
    good = measured("how high is the boiler pressure", BOILER, "The bins go out on Tuesday.")
    bad = measured("how high is the deep sea pressure", BOILER, "The bins go out on Tuesday.")
    assert good.passage > bad.passage and good.gap < bad.gap
    assert good.wanted == 1.0 and good.margin > 0.9


def test_a_name_that_is_missing_is_known() -> None:
    there = measured("When did Karl Brandt come?", "Karl Brandt came on 12 May.")
    missing = measured("When did Peter Brandt come?", "Karl Brandt came on 12 May.")
    assert there.names == 1.0 and missing.names == 0.5


def test_forms_of_a_word_are_one() -> None:
    assert evidence.stem("serviced") == evidence.stem("services")
    assert evidence.stem("E18") != evidence.stem("E19")
    assert evidence.stem("水压") == "水压"


def test_a_row_of_a_table_answers_by_itself() -> None:
    text = "Room | Area\nKitchen | 12 m2\nBath | 6 m2"
    table = Passage(text, Place(0, len(text), cells="A1:B3"), 10)
    rows = [text[start:end] for start, end in evidence.pieces(table)]
    assert rows == ["Room | Area", "Kitchen | 12 m2", "Bath | 6 m2"]


async def test_confidence_hardly_depends_on_the_size_of_the_library(tmp_path: Path) -> None:
    question = asking("What pressure does the boiler keep?")
    async with shelf(tmp_path) as papers:
        librarian = papers.librarian()
        small = await librarian.judged(question)
        for number in range(120):
            block = f"Note {number} tells of the weather on day {number * 7} and of nothing else."
            await papers.put(f"{number}.txt", found_blocks(block))
        large = await librarian.judged(question)
    assert small is not None and large is not None
    assert min(small.confidence, large.confidence) > 0.9


def found_blocks(text: str) -> list[Block]:
    return [Block("Notes", 1), Block(text)]


@given(st.text(max_size=80), st.lists(st.text(max_size=200), max_size=5))
def test_every_figure_is_one_whatever_is_asked_and_found(question: str, texts: list[str]) -> None:
    made = measured(question, *texts)
    assert all(math.isfinite(figure) for figure in made.figures)
    assert 0.0 <= made.passage <= 1.0 + 1e-9 and 0.0 <= made.gap <= 1.0 + 1e-9
    for paired in (True, False):
        assert 0.0 <= refusal.confidence(made, paired=paired, vectors=False) <= 1.0
