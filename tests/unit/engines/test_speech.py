"""What is given to espeak-ng, and what a machine without it is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.engines import speech
from laresd.engines.speech import MAX_TEXT, speakable, voice_of
from laresd.errors import Permanent
from laresd.frames import Fields


@given(st.text(max_size=50), st.integers(min_value=1, max_value=100))
def test_any_text_becomes_one_short_line_without_phonemes_or_control_characters(
    text: str, times: int
) -> None:
    line = speakable(text * times)
    assert len(line) <= MAX_TEXT
    assert line.isprintable()
    assert "[" not in line and "]" not in line
    assert line == line.strip()


def test_words_stay_as_they_are() -> None:
    assert speakable("Die Küche\n ist  hell: 21,5 °C.") == "Die Küche ist hell: 21,5 °C."


@pytest.mark.parametrize(
    ("language", "voice"),
    [("en", "en-us"), ("en-GB", "en-gb"), ("de", "de"), ("de-AT", "de-at"), ("zh-CN", "cmn")],
)
def test_each_language_has_its_voice(language: str, voice: str) -> None:
    assert voice_of(language) == voice


def test_a_machine_without_espeak_is_told_what_to_type() -> None:
    with pytest.raises(Permanent) as caught:
        speech.load(Fields({"program": "no-such-espeak"}))
    assert str(caught.value) == "espeak-ng is not installed (type: sudo apt install espeak-ng)"


@pytest.mark.parametrize("voice", ["-w/etc/passwd", "en us", "../x"])
def test_a_voice_is_never_an_option_or_a_path(voice: str) -> None:
    with pytest.raises(Permanent, match="no name of a voice"):
        speech.load(Fields({"voice": voice, "program": "true"}))
