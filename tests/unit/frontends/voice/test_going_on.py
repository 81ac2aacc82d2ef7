"""Words that follow a command that was carried out at once: "... and the bedroom lamp"."""

from __future__ import annotations

import pytest

from laresd import config
from laresd.errors import Temporary
from laresd.frontends.voice.wording import goes_on
from laresd.turns import Wholeness
from laresd.types import Transcript
from tests.fakes.assistant import FakeAssistant
from tests.fakes.audio import FakeSource, levels, silence, speech, wake_word
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.virtual_time import virtual_time
from tests.unit.frontends.voice.test_frontend import REPLIES, SENTENCES, TURN_ON, House

AND_LAMP, CHAT = 3_080, 3_081
HEARD = {**SENTENCES, AND_LAMP: "and the bedroom lamp", CHAT: "it rains again"}
BEGUN = silence(500) + wake_word() + silence(200) + speech(800, TURN_ON)


def house(settings: config.Config | None = None) -> House:
    assistant = FakeAssistant(
        {**REPLIES, "and the bedroom lamp": "The bedroom lamp is on."},
        wholes={"turn on the light": Wholeness.WHOLE},
    )
    return House(
        settings or config.Config(),
        timed=True,
        assistant=assistant,
        transcriber=FakeTranscriber(HEARD),
    )


async def hears(home: House, room: bytes) -> list[str]:
    await home.listen(FakeSource(BEGUN + room + silence(9000), live=True))
    return home.asked()


@virtual_time
async def test_what_goes_on_with_it_is_a_command_of_its_own_after_it() -> None:
    home = house()
    asked = await hears(home, silence(900) + speech(900, AND_LAMP))
    assert asked == ["turn on the light", "and the bedroom lamp"]
    assert [turn.closing for turn in home.turns] == ["done", "done"]
    assert home.synthesizer.spoken == ["The light is on.", "The bedroom lamp is on."]
    assert home.sink.cut_off == 0


@virtual_time
async def test_other_talk_after_a_command_is_nothing_and_is_not_told() -> None:
    home = house()
    assert await hears(home, silence(900) + speech(900, CHAT)) == ["turn on the light"]
    assert [turn.closing for turn in home.turns] == ["done"]


@virtual_time
async def test_what_is_not_understood_of_it_was_not_for_lares() -> None:
    home = house()
    home.transcriber._sentences[AND_LAMP] = "and so we went home"
    asked = await hears(home, silence(900) + speech(900, AND_LAMP))
    assert asked == ["turn on the light", "and so we went home"]
    assert home.synthesizer.spoken == ["The light is on."]


@virtual_time
async def test_a_speech_model_that_fails_then_says_nothing() -> None:
    home = house()
    read = home.transcriber.transcribe

    async def fail(pcm: bytes, **options: object) -> Transcript:
        if AND_LAMP in levels(pcm):
            raise Temporary("it died")
        return await read(pcm, **options)  # type: ignore[arg-type]

    home.transcriber.transcribe = fail  # type: ignore[method-assign]
    await hears(home, silence(900) + speech(900, AND_LAMP))
    assert home.synthesizer.spoken == ["The light is on."]


@pytest.mark.parametrize("late_s", [2.0, 4.0])
def test_what_comes_later_is_not_waited_for(late_s: float) -> None:
    @virtual_time
    async def scenario() -> None:
        room = silence(int(1000 * late_s)) + speech(900, AND_LAMP)
        assert await hears(house(), room) == ["turn on the light"]

    scenario()


@virtual_time
async def test_where_it_is_not_wanted_nothing_is_waited_for() -> None:
    never = config.Config(turn=config.Turn(more_ms=0))
    assert await hears(house(never), silence(900) + speech(900, AND_LAMP)) == ["turn on the light"]


@pytest.mark.parametrize(
    ("text", "language", "wanted"),
    [
        ("And the lamp", "en", True),
        ("Andrew is here", "en", False),
        ("und die Lampe", "de-DE", True),
        ("unser Haus", "de", False),
        ("还有卧室的灯", "zh-CN", True),
        ("卧室的灯", "zh", False),
        ("", "en", False),
    ],
)
def test_how_it_begins(text: str, language: str, wanted: bool) -> None:
    assert goes_on(text, language) is wanted
