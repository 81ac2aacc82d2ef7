"""What the voice says by itself, and what stops it."""

from __future__ import annotations

import pytest

from laresd.frontends.voice.wording import cannot_hear, has_words, is_stop


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
