"""A recording may begin with the wake word; what follows it is what was said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.config import Wake
from laresd.core.addressing import names, without_wake_word

CALLED = ("okay nabu", "hey jarvis", "小爱同学")


def test_a_model_is_called_as_its_file_is_and_a_phrase_as_it_stands() -> None:
    wake = Wake(words=("okay_nabu", "/models/hey_lares.tflite"), phrase="Hallo Lares")
    assert names(wake) == ("okay nabu", "hey lares", "Hallo Lares")


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("Okay Nabu, turn on the kitchen light.", "turn on the kitchen light."),
        ("OK, Naboo. Turn on the kitchen light.", "Turn on the kitchen light."),
        ("okaynabu turn it off", "turn it off"),
        ("Hey, Jarvis! What time is it?", "What time is it?"),
        ("小爱同学，打开客厅的灯", "打开客厅的灯"),
        ("Okay Nabu.", ""),
    ],
)
def test_what_follows_the_wake_word_is_what_was_said(heard: str, said: str) -> None:
    assert without_wake_word(heard, CALLED) == said


@pytest.mark.parametrize(
    "heard",
    [
        "Okay, now turn on the kitchen light.",
        "okay",
        "hey",
        "Turn on the kitchen light, okay nabu.",
        "打开客厅的灯",
        "",
    ],
)
def test_what_only_begins_alike_is_left_whole(heard: str) -> None:
    assert without_wake_word(heard, CALLED) == heard


@given(st.text(max_size=60))
def test_what_is_left_is_the_end_of_what_was_heard(heard: str) -> None:
    assert heard.endswith(without_wake_word(heard, CALLED))
