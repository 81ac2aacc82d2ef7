"""Copies are shown once, and what differs in a number is not a copy."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from laresd.core.knowledge.duplicates import folded
from laresd.documents import Document, Found, Passage, Place

LONG = (
    "The boiler is switched off by the grey lever behind the cover. Wait until the pump has come "
    "to rest before the filter is taken out, rinse it under cold water, let it dry on a cloth, "
    "and put it back with the arrow pointing towards the wall. Then close the cover again."
)


def said(text: str, document: int, score: float = 1.0, *duplicates: int) -> Found:
    of = Document(document, 1, "house", f"{document}.pdf", "", "d", 1, 0.0)
    return Found(of, Passage(text, Place(0, len(text)), 50), score, duplicates=duplicates)


def test_a_copy_is_folded_into_the_better_one_and_its_document_is_named() -> None:
    (one,) = folded([said(LONG, 1), said(LONG, 2, 0.5, 9), said(LONG, 3, 0.4)])
    assert one.document.id == 1
    assert one.duplicates == (2, 9, 3)


def test_a_copy_with_other_spaces_and_capitals_is_one() -> None:
    assert len(folded([said(LONG, 1), said(LONG.upper().replace(" ", "\n"), 2)])) == 1


def test_a_word_more_makes_no_other_text_of_a_long_one() -> None:
    assert len(folded([said(LONG, 1), said(LONG + " Thanks.", 2)])) == 1


def test_what_differs_in_a_number_stays_apart() -> None:
    first, second = LONG + " The code is 1111.", LONG + " The code is 2222."
    assert len(folded([said(first, 1), said(second, 2)])) == 2


def test_other_texts_stay_apart() -> None:
    short = [said("Bins on Monday", 1), said("Bins on Tuesday", 2), said("备用钥匙在石头下面。", 3)]
    assert folded(short) == short


def test_a_repetition_in_the_same_document_names_no_other() -> None:
    (one,) = folded([said(LONG, 1), said(LONG, 1, 0.5)])
    assert one.duplicates == ()


@given(
    st.lists(
        st.tuples(st.sampled_from((LONG, LONG + " So.", "a b c d", "", "7 a b")), st.integers(1, 5))
    )
)
def test_no_document_is_lost_and_folding_twice_changes_nothing(
    passages: list[tuple[str, int]],
) -> None:
    found = [said(text, document) for text, document in passages]
    once = folded(found)
    named = {each.document.id for each in once} | {n for each in once for n in each.duplicates}
    assert named == {document for _, document in passages}
    assert folded(once) == once
