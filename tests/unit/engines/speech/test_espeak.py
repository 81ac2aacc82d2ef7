"""What espeak-ng is called with, and what a machine without it is told."""

from __future__ import annotations

import shutil

import pytest

from laresd.engines.speech import espeak, service
from laresd.engines.speech.espeak import voice_of
from laresd.errors import Permanent
from laresd.frames import Fields


@pytest.mark.parametrize(
    ("language", "voice"),
    [("en", "en-us"), ("en-GB", "en-gb"), ("de", "de"), ("de-AT", "de-at"), ("zh-CN", "cmn")],
)
def test_each_language_has_its_voice(language: str, voice: str) -> None:
    assert voice_of(language) == voice


def test_a_machine_without_espeak_is_told_what_to_type() -> None:
    with pytest.raises(Permanent) as caught:
        service.load(Fields({"program": "no-such-espeak"}))
    assert str(caught.value) == "espeak-ng is not installed (type: sudo apt install espeak-ng)"


@pytest.mark.parametrize("voice", ["-w/etc/passwd", "en us", "../x"])
def test_a_voice_is_never_an_option_or_a_path(voice: str) -> None:
    with pytest.raises(Permanent, match="no name of a voice"):
        espeak.found("true", voice)


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
class TestPhonemes:
    @pytest.mark.parametrize(
        "clauses",
        [
            ["Hello"],
            ["Hello", "world"],
            ["Dr. Smith", "is in"],
            ["one", "...", "two"],
            ["-x", "--v"],
        ],
    )
    def test_each_clause_has_its_own(self, clauses: list[str]) -> None:
        assert len(espeak.found().phonemes(clauses, "en-us")) == len(clauses)

    def test_a_foreign_word_leaves_no_mark(self) -> None:
        (sounds,) = espeak.found().phonemes(["Das ist ein Computer Update"], "de")
        assert "(" not in sounds and sounds

    def test_a_voice_that_is_not_there_is_named(self) -> None:
        with pytest.raises(Permanent, match="'xx-none'"):
            espeak.found().phonemes(["Hello"], "xx-none")
