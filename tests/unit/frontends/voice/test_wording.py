"""How text is cut for speaking, and how a wake phrase is found in what was heard."""

from __future__ import annotations

import pytest

from laresd.frontends.voice.wording import after_phrase, cannot_hear, has_words, is_stop, sentences


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("The light is on.", ["The light is on."]),
        ("It is 21.5 degrees. And dry!", ["It is 21.5 degrees.", "And dry!"]),
        ("Which one?  The lamp", ["Which one?", "The lamp"]),
        ("灯已打开。还有别的吗？", ["灯已打开。", "还有别的吗？"]),
        ("", []),
    ],
)
def test_sentences(text: str, pieces: list[str]) -> None:
    assert sentences(text) == pieces


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
def test_the_wake_phrase_as_speech_models_write_it(heard: str, rest: str | None) -> None:
    assert after_phrase(heard, "hey lares") == rest


def test_every_language_has_an_apology() -> None:
    assert cannot_hear("de-DE") != cannot_hear("en") != cannot_hear("zh-CN")
    assert cannot_hear("nl") == cannot_hear("en")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Stop!", "en", True),
        ("That's enough.", "en", True),
        ("Hör auf.", "de-CH", True),
        ("Stop", "de", True),
        ("算了。", "zh", True),
        ("Stop the washing machine", "en", False),
        ("do not stop", "en", False),
        ("", "en", False),
    ],
)
def test_a_stop_word_is_all_that_is_said(text: str, language: str, expected: bool) -> None:
    assert is_stop(text, language) is expected


def test_words_are_found_however_they_are_written() -> None:
    assert has_words("The bus will stop.", "Stop!")
    assert not has_words("The light is on.", "Stop!")
