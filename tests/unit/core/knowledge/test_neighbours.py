"""What was cut apart is read together."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from laresd.core.knowledge.neighbours import joined
from laresd.documents import Document, Found, Passage, Place

MANUAL = Document(1, 1, "house", "boiler.pdf", "Boiler", "d", 1, 0.0)
OTHER = replace(MANUAL, id=2, uri="other.pdf")
TEXT = "Error E5 means low pressure. Open the valve.\n\nClose it at 1.5 bar."


def piece(start: int, end: int, score: float = 1.0, **place: object) -> Found:
    where = replace(Place(start, end, ("Faults",), page=2), **place)  # type: ignore[arg-type]
    return Found(MANUAL, Passage(TEXT[start:end], where, 10), score)


FIRST, SECOND, THIRD = piece(0, 28, 0.5), piece(29, 44, 0.9), piece(46, 66, 0.7)


def test_neighbours_become_one_passage_with_the_documents_own_text() -> None:
    (one,) = joined([SECOND, THIRD, FIRST])
    assert one.passage == Passage(TEXT, Place(0, 66, ("Faults",), page=2), 30)
    assert one.score == 0.9


def test_what_was_measured_of_either_is_kept() -> None:
    by_words = replace(FIRST, words=7.0)
    by_meaning = replace(SECOND, similarity=0.6, duplicates=(8,))
    (one,) = joined([by_meaning, by_words])
    assert (one.words, one.similarity, one.duplicates) == (7.0, 0.6, (8,))


def test_passages_that_do_not_touch_stay_apart() -> None:
    assert joined([SECOND, piece(50, 66)]) == [piece(50, 66), SECOND]
    assert joined([THIRD, FIRST]) == [THIRD, FIRST]


def test_another_page_document_or_heading_is_never_joined() -> None:
    for stranger in (
        piece(29, 44, page=3),
        piece(29, 44, headings=("Care",)),
        piece(29, 44, sheet="Plan"),
        replace(piece(29, 44), document=OTHER),
    ):
        assert len(joined([stranger, FIRST])) == 2


def test_a_part_of_a_table_with_its_first_row_in_front_stays_by_itself() -> None:
    table = Found(MANUAL, Passage("Day\nTue", Place(29, 32, ("Faults",), page=2), 4), 0.4)
    assert joined([FIRST, table]) == [FIRST, table]


def test_no_more_is_joined_than_can_be_read() -> None:
    assert len(joined([SECOND, THIRD, FIRST], most_tokens=20)) == 2


@given(st.lists(st.integers(0, 30), unique=True, max_size=12), st.integers(10, 60))
def test_every_character_that_was_found_is_still_there_once(starts: list[int], most: int) -> None:
    long = "".join(chr(97 + at % 26) for at in range(93))
    pieces = [
        Found(MANUAL, Passage(long[3 * at : 3 * at + 3], Place(3 * at, 3 * at + 3), 10), 1.0 / n)
        for n, at in enumerate(starts, 1)
    ]
    found = joined(pieces, most)
    assert all(each.passage.tokens <= most for each in found)
    assert all(
        each.passage.text == long[each.passage.place.start : each.passage.place.end]
        for each in found
    )
    covered = [at for one in found for at in range(one.passage.place.start, one.passage.place.end)]
    assert sorted(covered) == sorted(at for n in starts for at in range(3 * n, 3 * n + 3))
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
