"""Where a text is cut for speaking."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from laresd.engines.speech.pieces import FIRST, LONG, pieces, speakable


def texts(text: str, first: int = LONG) -> list[str]:
    return [piece.text for piece in pieces(text, first)]


@given(st.text(max_size=50), st.integers(min_value=1, max_value=100))
def test_any_text_becomes_one_line_without_phonemes_or_control_characters(
    text: str, times: int
) -> None:
    line = speakable(text * times)
    assert line.isprintable()
    assert "[" not in line and "]" not in line
    assert line == line.strip()


def test_words_stay_as_they_are() -> None:
    assert speakable("Die Küche\n ist  hell: 21,5 °C.") == "Die Küche ist hell: 21,5 °C."


@given(st.text(alphabet="abc .,!?。，-", max_size=1500))
def test_nothing_is_left_out_and_no_piece_is_too_long(text: str) -> None:
    line = speakable(text)
    found = texts(line, FIRST)
    assert "".join(found).replace(" ", "") == line.replace(" ", "")
    assert all(0 < len(piece) <= LONG for piece in found)


def test_sentences_are_pieces_with_a_pause_between_them() -> None:
    found = pieces("It is on. 灯开了。好的。 The end")
    assert [piece.text for piece in found] == ["It is on.", "灯开了。", "好的。", "The end"]
    assert [piece.pause > 0 for piece in found] == [True, True, True, False]


def test_numbers_are_not_cut() -> None:
    assert texts("It is 21.5 degrees, or 1,000 more.") == ["It is 21.5 degrees, or 1,000 more."]


def test_a_long_first_sentence_begins_with_its_first_clauses() -> None:
    clause = "the lamp in the kitchen is on"
    found = texts(f"{clause}, {clause}, {clause}, and {clause}.", FIRST)
    assert found[0] == f"{clause},"
    assert len(found[0]) <= FIRST
    assert len(found) == 2


def test_it_is_not_cut_between_words_for_that() -> None:
    sentence = "the lamp in the kitchen and the lamp in the hall and the one in the attic are on."
    assert texts(sentence, FIRST) == [sentence]
