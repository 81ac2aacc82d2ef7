"""A question finds a document by the same words, however they are written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from laresd.core.knowledge.words import asked, is_paired, words


def test_words_are_cut_at_spaces_and_marks_and_written_small() -> None:
    assert list(words("The boiler, model X-200.")) == ["the", "boiler", "model", "x", "200"]


def test_accents_do_not_matter() -> None:
    assert list(words("Café KÜCHE")) == list(words("cafe kuche"))


def test_chinese_is_cut_into_pairs_of_characters() -> None:
    assert list(words("打开厨房的灯")) == ["打开", "开厨", "厨房", "房的", "的灯"]
    assert list(words("灯")) == ["灯"]


def test_scripts_beside_each_other_keep_their_order() -> None:
    assert list(words("2018年WiFi密码")) == ["2018", "年", "wifi", "密码"]


def test_full_width_forms_are_the_same() -> None:
    assert list(words("ＷｉＦｉ１２")) == ["wifi12"]


def test_a_question_is_asked_by_what_tells_documents_apart() -> None:
    assert asked("What is the code of the alarm?") == ["code", "alarm"]
    assert asked("Wie ist der Code für die Alarmanlage?") == ["code", "alarmanlage"]
    assert asked("who is it") == ["who", "is", "it"]
    assert asked("?!") == []


def test_a_text_is_of_paired_script_when_most_of_its_letters_are() -> None:
    assert is_paired("打开WiFi的密码是什么")
    assert not is_paired("The word 灯 means lamp")
    assert not is_paired("")


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_text_is_cut_alike_alone_and_beside_other_letters(text: str) -> None:
    assert list(words(text + " é")) == [*words(text), "e"]
