"""The model's prompt stays the same until the home changes, and its answers name what exists."""

from __future__ import annotations

import json

import pytest

from laresd.core import prompt
from laresd.types import Command, Request
from tests.fakes.home import HOME, entity, home_of


def request(text: str) -> Request:
    return Request("1", text, "en", 1e9, "test", area="Kitchen")


def calls(*items: dict[str, object]) -> str:
    return json.dumps({"calls": list(items)})


def test_only_the_last_message_depends_on_the_sentence() -> None:
    one, other = (prompt.tool_call(request(text), HOME) for text in ("lamp on", "blind down"))
    assert one.messages[0] == other.messages[0]
    assert one.grammar == other.grammar
    assert one.messages[-1] != other.messages[-1]


def test_the_grammar_offers_each_device_only_what_it_can_do() -> None:
    rules = dict(
        line.split(" ::= ", 1) for line in prompt.tool_call(request("x"), HOME).grammar.split("\n")
    )
    assert "light.desk_lamp" in rules["set-color-device"]
    assert "light.kitchen" not in rules["set-color-device"]
    assert "lock.front" in rules["unlock-device"]
    assert "sensor.humidity" not in prompt.tool_call(request("x"), HOME).grammar


def test_a_home_without_devices_leaves_only_the_empty_answer() -> None:
    assert prompt.tool_call(request("x"), home_of([])).grammar == 'root ::= "{\\"calls\\":[]}"'


def test_an_answer_becomes_actions() -> None:
    meaning = prompt.parse(
        calls({"call": "set_brightness", "device": "light.kitchen", "value": 40}), HOME
    )
    assert meaning is not None
    (action,) = meaning.actions
    assert action.command is Command.TURN_ON
    assert dict(action.params) == {"brightness_pct": 40}
    assert not meaning.exact


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I think so!",
        "[]",
        '{"calls": 3}',
        calls(),
        calls({"call": "turn_on", "device": "light.attic"}),
        calls({"call": "launch", "device": "light.kitchen"}),
        calls({"call": "unlock", "device": "light.kitchen"}),
        calls({"call": "turn_on", "device": "light.kitchen"}, {"call": "fly", "device": "x"}),
    ],
)
def test_anything_else_is_no_proposal(text: str) -> None:
    assert prompt.parse(text, HOME) is None


def test_a_large_home_does_not_outgrow_the_context() -> None:
    many = [entity(f"light.number_{n}", f"Light {n}", "Hall") for n in range(500)]
    generation = prompt.tool_call(request("x"), home_of(many))
    assert sum(len(message.content) for message in generation.messages) < 5000
