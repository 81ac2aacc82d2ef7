"""Requests as the OpenAI API has them."""

from __future__ import annotations

import json

import pytest

from laresd.backends.hosts import wire
from laresd.errors import Permanent
from laresd.generation import (
    AnswerGrammar,
    Choice,
    Generation,
    GrammarKind,
    Message,
    Role,
    Said,
    Tool,
    ToolCall,
)

USER = Message(Role.USER, "Is it warm?")
CALLS = (ToolCall("read", {"room": "kitchen"}), ToolCall("read", {"room": "bath"}, id="mine"))


def test_a_chat_says_what_every_server_knows() -> None:
    asked = Generation((USER,), max_tokens=9, temperature=0.5, seed=7, stop=("a", "b"))
    assert wire.chat_body(asked, "tiny") == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "Is it warm?"}],
        "max_tokens": 9,
        "temperature": 0.5,
        "seed": 7,
        "stop": ["a", "b"],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_not_more_stop_strings_are_sent_than_the_api_takes() -> None:
    body = wire.chat_body(Generation((USER,), stop=tuple("abcdef")), "tiny")
    assert body["stop"] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(("choice", "word"), [(Choice.AUTO, "auto"), (Choice.REQUIRED, "required")])
def test_tools_come_with_how_they_may_be_called(choice: Choice, word: str) -> None:
    tool = Tool("read", "Reads a room.", {"type": "object"})
    body = wire.chat_body(Generation((USER,), tools=(tool,), choice=choice, max_calls=1), "tiny")
    assert body["tools"] == [tool.definition()]
    assert (body["tool_choice"], body["parallel_tool_calls"]) == (word, False)


def test_results_name_the_calls_that_they_answer() -> None:
    rows = wire.wire_messages(
        [
            USER,
            Message(Role.ASSISTANT, "", CALLS),
            Message(Role.TOOL, "21", call="mine"),
            Message(Role.TOOL, "18"),
            Message(Role.ASSISTANT, "Let me see.", CALLS[:1]),
            Message(Role.TOOL, "20"),
        ]
    )
    text = json.dumps(rows)
    assert [row["tool_call_id"] for row in json.loads(text) if row["role"] == "tool"] == [
        "mine",
        "call_0",
        "call_2",
    ]
    first, _, _, second, _ = json.loads(text)[1:]
    assert [call["id"] for call in first["tool_calls"]] == ["call_0", "mine"]
    assert json.loads(first["tool_calls"][0]["function"]["arguments"]) == {"room": "kitchen"}
    assert (first["content"], second["content"]) == (None, "Let me see.")


@pytest.mark.parametrize(
    ("said", "left"),
    [(Said(), 10), (Said("abcdefgh", (1, 2, 3)), 7), (Said("abcdefghi"), 7), (Said("x" * 99), 0)],
)
def test_what_was_said_counts_among_the_tokens(said: Said, left: int) -> None:
    assert wire.tokens_left(Generation((USER,), max_tokens=10, said=said)) == left


def test_plain_text_is_gone_on_from_after_what_was_said() -> None:
    body = wire.completion_body(Generation(prompt="One, ", said=Said("two, ")), "tiny")
    assert body["prompt"] == "One, two, "


def test_a_schema_that_is_no_json_is_told() -> None:
    with pytest.raises(Permanent, match="not JSON"):
        wire.schema_of(AnswerGrammar(GrammarKind.JSON_SCHEMA, "{"))
