"""What is said by somebody who wants nothing any more."""

from __future__ import annotations

import pytest

from laresd.core.intent.dismissal import dismissed
from laresd.types import ReplyKind
from tests.fakes.virtual_time import virtual_time
from tests.unit.core.test_assistant import Room


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Never mind.", "en"),
        ("forget it", "en-GB"),
        ("vergiss es", "de"),
        ("Schon gut.", "de"),
        ("算了。", "zh"),
        ("never mind", "tlh"),
    ],
)
def test_it_is_understood_in_each_language(text: str, language: str) -> None:
    meaning = dismissed(text, language)
    assert meaning is not None
    assert meaning.talk == "nevermind"


@pytest.mark.parametrize("text", ["cancel all timers", "never mind the light", "", "no"])
def test_other_words_are_not(text: str) -> None:
    assert dismissed(text, "en") is None


@virtual_time
async def test_it_is_answered_politely_and_ends_the_question_before() -> None:
    room = Room()
    asked = await room.say("turn on the lamp")
    assert asked.kind is ReplyKind.QUESTION
    reply = await room.say("never mind")
    assert (reply.kind, reply.text, reply.outcomes) == (ReplyKind.ANSWER, "All right.", ())
