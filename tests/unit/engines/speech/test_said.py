"""Numbers, units, times and abbreviations as voices should read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.engines.speech.said import well_said

TAGS = ("en", "de", "zh-CN")


@pytest.mark.parametrize(
    ("written", "english", "german", "chinese"),
    [
        ("21.5 °C", "21.5 degrees", "21,5 Grad", "21.5度"),
        ("1 °C", "1 degree", "1 Grad", "1度"),
        ("-5°C", "minus 5 degrees", "minus 5 Grad", "负5度"),
        ("70 °F", "70 degrees Fahrenheit", "70 Grad Fahrenheit", "70华氏度"),
        ("50 %", "50 percent", "50 Prozent", "百分之50"),
        ("07:30", "7 30", "7 Uhr 30", "7点30分"),
        ("14:05", "14 oh 5", "14 Uhr 5", "14点零5分"),
        ("7:00", "7 o'clock", "7 Uhr", "7点"),
        ("7:00 PM", "7 PM", "7 Uhr", "下午7点"),
        ("2 kWh", "2 kilowatt hours", "2 Kilowattstunden", "2千瓦时"),
        ("1 kWh", "1 kilowatt hour", "1 Kilowattstunde", "1千瓦时"),
        ("12 km/h", "12 kilometers per hour", "12 Kilometer pro Stunde", "12公里每小时"),
        ("18-21 °C", "18 to 21 degrees", "18 bis 21 Grad", "18到21度"),
        ("€5.50", "5.50 euros", "5,50 Euro", "5.50欧元"),
        ("12 m²", "12 square meters", "12 Quadratmeter", "12平方米"),
    ],
)
def test_each_language_says_it_its_own_way(
    written: str, english: str, german: str, chinese: str
) -> None:
    said = [well_said(written, language) for language in ("en-GB", "de", "zh-CN")]
    assert said == [english, german, chinese]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("3 lights are on.", "en"),
        ("Turn 2 more knobs.", "en"),
        ("Route 66 has 3 ways.", "en"),
        ("The score is 3:2.", "en"),
        ("Version 1.2.3 is out.", "en"),
        ("384,400 people", "en"),
        ("Am 24.12. ist Heiligabend.", "de"),
        ("3 Lampen sind an.", "de"),
        ("21.5 °C", "fr"),
    ],
)
def test_what_needs_no_change_gets_none(text: str, language: str) -> None:
    assert well_said(text, language) == text


@pytest.mark.parametrize(
    ("written", "language", "said"),
    [
        ("Fruit, e.g. apples, vs. Dr. Oak.", "en", "Fruit, for example apples, versus Doctor Oak."),
        ("Obst, z. B. Äpfel, d.h. ca. 3.", "de", "Obst, zum Beispiel Äpfel, das heißt circa 3."),
        ("Um 07:30 Uhr sind es 21.5 °C.", "de", "Um 7 Uhr 30 sind es 21,5 Grad."),
        ("The lamp is at 50%, the heater at 21 °C.", "en",
         "The lamp is at 50 percent, the heater at 21 degrees."),
    ],
)  # fmt: skip
def test_it_works_within_sentences(written: str, language: str, said: str) -> None:
    assert well_said(written, language) == said


@given(st.text(st.characters(exclude_categories=("Nd", "No")), max_size=60), st.sampled_from(TAGS))
def test_without_numbers_nothing_is_changed_twice(text: str, language: str) -> None:
    once = well_said(text, language)
    assert well_said(once, language) == once
