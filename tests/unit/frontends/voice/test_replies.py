"""How a reply is spoken: while it is generated, until it is stopped, and what fills the silence."""

from __future__ import annotations

import asyncio

import pytest

from laresd import config
from laresd.turns import Wholeness
from tests.fakes.assistant import FakeAssistant
from tests.fakes.audio import FakeSource, silence, speech, wake_word
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.virtual_time import virtual_time
from tests.unit.frontends.voice.test_frontend import (
    COMMAND,
    HALF,
    OTHER_HALF,
    REPLIES,
    SENTENCES,
    STORY,
    TURN_ON,
    House,
)

STOP, CHAT = 3_050, 3_051
HEARD = {**SENTENCES, STOP: "Stop.", CHAT: "pass me the salt"}
TALE = ("Once upon a time.", "There was a house.", "It was warm.")
ASK_STORY = wake_word() + silence(200) + speech(800, STORY)


def telling(*sentences: str | None, seconds: float = 1.0) -> House:
    """A house whose story is generated, a sentence every so many seconds."""
    assistant = FakeAssistant(REPLIES, streamed={"tell me a story": sentences}, seconds=seconds)
    return House(timed=True, assistant=assistant, transcriber=FakeTranscriber(HEARD))


@virtual_time
async def test_speaking_begins_with_the_first_sentence() -> None:
    house = telling(*TALE, seconds=2.0)
    room = FakeSource(ASK_STORY + silence(12_000), live=True)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(house.listen(room))
        await asyncio.sleep(6)
        assert house.synthesizer.spoken == [TALE[0]]
    (turn,) = house.turns
    assert house.synthesizer.spoken == list(TALE)
    assert turn.closing == "done"
    assert turn.reply is not None
    assert turn.reply.text == " ".join(TALE)
    spans = {span.name: span for span in turn.spans}
    assert spans["speak"].start - spans["endpoint"].end < 2.5


@virtual_time
async def test_the_wake_word_ends_what_is_spoken_and_what_is_generated() -> None:
    house = telling(TALE[0], TALE[1], None)
    await house.listen(FakeSource(ASK_STORY + silence(1700) + COMMAND + silence(3000), live=True))
    assert [turn.closing for turn in house.turns] == ["interrupted", "done"]
    assert house.sink.cut_off == 1
    assert house.asked() == ["tell me a story", "turn on the light"]


@virtual_time
async def test_a_reply_that_hangs_in_the_middle_says_so_and_ends() -> None:
    house = telling(TALE[0], None)
    await house.listen(FakeSource(ASK_STORY + silence(60_000), live=True))
    (turn,) = house.turns
    assert house.synthesizer.spoken == [TALE[0], "Sorry, something went wrong."]
    assert turn.closing == "done"
    assert turn.reason == "the assistant did not answer in time"


@pytest.mark.parametrize(("barge_in", "closing"), [("stop", "cancelled"), ("word", "done")])
def test_a_stop_word_ends_a_reply_where_that_is_wanted(barge_in: str, closing: str) -> None:
    @virtual_time
    async def scenario() -> None:
        house = telling(*TALE, seconds=0.1)
        house.settings = config.Config(turn=config.Turn(barge_in=barge_in))  # type: ignore[arg-type]
        room = ASK_STORY + silence(1500) + speech(400, STOP) + silence(4000)
        await house.listen(FakeSource(room, live=True))
        (turn,) = house.turns
        assert turn.closing == closing
        assert turn.reason == ("it was told to stop" if barge_in == "stop" else "")

    scenario()


@virtual_time
async def test_other_talk_does_not_end_it() -> None:
    house = telling(*TALE, seconds=0.1)
    room = ASK_STORY + silence(1500) + speech(400, CHAT) + silence(4000)
    await house.listen(FakeSource(room, live=True))
    assert [turn.closing for turn in house.turns] == ["done"]
    assert house.asked() == ["tell me a story"]


@virtual_time
async def test_a_reply_does_not_stop_at_its_own_words() -> None:
    house = telling("The bus will stop. Here it is again and again.", seconds=0.1)
    room = ASK_STORY + silence(1500) + speech(400, STOP) + silence(4000)
    await house.listen(FakeSource(room, live=True))
    assert [turn.closing for turn in house.turns] == ["done"]


@virtual_time
async def test_an_answer_that_takes_long_is_announced() -> None:
    house = House(timed=True, assistant=FakeAssistant(REPLIES, seconds=6.0))
    await house.listen(FakeSource(COMMAND + silence(12_000), live=True))
    assert house.synthesizer.spoken == ["One moment.", "The light is on."]


@virtual_time
async def test_a_quick_one_is_not() -> None:
    house = House(timed=True, assistant=FakeAssistant(REPLIES, seconds=1.0))
    await house.listen(FakeSource(COMMAND + silence(12_000), live=True))
    assert house.synthesizer.spoken == ["The light is on."]


@virtual_time
async def test_words_that_must_go_on_are_waited_for() -> None:
    assistant = FakeAssistant(REPLIES, wholes={"turn on": Wholeness.OPEN})
    house = House(assistant=assistant)
    sentence = speech(500, HALF) + silence(1600) + speech(700, OTHER_HALF)
    await house.say(wake_word() + silence(200) + sentence + silence(1500))
    assert house.asked() == ["turn on the light in the kitchen"]


@virtual_time
async def test_a_whole_command_is_answered_at_the_first_pause() -> None:
    assistant = FakeAssistant(REPLIES, wholes={"turn on the light": Wholeness.WHOLE})
    house = House(assistant=assistant)
    turn = await house.say(wake_word() + silence(200) + speech(800, TURN_ON) + silence(1500))
    spans = {span.name: span.ms for span in turn.spans}
    assert spans["endpoint"] < 200 + 150 + 64  # the pause, the transcription, two frames
    assert house.assistant.anticipated == []
