"""What of a generated answer is said, and when each sentence of it is certain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.talk import MAX_SAID, Talk, is_written_in, joined, plain


def told(*pieces: str, language: str = "en", unfit: str = "\0") -> list[str]:
    """What is told of an answer that comes in these pieces; no sentence may hold `unfit`."""
    sentences: list[str] = []
    talk = Talk(language, lambda text: unfit not in text)
    for piece in pieces:
        talk.hear(piece, sentences.append)
    talk.end(sentences.append)
    return sentences


class TestSentences:
    def test_one_is_told_as_soon_as_another_has_begun(self) -> None:
        sentences: list[str] = []
        talk = Talk("en", lambda text: True)
        talk.hear("Paris is the capital.", sentences.append)
        assert sentences == []
        talk.hear(" I", sentences.append)
        assert sentences == ["Paris is the capital."]

    def test_a_chinese_one_needs_no_space_after_it(self) -> None:
        assert told("月亮很远。它", "绕着地球转。", language="zh-CN") == [
            "月亮很远。",
            "它绕着地球转。",
        ]

    @pytest.mark.parametrize(
        ("text", "language"),
        [
            ("It is 3.5 kilometres long.", "en"),
            ("Dr. Watson met Mr. Holmes in St. Andrews.", "en"),
            ("J. S. Bach wrote it, e.g. for the organ.", "en"),
            ("The U.S. Senate has 100 seats.", "en"),
            ("It is in Vol. 2, and in Fig. 3 of it.", "en"),
            ('They call it "Mt. Everest" there.', "en"),
            ("Es war am 3. Oktober 1990.", "de"),
            ("Das ist z. B. Brot, d. h. Gebäck, bzw. Kuchen.", "de"),
            ('"Really?" she asked.', "en"),
        ],
    )
    def test_a_point_within_one_does_not_end_it(self, text: str, language: str) -> None:
        assert told(text, language=language) == [text]

    def test_a_number_can_end_one_where_it_is_no_ordinal(self) -> None:
        assert told("It has 12. All are blue.") == ["It has 12.", "All are blue."]

    def test_the_one_that_was_cut_is_left_out(self) -> None:
        assert told("Paris. And it is") == ["Paris."]

    def test_it_is_said_where_it_is_all_there_is(self) -> None:
        assert told("Paris, I bel", "ieve") == ["Paris, I believe"]

    @given(
        st.lists(
            st.sampled_from(
                ["Yes.", " ", "No", "a", "。", "Dr.", "\n", "3.", "…", '"', "**", "吗？", "!", "- "]
            ),
            max_size=30,
        ),
        st.data(),
    )
    def test_what_is_told_does_not_depend_on_the_pieces(
        self, words: list[str], data: st.DataObject
    ) -> None:
        text = "".join(words)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
        pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        assert told(*pieces) == told(text)

    @given(st.text(alphabet="ab .!?。\n*", max_size=80))
    def test_what_was_told_joined_is_what_was_said(self, text: str) -> None:
        sentences: list[str] = []
        talk = Talk("en", lambda text: True)
        talk.hear(text, sentences.append)
        talk.end(sentences.append)
        whole = ""
        for sentence in sentences:
            whole = joined(whole, sentence)
        assert whole == talk.said


class TestWhatMaySound:
    @pytest.mark.parametrize(
        ("marked", "spoken"),
        [
            ("**Paris** is the _capital_ of `France`.", "Paris is the capital of France."),
            ("See [the page](http://example.org/a).", "See the page."),
            ("<b>Bold</b> text \N{GRINNING FACE}!", "Bold text !"),
            ("It is 21.5 °C.", "It is 21.5 °C."),
            ("snake_case stays.", "snake_case stays."),
        ],
    )
    def test_no_markup_is_spoken(self, marked: str, spoken: str) -> None:
        assert plain(marked) == spoken

    def test_a_list_is_told_line_by_line(self) -> None:
        text = "## Three things:\n- apples\n* pears\n1. Plums.\n```\n"
        assert told(text) == ["Three things:", "apples", "pears", "Plums."]

    def test_the_answer_ends_before_an_unfit_sentence(self) -> None:
        assert told("Good. Bad. Good again.", unfit="Bad") == ["Good."]

    def test_it_ends_before_it_is_too_long(self) -> None:
        sentence = "Word " + "word " * 30 + "end."
        sentences = told(" ".join([sentence] * 10))
        assert 1 < len(sentences) < 10
        assert len(" ".join(sentences)) <= MAX_SAID

    def test_it_ends_where_it_falls_into_another_script(self) -> None:
        assert told("It is far. 月亮很远。 It is.") == ["It is far."]
        assert told("It is far.", language="zh") == []

    def test_names_in_another_script_do_not_end_it(self) -> None:
        assert is_written_in("Peking (北京) is the capital.", "en")
        assert is_written_in("Lares 是家的守护者。", "zh-CN")

    def test_nothing_is_told_after_the_answer_was_broken_off(self) -> None:
        sentences: list[str] = []
        talk = Talk("en", lambda text: True)
        talk.hear("One. Two. Thr", sentences.append)
        talk.add("The rest did not come.", sentences.append)
        talk.hear("ee. Four. Five.", sentences.append)
        talk.end(sentences.append)
        assert sentences == ["One.", "Two.", "The rest did not come."]
        assert talk.said == "One. Two. The rest did not come."
