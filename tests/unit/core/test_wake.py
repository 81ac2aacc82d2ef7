"""How easily each ear wakes, and what a speech model may make of a wake word."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.config import Wake
from laresd.core.wake import names, sensitivities, sounds_like


class TestSensitivity:
    SETTINGS = Wake(
        words=("okay_nabu", "/models/hey_lares.tflite"),
        sensitivity=MappingProxyType(
            {"kitchen": 0.7, "hey_lares": 0.4, "attic/okay_nabu": 0.2, "kitchen/hey_lares": 0.9}
        ),
    )

    def test_a_word_is_called_as_its_model(self) -> None:
        assert names(self.SETTINGS) == ["okay_nabu", "hey_lares"]

    @pytest.mark.parametrize(
        ("ear", "wanted"),
        [
            ("kitchen", {"okay_nabu": 0.7, "hey_lares": 0.9}),
            ("attic", {"okay_nabu": 0.2, "hey_lares": 0.4}),
            ("microphone", {"okay_nabu": 0.5, "hey_lares": 0.4}),
        ],
    )
    def test_the_most_particular_line_decides(self, ear: str, wanted: dict[str, float]) -> None:
        assert sensitivities(self.SETTINGS, ear) == wanted


class TestSoundsLike:
    @pytest.mark.parametrize(
        ("text", "phrase"),
        [
            ("Okay Nabu, turn on the light.", "okay nabu"),
            ("O.K. Nah-boo", "okay nabu"),
            ("Okay, new boo", "okay nabu"),
            ("Hey, Jervis.", "hey jarvis"),
            ("Hey, my croft!", "hey mycroft"),
            ("so I said, Alexia", "alexa"),
            ("Hallo Küche", "hallo kuche"),
            ("HALLO KÜCHE", "hallo küche"),
            ("你好，小志。打开灯", "你好小智"),
        ],
    )
    def test_it_is_found_as_a_speech_model_writes_it(self, text: str, phrase: str) -> None:
        assert sounds_like(text, phrase)

    @pytest.mark.parametrize(
        ("text", "phrase"),
        [
            ("", "okay nabu"),
            ("Turn on the light.", "okay nabu"),
            ("Okay then.", "okay nabu"),
            ("Hey there.", "hey jarvis"),
            ("And so, my fellow Americans, ask not", "hey mycroft"),
            ("I am here.", "alexa"),
            ("今天天气怎么样", "你好小智"),
        ],
    )
    def test_other_talk_is_not_it(self, text: str, phrase: str) -> None:
        assert not sounds_like(text, phrase)

    @given(st.text(max_size=400), st.text(max_size=20))
    def test_whatever_is_heard_there_is_an_answer(self, text: str, phrase: str) -> None:
        assert sounds_like(text, phrase) in (True, False)

    @given(st.text(alphabet="abcdefgh ", max_size=60))
    def test_the_phrase_itself_is_always_found(self, before: str) -> None:
        assert sounds_like(f"{before} okay nabu", "okay nabu")
