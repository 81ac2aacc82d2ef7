"""A wake phrase is found as speech models write it, in any language, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.frontends.voice.phrase import after_phrase


@pytest.mark.parametrize(
    ("heard", "rest"),
    [
        ("Hey Lares, turn on the light.", "turn on the light."),
        ("hey larris turn on the light", "turn on the light"),
        ("Hey, Laris! Turn on the light.", "Turn on the light."),
        ("Heylares turn on the light", "turn on the light"),
        ("Hey Lares.", ""),
        ("turn on the light", None),
        ("they were at Paris", None),
        ("turn on the light, hey lares", None),
        ("", None),
    ],
)
def test_english(heard: str, rest: str | None) -> None:
    assert after_phrase(heard, "hey lares") == rest


@pytest.mark.parametrize(
    ("heard", "rest"),
    [
        ("Hallo Küche, mach das Licht an.", "mach das Licht an."),
        ("HALLO KÜCHE: Licht an", "Licht an"),
        ("Hallo Kuche mach das Licht an", "mach das Licht an"),
        ("Hallo, Küchen! Licht aus", "Licht aus"),
        ("Hallo Ku\u0308che, Licht an", "Licht an"),
        ("Hallo Kuchen", ""),
        ("Hallo zusammen", None),
        ("In der Küche ist Licht", None),
    ],
)
def test_german(heard: str, rest: str | None) -> None:
    assert after_phrase(heard, "Hallo Küche") == rest


@pytest.mark.parametrize(
    ("heard", "rest"),
    [
        ("你好小智，打开厨房的灯。", "打开厨房的灯。"),
        ("你好小智打开灯", "打开灯"),
        ("你好，小志。打开灯", "打开灯"),
        ("你好 小智", ""),
        ("你好吗", None),
        ("打开灯", None),
        ("小智你好", None),
    ],
)
def test_chinese(heard: str, rest: str | None) -> None:
    assert after_phrase(heard, "你好小智") == rest


def test_a_short_phrase_must_be_written_as_it_is() -> None:
    assert after_phrase("Hey! Light on", "hey") == "Light on"
    assert after_phrase("He said so", "hey") is None
    assert after_phrase("小智打开灯", "小智") == "打开灯"
    assert after_phrase("小志打开灯", "小智") is None


def test_without_a_phrase_everything_is_meant() -> None:
    assert after_phrase("light on", " !") == "light on"


@given(st.text(max_size=80), st.text(max_size=20))
def test_what_is_left_is_always_the_end_of_what_was_heard(heard: str, phrase: str) -> None:
    rest = after_phrase(heard, phrase)
    assert rest is None or heard.endswith(rest)
