"""A sentence of an answer stands when a passage bears it out, and is left out else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.knowledge.claims import Sentences, bears, borne_out
from laresd.documents import Document, Found, Passage, Place

TEXT = (
    "The boiler keeps a pressure of 1.5 bar. It must never rise above 3 bar. Karl Brandt serviced "
    "the burner on 12 May 2024."
)


def passage(text: str = TEXT, title: str = "Boiler manual") -> Found:
    document = Document(1, 1, "house", "/b.pdf", title, "", 1, 0.0)
    return Found(document, Passage(text, Place(0, len(text)), 30), 0.1)


FOUND = (passage(), passage("The bins go out on Tuesday, the paper every second Friday.", "Bins"))


@pytest.mark.parametrize(
    "sentence",
    [
        "The boiler keeps a pressure of 1.5 bar [1].",
        "The boiler keeps a pressure of 1.5 bar. [1]",
        "The pressure of the boiler is 1.5 bar [1].",
        "Karl Brandt serviced the burner [1].",
        "It must never rise above 3 bar [1].",
        "The bins go out on Tuesday [1, 2].",
        "The bins go out on Tuesday.",
    ],
)
def test_what_a_passage_says_stands(sentence: str) -> None:
    claim = borne_out(sentence, FOUND)
    assert claim is not None
    assert "[" not in claim.text
    assert all(0 <= number < len(FOUND) for number in claim.sources)


@pytest.mark.parametrize(
    "sentence",
    [
        "The boiler keeps a pressure of 2.5 bar [1].",  # another figure
        "Peter Brandt serviced the burner [1].",  # another name
        "It must rise above 3 bar [1].",  # the opposite
        "The boiler never keeps a pressure of 1.5 bar [1].",
        "Boilers were invented by the Romans [1].",
        "The bins go out on Tuesday [1].",  # the other passage says that
        "The boiler keeps a pressure of 1.5 bar [7].",  # there is none
        "I have checked that the boiler keeps a pressure of 1.5 bar [1].",
        'It says "the pressure must be raised at once" of the boiler [1].',
        "[1]",
        "",
    ],
)
def test_what_no_passage_says_is_left_out(sentence: str) -> None:
    assert borne_out(sentence, FOUND) is None


def test_a_quotation_is_known_as_one() -> None:
    quoted = borne_out("The boiler keeps a pressure of 1.5 bar [1].", FOUND)
    said_otherwise = borne_out("The pressure of the boiler is 1.5 bar [1].", FOUND)
    assert quoted is not None and quoted.quoted
    assert said_otherwise is not None and not said_otherwise.quoted


def test_chinese_is_borne_out_by_pairs_of_characters() -> None:
    found = passage("内锅最多可放六杯米。保温功能最长可以使用十二小时。", "电饭煲")
    assert bears("内锅最多放六杯米。", found)
    assert not bears("锅盖可以放进洗碗机清洗。", found)
    assert not bears("保温功能不可以使用十二小时。", found)


def cut(pieces: list[str]) -> list[str]:
    reading, got = Sentences(), []
    for piece in pieces:
        got += reading.hear(piece)
    return [" ".join(sentence.split()) for sentence in [*got, *reading.end()]]


WRITTEN = "The boiler keeps 1.5 bar. [1] It is serviced on 12 May 2024 [1]. The bins go out. [1][2]"


def test_a_mark_belongs_to_the_sentence_before_it() -> None:
    assert cut([WRITTEN]) == [
        "The boiler keeps 1.5 bar. [1]",
        "It is serviced on 12 May 2024 [1].",
        "The bins go out. [1][2]",
    ]


@given(st.lists(st.integers(0, len(WRITTEN)), max_size=12))
def test_sentences_do_not_depend_on_how_the_text_came(at: list[int]) -> None:
    cuts = [0, *sorted(at), len(WRITTEN)]
    pieces = [WRITTEN[left:right] for left, right in pairwise(cuts)]
    assert cut(pieces) == cut([WRITTEN])
