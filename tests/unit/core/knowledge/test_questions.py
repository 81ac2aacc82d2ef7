"""A question is what is asked, however it is said."""

from __future__ import annotations

import pytest

from laresd.core.knowledge.questions import (
    Wanted,
    is_open,
    is_question,
    language_of,
    understood,
    without_asides,
)


@pytest.mark.parametrize(
    ("said", "language", "bare"),
    [
        ("um, can you tell me when the bins go out please", "en", "when the bins go out"),
        ("Hey Lares, what do my documents say about pets?", "en", "pets?"),
        ("okay so how old is the boiler", "en", "how old is the boiler"),
        ("Kannst du mir bitte sagen, wann der Müll abgeholt wird?", "de", None),
        ("请问内锅能放多少米？", "zh", "内锅能放多少米？"),
        ("please", "en", "please"),
        ("tell me", "en", "tell me"),
    ],
)
def test_what_asks_for_nothing_is_left_out(said: str, language: str, bare: str | None) -> None:
    expected = "wann der Müll abgeholt wird?" if bare is None else bare
    assert without_asides(said, language) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("what is the rent", "en"),
        ("could you tell me the rent please", "en"),
        ("are pets allowed", "en"),
        ("the rent?", "en"),
        ("wie hoch ist die Miete", "de"),
        ("房租是多少", "zh"),
    ],
)
def test_a_question_needs_no_mark(text: str, language: str) -> None:
    assert is_question(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("turn on the light", "en"),
        ("good night", "en"),
        ("mach das Licht an", "de"),
        ("开灯", "zh"),
    ],
)
def test_an_order_is_none(text: str, language: str) -> None:
    assert not is_question(text, language)


def test_yes_or_no_is_told_from_more() -> None:
    assert is_open("how do I descale the kettle", "en") and is_open("wo ist der Schlüssel", "de")
    assert not is_open("is the kitchen light on", "en") and not is_open("ist das Licht an", "de")


@pytest.mark.parametrize(
    ("text", "language", "wanted"),
    [
        ("how many cups of rice", "en", Wanted.FIGURE),
        ("when was it serviced", "en", Wanted.FIGURE),
        ("who serviced it", "en", Wanted.NAME),
        ("wie viele Tassen", "de", Wanted.FIGURE),
        ("放几杯米", "zh", Wanted.ANYTHING),
        ("放多少米", "zh", Wanted.FIGURE),
        ("what is a sieve", "en", Wanted.ANYTHING),
    ],
)
def test_the_kind_of_answer_is_known(text: str, language: str, wanted: Wanted) -> None:
    assert understood(text, language).wanted is wanted


def test_names_and_figures_are_told_from_other_words() -> None:
    found = understood("When did Karl Brandt see fault E18?", "en")
    assert found.names == ("karl", "brandt", "e18")
    assert "when" not in found.words
    assert understood("Wann wurde die Pumpe geprüft?", "de").names == ()


def test_what_only_asks_is_not_looked_for_in_chinese() -> None:
    assert all("什么" not in word for word in understood("水压是什么意思", "zh").words)


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        ("how high is the rent", "en", "en"),
        ("wie hoch ist die Miete", "en", "de"),
        ("how high is the rent", "de", "en"),
        ("房租多少", "en", "zh"),
        ("rent", "zh-CN", "en"),
        ("rent", "de", "de"),
        ("combien coûte le loyer", "fr", "fr"),
        ("家賃はいくら", "ja", "ja"),
    ],
)
def test_the_language_is_that_of_the_question(text: str, declared: str, language: str) -> None:
    assert language_of(text, declared) == language
