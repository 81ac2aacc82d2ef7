"""The model's prompt stays the same until the home changes, and its answers name what exists."""

from __future__ import annotations

import re

import pytest

from laresd.core import prompt
from laresd.generation import AnswerGrammar, GrammarKind
from laresd.types import Command, Request
from tests.fakes.home import HOME, entity, home_of


def request(text: str) -> Request:
    return Request("1", text, "en", 1e9, "test", area="Kitchen")


def numbers_of(rule: str) -> set[str]:
    """The devices that one call may name."""
    text = prompt.tool_call(request("x"), HOME).grammar
    assert text is not None
    rules = dict(line.split(": ", 1) for line in text.text.split("\n"))
    offered = prompt.offered(HOME)
    return {offered[int(n) - 1].entity_id for n in re.findall(r'"(\d+)"', rules[rule])}


def number(entity_id: str) -> int:
    return [entity.entity_id for entity in prompt.offered(HOME)].index(entity_id) + 1


def test_only_the_last_message_depends_on_the_sentence() -> None:
    one, other = (prompt.tool_call(request(text), HOME) for text in ("lamp on", "blind down"))
    assert one.messages[0] == other.messages[0]
    assert one.grammar == other.grammar
    assert one.messages[-1] != other.messages[-1]


def test_the_grammar_offers_each_device_only_what_it_can_do() -> None:
    assert "light.desk_lamp" in numbers_of("call_color")
    assert "light.kitchen" not in numbers_of("call_color")
    assert numbers_of("call_unlock") == {"lock.front", "lock.back"}
    assert "sensor.humidity" not in {entity.entity_id for entity in prompt.offered(HOME)}


def test_a_home_without_devices_leaves_only_the_empty_answer() -> None:
    grammar = prompt.tool_call(request("x"), home_of([])).grammar
    assert grammar == AnswerGrammar(GrammarKind.LARK, 'start: "none"', 'root ::= "none"')


@pytest.mark.parametrize(
    ("said", "params"),
    [
        ("brightness {} 40", {"brightness_pct": 40}),
        ("color {} red", {"color_name": "red", "rgb": [255, 0, 0]}),
        ("on {}", {}),
    ],
)
def test_an_answer_becomes_an_action(said: str, params: dict[str, object]) -> None:
    meaning = prompt.parse(said.format(number("light.desk_lamp")), HOME)
    assert meaning is not None
    (action,) = meaning.actions
    assert (action.entity_id, action.command) == ("light.desk_lamp", Command.TURN_ON)
    assert dict(action.params) == params
    assert not meaning.exact


def test_several_calls_become_several_actions() -> None:
    light, lock = number("light.kitchen"), number("lock.front")
    meaning = prompt.parse(f"off {light};lock {lock}", HOME)
    assert meaning is not None
    assert [(a.entity_id, a.command) for a in meaning.actions] == [
        ("light.kitchen", Command.TURN_OFF),
        ("lock.front", Command.LOCK),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        "I think so!",
        "on",
        "on 0",
        "on 999",
        "on -1",
        "on one",
        "on ²",
        "launch 1",
        "brightness 1",
        "brightness 1 much",
        "on 1 2",
        f"color {number('light.desk_lamp')} plaid",
        f"unlock {number('light.kitchen')}",
        f"on {number('light.kitchen')};fly 3",
        f"on {number('light.kitchen')};",
    ],
)
def test_anything_else_is_no_proposal(text: str) -> None:
    assert prompt.parse(text, HOME) is None


def test_a_large_home_does_not_outgrow_the_context() -> None:
    many = [entity(f"light.number_{n}", f"Light {n}", "Hall") for n in range(500)]
    generation = prompt.tool_call(request("x"), home_of(many))
    assert sum(len(message.content) for message in generation.messages) < 5000
