"""When two texts say the same, how many words differ, and what the totals are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.commands.stt_scoring import Item, by_kind, total, word_errors, words

texts = st.lists(st.sampled_from("abcd"), max_size=8)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "Turn on the light.", "turn ON the light"),
        ("en", "what's up", "whats up"),
        ("en", "what’s up", "what's up"),
        ("en", "set it to 50%", "set it to fifty percent"),
        ("en", "21.5 degrees", "twenty-one point five degrees"),
        ("en", "20°", "twenty degrees"),
        ("en", "at 7:30", "at seven thirty"),
        ("en", "1984", "one thousand nine hundred eighty four"),
        ("de", "auf 21 Grad", "auf einundzwanzig Grad"),
        ("de", "STRASSE", "straße"),
        ("zh", "调到25度", "调到二十五度"),
        ("zh-CN", "定时 10 分钟", "定时十分钟"),
    ],
)
def test_texts_that_say_the_same(language: str, one: str, other: str) -> None:
    assert words(one, language) == words(other, language)


@pytest.mark.parametrize(
    ("number", "language", "spoken"),
    [
        ("0", "en", "zero"),
        ("13", "en", "thirteen"),
        ("40", "en", "forty"),
        ("105", "en", "one hundred five"),
        ("1", "de", "eins"),
        ("17", "de", "siebzehn"),
        ("121", "de", "einhunderteinundzwanzig"),
        ("2001", "de", "zweitausendeins"),
        ("10", "zh", "十"),
        ("105", "zh", "一百零五"),
        ("1234567", "en", "1234567"),
    ],
)
def test_numbers_are_compared_as_they_are_spoken(number: str, language: str, spoken: str) -> None:
    expected = list(spoken) if language == "zh" else spoken.split()
    assert words(number, language) == expected


@pytest.mark.parametrize(
    ("expected", "heard", "errors"),
    [
        ("turn on the light", "turn on the light", 0),
        ("turn on the light", "turn of the light", 1),
        ("turn on the light", "turn the light", 1),
        ("turn on the light", "", 4),
        ("", "thank you", 2),
    ],
)
def test_word_errors(expected: str, heard: str, errors: int) -> None:
    assert word_errors(expected.split(), heard.split()) == errors


@given(texts, texts, texts)
def test_word_errors_are_a_distance(one: list[str], other: list[str], third: list[str]) -> None:
    assert word_errors(one, one) == 0
    assert word_errors(one, other) == word_errors(other, one)
    assert word_errors(one, third) <= word_errors(one, other) + word_errors(other, third)


def item(expected: str | None, heard: str, **others: object) -> Item:
    got, want = words(heard, "en"), words(expected or "", "en")
    facts: dict[str, object] = {
        "file": "home-en/a.wav",
        "kind": "home-en",
        "language": "en",
        "seconds": 2.0,
        "compute_seconds": 0.5,
        **others,
    }
    return Item(
        expected=expected,
        heard=heard,
        exact=expected is not None and got == want,
        errors=word_errors(want, got) if expected is not None else 0,
        words=len(want),
        **facts,  # type: ignore[arg-type]
    )


def test_the_totals() -> None:
    items = [
        item("turn on the light", "Turn on the light."),
        item("turn on the light", "turn on the right"),
        item(None, "thank you", kind="noise", is_command=False),
        item(None, "", kind="noise", is_command=False),
        item("ask not", "unlock", kind="general", is_command=False, acted=("lock.door unlock",)),
        item("open the door", "open", acted=("lock.door unlock",), reason="failed: no model"),
    ]
    score = total(items)
    assert (score.total, score.exact) == (4, 1)
    assert score.wer == pytest.approx((1 + 2 + 2) / 13, abs=1e-4)
    assert score.rtf == 0.25
    assert (score.untold, score.untold_heard) == (2, 1)
    assert score.false_commands == 1
    assert score.failed == 1
    assert list(by_kind(items)) == ["home-en", "noise", "general"]


def test_nothing_to_divide_by() -> None:
    score = total([])
    assert (score.wer, score.rtf) == (None, None)
