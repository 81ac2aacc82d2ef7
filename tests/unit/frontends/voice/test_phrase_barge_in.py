"""Where a wake phrase is configured, it ends a reply as a wake word does."""

from __future__ import annotations

import pytest

from laresd import config
from laresd.types import Turn
from tests.fakes.assistant import FakeAssistant
from tests.fakes.audio import FakeSource, silence, speech
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.virtual_time import virtual_time
from tests.unit.frontends.voice.test_frontend import REPLIES, SENTENCES, STORY, TURN_ON, House

CALL, CALL_AND_ON, CHAT, REST, STOP = range(3_060, 3_065)
HEARD = {
    **SENTENCES,
    STORY: "Hey Lares, tell me a story",
    CALL: "Hey Larris.",
    CALL_AND_ON: "Hey Lares, turn on",
    CHAT: "and then she said hey lares to it",
    REST: "the light",
    STOP: "Stop.",
}
TALE = ("Once upon a time.", "There was a house.", "It was warm.", "So they lived there.")
ASK = silence(500) + speech(900, STORY) + silence(1700)


def telling(tale: tuple[str, ...] = TALE, barge_in: str = "stop") -> House:
    settings = config.Config(
        wake=config.Wake(phrase="hey lares"),
        turn=config.Turn(barge_in=barge_in),  # type: ignore[arg-type]
    )
    assistant = FakeAssistant(REPLIES, streamed={"tell me a story": tale}, seconds=0.1)
    return House(settings, timed=True, assistant=assistant, transcriber=FakeTranscriber(HEARD))


async def closings(house: House, room: bytes) -> list[str]:
    await house.listen(FakeSource(ASK + room + silence(9000), live=True))
    return [turn.closing for turn in house.turns]


@pytest.mark.parametrize("barge_in", ["stop", "word"])
def test_the_phrase_ends_a_reply_and_what_follows_is_the_next_command(barge_in: str) -> None:
    @virtual_time
    async def scenario() -> None:
        house = telling(barge_in=barge_in)
        room = speech(600, CALL) + silence(900) + speech(700, TURN_ON)
        assert await closings(house, room) == ["interrupted", "done"]
        assert house.asked() == ["tell me a story", "turn on the light"]
        assert house.sink.cut_off == 1

    scenario()


@virtual_time
async def test_phrase_and_command_in_one_breath_are_heard_whole() -> None:
    house = telling()
    room = speech(1000, CALL_AND_ON) + speech(900, REST)
    assert await closings(house, room) == ["interrupted", "done"]
    assert house.asked() == ["tell me a story", "turn on the light"]


@virtual_time
async def test_the_phrase_alone_is_waited_on_as_a_wake_word_is() -> None:
    house = telling()
    assert await closings(house, speech(600, CALL)) == ["interrupted", "no_speech"]
    turn: Turn = house.turns[-1]
    assert turn.wake_word == "hey lares"


@virtual_time
async def test_the_phrase_in_the_middle_of_what_is_said_ends_nothing() -> None:
    house = telling()
    assert await closings(house, speech(1200, CHAT)) == ["done"]


@virtual_time
async def test_long_talk_beside_a_reply_ends_nothing() -> None:
    house = telling()
    assert await closings(house, speech(4000, CHAT)) == ["done"]
    assert house.asked() == ["tell me a story"]


@virtual_time
async def test_a_reply_that_says_the_phrase_does_not_interrupt_itself() -> None:
    house = telling(("To wake me say hey larris.", *TALE))
    assert await closings(house, speech(600, CALL)) == ["done"]


@virtual_time
async def test_stop_words_end_a_reply_as_before() -> None:
    house = telling()
    assert await closings(house, speech(400, STOP)) == ["cancelled"]
    deaf = telling(barge_in="word")
    assert await closings(deaf, speech(400, STOP)) == ["done"]
