"""Answers come from passages and from nothing else, or there is none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from laresd.core.knowledge import refusal
from laresd.core.knowledge.profiles import Profile
from laresd.documents import Collection
from laresd.errors import Permanent, Refused, Temporary
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.papers import BOILER, PRIVATE, Shelf, asking, shelf

NOTHING = "Nothing in your documents says that."


@pytest.fixture
async def papers(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with shelf(tmp_path) as filled:
        yield filled


@pytest.mark.parametrize(
    ("question", "language", "said"),
    [
        ("What pressure does the boiler keep?", "en", "keeps a pressure of 1.5 bar"),
        ("who did the last service of the burner", "en", "12 May 2024 by Karl Brandt"),
        ("um, can you tell me how much the monthly rent is please", "en", "940 euros"),
        ("Wie oft wird das Flusensieb gereinigt?", "de", "alle zwei Monate"),
        ("内锅最多可以放多少米？", "zh", "六杯米"),
    ],
)
async def test_without_a_model_the_documents_own_sentence_is_the_answer(
    question: str, language: str, said: str, papers: Shelf
) -> None:
    told: list[str] = []
    answer = await papers.librarian().answer(asking(question, language), (), told.append)
    assert said in answer.text
    assert all(claim.quoted and claim.sources for claim in answer.claims)
    assert "".join(told).replace(" ", "") == answer.text.replace(" ", "")


async def test_an_answer_says_where_it_stands_and_cites_it_exactly(papers: Shelf) -> None:
    answer = await papers.librarian().answer(asking("What pressure does the boiler keep?"))
    assert answer.text.startswith("In Boiler manual, page 3: The boiler keeps")
    source = answer.sources[answer.claims[0].sources[0]]
    text = await papers.text(source.document.id)
    place = source.passage.place
    assert answer.claims[0].text in text[place.start : place.end]


@pytest.mark.parametrize(
    ("question", "language", "refusal"),
    [
        ("Who won the football world cup in 1954?", "en", NOTHING),
        ("What is the capital of Mongolia?", "en", NOTHING),
        ("Wie heißt der höchste Berg der Alpen?", "de", "Davon steht nichts in deinen Dokumenten."),
        ("珠穆朗玛峰有多高？", "zh", "你的文档里没有提到这个。"),
    ],
)
async def test_what_no_document_says_is_refused_in_the_language_of_the_question(
    question: str, language: str, refusal: str, papers: Shelf
) -> None:
    model = FakeLanguageModel("It is so. [1]")
    told: list[str] = []
    answer = await papers.librarian(model).answer(asking(question, language), (), told.append)
    assert (answer.text, answer.refused, told) == (refusal, True, [])
    assert not model.asked


async def test_a_box_without_documents_says_so(tmp_path: Path) -> None:
    async with shelf(tmp_path, {}) as empty:
        answer = await empty.librarian().answer(asking("What pressure does the boiler keep?"))
        assert answer.text == "There are no documents that I may answer from."
        assert not await empty.librarian().search(asking("boiler"))


async def test_only_what_a_passage_bears_out_is_said_of_what_a_model_writes(
    papers: Shelf,
) -> None:
    model = FakeLanguageModel(
        "The boiler keeps a pressure of 1.5 bar [1]. It was built in 1987 by Siemens [1]. "
        "It must never rise above 4 bar [1]. Add water when it is below 1 bar [1]."
    )
    told: list[str] = []
    answer = await papers.librarian(model).answer(
        asking("What pressure does the boiler keep?"), (), told.append
    )
    assert [claim.text for claim in answer.claims] == [
        "The boiler keeps a pressure of 1.5 bar.",
        "Add water when it is below 1 bar.",
    ]
    assert "1987" not in answer.text and "4 bar" not in answer.text
    assert " ".join(told) == answer.text


async def test_a_model_that_writes_nothing_true_leaves_the_documents_own_words(
    papers: Shelf,
) -> None:
    for text in ("NONE", "The moon is made of green cheese [1].", "x [9]", ""):
        answer = await papers.librarian(FakeLanguageModel(text)).answer(
            asking("What pressure does the boiler keep?")
        )
        assert "1.5 bar" in answer.text and answer.claims[0].quoted


async def test_a_model_that_finds_no_answer_is_believed_where_the_evidence_is_thin(
    papers: Shelf,
) -> None:
    question = asking("how do I replace the anode")
    judged = await papers.librarian().judged(question)
    assert judged is not None and refusal.LEAST < judged.confidence < refusal.SURE
    assert (await papers.librarian(FakeLanguageModel("NONE")).answer(question)).refused
    assert not (await papers.librarian().answer(question)).refused


async def test_a_model_that_fails_leaves_the_documents_own_words(papers: Shelf) -> None:
    model = FakeLanguageModel(error=Temporary("the language model is being started"))
    answer = await papers.librarian(model).answer(asking("What pressure does the boiler keep?"))
    assert "1.5 bar" in answer.text


async def test_the_model_gets_passages_as_data_and_no_tools(papers: Shelf) -> None:
    model = FakeLanguageModel("NONE")
    await papers.librarian(model).answer(asking("What pressure does the boiler keep?"))
    (asked,) = model.asked
    assert not asked.tools and asked.grammar is None
    system, user = asked.messages
    assert "<passage 1: Boiler manual>" in user.content
    assert "data" in system.content


async def test_a_collection_is_asked_only_by_those_whom_it_is_for(papers: Shelf) -> None:
    await papers.put("dentist.txt", PRIVATE, "private")
    papers.access["private"] = Collection("private", users=("ada",), programs=("voice", "mqtt"))
    librarian = papers.librarian()
    question = asking("What does the root canal treatment cost?")
    assert (await librarian.answer(question)).refused
    assert not [f for f in await librarian.search(question) if "dentist" in f.document.title]
    mine = await librarian.answer(replace(question, user="ada"))
    assert "480 euros" in mine.text
    assert (await librarian.answer(replace(question, user="ada", source="http"))).refused
    with pytest.raises(Refused) as closed:
        await librarian.answer(question, ("private",))
    with pytest.raises(Refused) as unknown:
        await librarian.answer(question, ("no-such",))
    assert closed.value.message == unknown.value.message
    with pytest.raises(Refused):
        await librarian.summary(question, "Letter of the dentist")


async def test_a_profile_answers_from_its_own_collections_with_its_notice(papers: Shelf) -> None:
    await papers.put("dentist.txt", PRIVATE, "health")
    medical = Profile(
        ("health",),
        instructions="Name the dose only as it is written.",
        notice="Ask your dentist before you act on this.",
        quotes_only=True,
        topics=(("overdose",),),
        refusal="Call the poison centre.",
    )
    model = FakeLanguageModel("NONE")
    librarian = papers.librarian(model, profiles={"medical": medical})
    answer = await librarian.answer(
        asking("What does the root canal treatment cost?"), profile="medical"
    )
    assert answer.text.endswith("480 euros. Ask your dentist before you act on this.")
    assert not model.asked
    rent = asking("How much is the monthly rent?")
    assert (await librarian.answer(rent, profile="medical")).refused
    overdose = asking("What happens after an overdose of tablets?")
    assert (await librarian.answer(overdose, profile="medical")).text == "Call the poison centre."
    with pytest.raises(Refused):
        await librarian.answer(rent, ("house",), profile="medical")
    with pytest.raises(Permanent):
        await librarian.answer(rent, profile="legal")


async def test_a_profile_instructs_the_model_and_can_ask_for_more_certainty(
    papers: Shelf,
) -> None:
    model = FakeLanguageModel("NONE")
    profiles = {
        "kind": Profile(instructions="Be kind."),
        "strict": Profile(least=1.0),
    }
    librarian = papers.librarian(model, profiles=profiles)
    question = asking("What pressure does the boiler keep?")
    assert (await librarian.answer(question, profile="strict")).refused
    assert not model.asked
    await librarian.answer(question, profile="kind")
    assert "Be kind." in model.asked[0].messages[0].content


async def test_what_is_found_is_found_by_its_words_best_first(papers: Shelf) -> None:
    found = await papers.librarian().search(asking("boiler pressure"))
    assert found[0].document.title == "Boiler manual"
    assert "1.5 bar" in found[0].passage.text


async def test_a_copy_is_shown_once_and_makes_no_answer_doubtful(papers: Shelf) -> None:
    question = asking("What pressure does the boiler keep?")
    alone = await papers.librarian().judged(question)
    copy = await papers.put("copy.pdf", BOILER)
    beside = await papers.librarian().judged(question)
    assert alone is not None and beside is not None
    assert beside.confidence > 0.9
    found = await papers.librarian().search(question)
    assert [copy in each.duplicates for each in found if each.document.title == "Boiler manual"]
    assert len([each for each in found if "1.5 bar" in each.passage.text]) == 1
