"""What is remembered of a conversation: a little, for a short time, and of each place its own."""

from __future__ import annotations

from laresd.core.conversation import (
    MAX_CONVERSATIONS,
    MAX_EXCHANGES,
    MAX_SECONDS,
    Conversation,
    Exchange,
    Memory,
    deeds_of,
    key_of,
)
from laresd.core.intent.meaning import Ask, Question
from laresd.types import Action, Command, Outcome, Request, Status
from tests.fakes.home import HOME

DONE = deeds_of([Outcome(Action("light.kitchen", Command.TURN_ON), Status.CONFIRMED)], HOME)
ASKED = Question(Ask.STATE, ("light.kitchen", "light.ceiling"))


def exchange(
    text: str = "", *, at: float = 0.0, request_id: str = "", acted: bool = True
) -> Exchange:
    return Exchange(at, text, "en", request_id=request_id, deeds=DONE if acted else ())


def test_a_deed_is_kept_with_the_state_before_it() -> None:
    assert DONE[0].before == HOME.state("light.kitchen")


def test_the_topic_is_what_was_acted_on_and_asked_about_each_once() -> None:
    both = Exchange(0.0, "", "en", deeds=DONE, question=ASKED)
    assert both.topic == ("light.kitchen", "light.ceiling")


def test_only_the_latest_exchanges_are_kept() -> None:
    conversation = Conversation()
    for number in range(MAX_EXCHANGES + 3):
        conversation = conversation.after(exchange(str(number)))
    assert [item.text for item in conversation.exchanges] == ["3", "4", "5", "6", "7"]


def test_what_is_old_is_forgotten() -> None:
    memory = Memory().with_(
        ("s", "", ""), Conversation((exchange("old"), exchange("new", at=60.0)))
    )
    assert [e.text for e in memory.at(("s", "", ""), MAX_SECONDS).exchanges] == ["old", "new"]
    assert [e.text for e in memory.at(("s", "", ""), MAX_SECONDS + 1).exchanges] == ["new"]
    assert memory.at(("s", "", ""), 1000.0) == Conversation()


def test_each_place_and_each_conversation_has_its_own() -> None:
    def request(source: str, site: str, conversation: str) -> Request:
        return Request("1", "", "en", 9.0, source, site=site, conversation=conversation)

    keys = [
        key_of(request(*where))
        for where in (
            ("voice", "", ""),
            ("mqtt", "", ""),
            ("voice", "kitchen", ""),
            ("voice", "kitchen", "7"),
        )
    ]
    assert len(set(keys)) == 4
    memory = Memory().with_(keys[0], Conversation((exchange(),)))
    assert [bool(memory.at(key, 0.0).exchanges) for key in keys] == [True, False, False, False]


def test_the_place_that_was_silent_for_longest_makes_room() -> None:
    memory = Memory()
    for number in range(MAX_CONVERSATIONS):
        memory = memory.with_(("s", str(number), ""), Conversation((exchange(),)))
    memory = memory.with_(("s", "0", ""), Conversation((exchange(),)))
    memory = memory.with_(("s", "one more", ""), Conversation((exchange(),)))
    assert len(memory.conversations) == MAX_CONVERSATIONS
    assert ("s", "0", "") in memory.conversations
    assert ("s", "1", "") not in memory.conversations


def test_an_exchange_takes_the_place_of_one_of_the_same_request() -> None:
    first, second = exchange("first", request_id="1"), exchange("second", request_id="1")
    assert Conversation((first,)).after(second).exchanges == (second,)


def test_what_was_acted_on_is_found_behind_a_question() -> None:
    conversation = Conversation((exchange("deed"), Exchange(0.0, "q", "en", question=ASKED)))
    assert conversation.acted is not None and conversation.acted.text == "deed"
    assert conversation.about is not None and conversation.about.text == "q"


def test_only_the_latest_deed_is_marked_as_undone() -> None:
    conversation = Conversation((exchange("a"), exchange("b"))).with_undone()
    assert [item.undone for item in conversation.exchanges] == [False, True]
