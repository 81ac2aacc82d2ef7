"""Several languages are spoken in one home: which one was it, and in which is it answered?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from laresd import config
from laresd.app.ears import taught
from laresd.frontends.voice.languages import asked_of_model, one_of, spoken
from laresd.types import AUTO, Transcript
from tests.fakes.assistant import FakeAssistant
from tests.fakes.audio import FakeSource, silence, speech, wake_word
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.virtual_time import virtual_time
from tests.unit.frontends.voice.test_frontend import COMMAND, REPLIES, SENTENCES, TURN_ON, House

GERMAN, DUTCH = 3_070, 3_071
ENGLISH_AND_GERMAN = config.Config(speech_to_text=config.SpeechToText(languages=("de",)))


class Polyglot(FakeTranscriber):
    """Finds out which language is spoken, and notes what it was told."""

    def __init__(self) -> None:
        super().__init__({**SENTENCES, GERMAN: "Licht an", DUTCH: "licht aan"})
        self.told: list[str] = []

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        self.told.append(language)
        heard = await super().transcribe(pcm, language=language, deadline=deadline, hints=hints)
        if language != AUTO:
            return heard
        found = {"Licht an": "de", "licht aan": "nl"}.get(heard.text, "en")
        return replace(heard, language=found)


class Bilingual(House):
    @property
    def languages(self) -> list[str]:
        """Of what the assistant was asked."""
        return [request.language for request in self.assistant.requests]


def house(settings: config.Config = ENGLISH_AND_GERMAN) -> Bilingual:
    return Bilingual(settings, transcriber=Polyglot(), assistant=FakeAssistant(REPLIES))


def told(house: House) -> list[str]:
    assert isinstance(house.transcriber, Polyglot)
    return house.transcriber.told


def said(level: int) -> bytes:
    return silence(500) + wake_word() + silence(200) + speech(800, level) + silence(1500)


@virtual_time
async def test_each_command_is_answered_in_its_own_language() -> None:
    home = house()
    await home.say(said(TURN_ON))
    await home.say(said(GERMAN))
    assert home.languages == ["en", "de"]
    assert set(told(home)) == {AUTO}


@virtual_time
async def test_what_seems_to_be_in_a_language_that_nobody_speaks_here_is_read_again() -> None:
    home = house()
    await home.say(said(DUTCH))
    assert told(home)[:2] == [AUTO, "en"]
    assert home.languages == ["en"]


@virtual_time
async def test_where_one_language_is_spoken_nothing_is_to_be_found_out() -> None:
    home = house(config.Config())
    await home.say(COMMAND)
    assert set(told(home)) == {"en"}


@virtual_time
async def test_an_ear_with_a_language_of_its_own_hears_that_one() -> None:
    home = house()
    ear = replace(home.ear(FakeSource(said(TURN_ON), live=True)), language="de")
    await home.voice.attend(ear)
    assert set(told(home)) == {"de"}
    assert home.languages == ["de"]


@virtual_time
async def test_the_answer_to_a_question_is_heard_in_its_language() -> None:
    home = Bilingual(
        ENGLISH_AND_GERMAN,
        transcriber=Polyglot(),
        assistant=FakeAssistant({**REPLIES, "Licht an": "Welches?"}),
    )
    room = said(GERMAN) + speech(600, TURN_ON) + silence(3000)
    await home.listen(FakeSource(room, live=True))
    assert home.languages == ["de", "de"]
    assert told(home)[-1] == "de"


@pytest.mark.parametrize(
    ("box", "more", "languages"),
    [
        ("en", (), ("en",)),
        ("en-GB", ("de", "en", "zh-CN"), ("en-GB", "de", "zh-CN")),
        ("de", ("de",), ("de",)),
    ],
)
def test_the_languages_are_that_of_the_box_and_the_others(
    box: str, more: tuple[str, ...], languages: tuple[str, ...]
) -> None:
    settings = config.Config(
        box=config.Box(language=box), speech_to_text=config.SpeechToText(languages=more)
    )
    assert spoken(settings) == languages
    assert asked_of_model(languages) == (AUTO if len(languages) > 1 else box)
    assert one_of("zh", languages) == ("zh-CN" if "zh-CN" in languages else "")


async def test_the_grammar_is_taught_the_home_in_each_of_them() -> None:
    learned: list[str] = []

    class Pupil:
        async def prepare(self, language: str) -> None:
            learned.append(language)

    await taught(Pupil(), ENGLISH_AND_GERMAN)
    assert learned == ["en", "de"]
