"""What OpenAI's bodies ask of the engines."""

from __future__ import annotations

import json

import pytest

from laresd.frontends.http.bodies import (
    DEFAULT_TOKENS,
    MAX_TEXTS,
    read_chat,
    read_completion,
    read_embeddings,
    read_simple,
)
from laresd.frontends.http.faults import Rejected
from laresd.frontends.http.fields import Body
from laresd.frontends.http.terms import Terms
from laresd.generation import Choice, Generation, GrammarKind, Message, Role, ToolCall
from laresd.jobs import Reach, Routing
from laresd.types import Json, Priority
from tests.unit.frontends.http.served import CARDS

HELLO: list[Json] = [{"role": "user", "content": "Hello"}]
SEED = 77
TOOL: Json = {"type": "function", "function": {"name": "switch", "description": "A lamp"}}
OTHER: Json = {"type": "function", "function": {"name": "ask"}}
FORM: Json = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "array"}}}


def chat(**fields: Json) -> Generation:
    return read_chat(Body({"messages": HELLO, **fields}), Terms(), CARDS, SEED).generation


def part(text: str) -> Json:
    return {"type": "text", "text": text}


def refused(**fields: Json) -> Rejected:
    with pytest.raises(Rejected) as caught:
        chat(**fields)
    return caught.value


def test_what_a_request_does_not_say_has_its_default() -> None:
    asked = read_chat(Body({"messages": HELLO}), Terms(), CARDS, SEED)
    assert asked.generation == Generation(
        (Message(Role.USER, "Hello"),), max_tokens=DEFAULT_TOKENS, seed=SEED
    )
    assert (asked.model, asked.stream, asked.include_usage) == ("lares", False, False)


def test_null_is_as_good_as_nothing_said() -> None:
    names = (
        "temperature",
        "stop",
        "seed",
        "max_tokens",
        "tools",
        "tool_choice",
        "n",
        "model",
        "response_format",
        "stream",
        "stream_options",
        "logprobs",
        "parallel_tool_calls",
    )
    assert chat(**dict.fromkeys(names)) == chat()


def test_what_no_engine_has_is_ignored() -> None:
    assert chat(top_p=0.5, user="me", metadata={"a": 1}, logit_bias={}, store=True) == chat()


def test_every_role_of_openai_is_understood() -> None:
    call: Json = {
        "id": "c1",
        "type": "function",
        "function": {"name": "switch", "arguments": '{"lamp": "küche"}'},
    }
    asked = chat(
        messages=[
            {"role": "developer", "content": "Be brief."},
            {
                "role": "system",
                "content": [{"type": "text", "text": "Be "}, {"type": "text", "text": "kind."}],
            },
            {"role": "user", "content": "Lamp!", "name": "Anna"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "done"},
            {"role": "assistant", "content": "It is on."},
        ]
    )
    assert asked.messages == (
        Message(Role.SYSTEM, "Be brief."),
        Message(Role.SYSTEM, "Be kind."),
        Message(Role.USER, "Lamp!"),
        Message(Role.ASSISTANT, "", (ToolCall("switch", {"lamp": "küche"}, "c1"),)),
        Message(Role.TOOL, "done", call="c1"),
        Message(Role.ASSISTANT, "It is on."),
    )


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({}, "messages[0].role"),
        ({"role": "narrator", "content": ""}, "messages[0].role"),
        ({"role": "user"}, "messages[0].content"),
        ({"role": "user", "content": 5}, "messages[0].content"),
        ({"role": "user", "content": ["a"]}, "messages[0].content[0]"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "messages[0].content[0].type"),
        ({"role": "user", "content": [{"type": "text"}]}, "messages[0].content[0].text"),
        ({"role": "assistant", "content": None}, "messages[0].content"),
        ({"role": "assistant", "tool_calls": [{}]}, "messages[0].tool_calls[0].function"),
        ({"role": "tool", "content": "done"}, "messages[0].tool_call_id"),
    ],
)
def test_a_message_that_is_none_is_refused_by_its_place(
    message: dict[str, Json], param: str
) -> None:
    assert refused(messages=[message]).param == param


@pytest.mark.parametrize("arguments", ["{", "[]", "5", '{"a": NaN}', "[" * 100_000])
def test_arguments_of_a_call_are_an_object_in_a_text(arguments: str) -> None:
    call: Json = {"id": "c", "function": {"name": "switch", "arguments": arguments}}
    error = refused(messages=[{"role": "assistant", "tool_calls": [call]}])
    assert error.param == "messages[0].tool_calls[0].function.arguments"


@pytest.mark.parametrize("messages", [None, [], "Hello", {}, 5])
def test_there_must_be_messages(messages: Json) -> None:
    assert refused(messages=messages).param == "messages"


def test_tools_may_be_called_or_must_be_or_must_not() -> None:
    free = chat(tools=[TOOL, OTHER])
    assert ([tool.name for tool in free.tools], free.choice) == (["switch", "ask"], Choice.AUTO)
    assert chat(tools=[TOOL], tool_choice="required").choice is Choice.REQUIRED
    assert chat(tools=[TOOL], tool_choice="none").tools == ()
    assert chat(tools=[TOOL], parallel_tool_calls=False).max_calls == 1


def test_one_tool_can_be_named() -> None:
    named: Json = {"type": "function", "function": {"name": "ask"}}
    only = chat(tools=[TOOL, OTHER], tool_choice=named)
    assert ([tool.name for tool in only.tools], only.choice, only.max_calls) == (
        ["ask"],
        Choice.REQUIRED,
        1,
    )
    assert refused(tools=[TOOL], tool_choice=named).param == "tool_choice.function.name"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [TOOL, TOOL]}, "tools[1]"),
        ({"tools": [OTHER] * 129}, "tools"),
        (
            {"tools": [{"type": "function", "function": {"name": "a b"}}]},
            "tools[0].function.name",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "a", "parameters": []}}]},
            "tools[0].function.parameters",
        ),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": "always"}, "tool_choice"),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice.type"),
        ({"tool_choice": []}, "tool_choice"),
        ({"functions": []}, "functions"),
        ({"function_call": "auto"}, "function_call"),
        ({"tools": [TOOL], "response_format": FORM}, "response_format"),
    ],
)
def test_tools_that_cannot_be_meant_are_refused(fields: dict[str, Json], param: str) -> None:
    assert refused(**fields).param == param


def test_an_answer_can_be_bound_to_json_or_to_a_schema() -> None:
    assert chat(response_format={"type": "text"}).grammar is None
    forms: list[tuple[Json, Json]] = [
        (FORM, {"type": "array"}),
        ({"type": "json_object"}, {"type": "object"}),
        ({"type": "json_schema", "json_schema": {"name": "x"}}, {"type": "object"}),
    ]
    for form, schema in forms:
        grammar = chat(response_format=form).grammar
        assert grammar is not None and grammar.kind is GrammarKind.JSON_SCHEMA
        assert json.loads(grammar.text) == schema
    bound = chat(tools=[TOOL], tool_choice="none", response_format=FORM)
    assert bound.grammar is not None


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({}, "response_format.type"),
        ({"type": "xml"}, "response_format.type"),
        ({"type": "json_schema"}, "response_format.json_schema"),
        (
            {"type": "json_schema", "json_schema": {"schema": []}},
            "response_format.json_schema.schema",
        ),
        ("json", "response_format"),
    ],
)
def test_a_form_of_answer_that_is_none_is_refused(form: Json, param: str) -> None:
    assert refused(response_format=form).param == param


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 2), ("n", 0), ("logprobs", True), ("top_logprobs", 3), ("temperature", 2.1),
        ("temperature", -1), ("temperature", "hot"), ("max_tokens", 0), ("max_tokens", 10**30),
        ("max_tokens", 1.5), ("max_completion_tokens", -1), ("seed", "x"), ("seed", 2**63),
        ("stop", [""]), ("stop", ""), ("stop", ["a"] * 5), ("stop", [5]), ("stop", {}),
        ("stream", "yes"), ("stream_options", []), ("parallel_tool_calls", 1), ("model", 5),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_meant_is_refused_by_its_name(field: str, value: Json) -> None:
    assert refused(**{field: value}).param == field


def test_stops_are_one_or_several() -> None:
    assert chat(stop="\n").stop == ("\n",)
    assert chat(stop=["a", "b"]).stop == ("a", "b")
    assert chat(stop=[]).stop == ()


def test_the_newer_name_of_the_length_counts() -> None:
    assert chat(max_tokens=5).max_tokens == 5
    assert chat(max_tokens=5, max_completion_tokens=9).max_tokens == 9


def test_any_seed_of_openai_is_one_of_ours() -> None:
    assert chat(seed=5).seed == 5
    assert 0 <= chat(seed=-1).seed < 2**63
    assert chat(seed=-1).seed != chat(seed=-2).seed


def test_the_model_and_the_headers_say_where_it_may_be_computed() -> None:
    terms = Terms(Priority.BACKGROUND, 5.0, Routing(Reach.DEVICE))
    body = Body({"messages": HELLO, "model": "house-style"})
    asked = read_chat(body, terms, CARDS, SEED)
    assert (asked.model, asked.seconds) == ("house-style", 5.0)
    assert asked.generation.adapter == "house_style"
    assert asked.generation.priority is Priority.BACKGROUND
    assert asked.generation.routing.reach is Reach.DEVICE
    assert chat(model="tower/big").routing.hosts == {"tower"}


def completion(**fields: Json) -> Generation:
    return read_completion(Body({"prompt": "Once", **fields}), Terms(), CARDS, SEED).generation


def test_a_completion_goes_on_from_plain_text() -> None:
    assert completion() == Generation(prompt="Once", max_tokens=DEFAULT_TOKENS, seed=SEED)
    assert completion(prompt=["Once"]) == completion(echo=False, suffix="", best_of=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("prompt", None), ("prompt", ""), ("prompt", [""]), ("prompt", []), ("prompt", ["a", "b"]),
     ("prompt", [1, 2]), ("prompt", 5), ("echo", True), ("suffix", "end"), ("best_of", 2),
     ("logprobs", 0), ("logprobs", 3), ("n", 2)],
)  # fmt: skip
def test_a_completion_that_is_not_served_is_refused(field: str, value: Json) -> None:
    with pytest.raises(Rejected) as caught:
        completion(**{field: value})
    assert caught.value.param == field


def test_the_simple_way_asks_as_a_person_does() -> None:
    asked = read_simple(Body({"prompt": "Hello", "max_tokens": 5}), Terms(), CARDS, SEED)
    assert asked.generation == Generation((Message(Role.USER, "Hello"),), max_tokens=5, seed=SEED)
    bodies: list[dict[str, Json]] = [{}, {"prompt": ""}, {"prompt": []}]
    for nothing in bodies:
        with pytest.raises(Rejected) as caught:
            read_simple(Body(nothing), Terms(), CARDS, SEED)
        assert caught.value.param == "prompt"


def test_texts_are_embedded_one_or_many() -> None:
    one = read_embeddings(Body({"input": "a"}), CARDS)
    assert (one.texts, one.base64, one.width) == (("a",), False, 0)
    many = read_embeddings(
        Body({"input": ["a", ""], "encoding_format": "base64", "dimensions": 64}), CARDS
    )
    assert (many.texts, many.base64, many.width) == (("a", ""), True, 64)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a"] * (MAX_TEXTS + 1)}, "input"),
        ({"input": [1, 2]}, "input"),
        ({"input": [[1]]}, "input"),
        ({"input": ["a", None]}, "input[1]"),
        ({"input": True}, "input"),
        ({"input": "a", "encoding_format": "int8"}, "encoding_format"),
        ({"input": "a", "dimensions": 0}, "dimensions"),
        ({"input": "a", "model": "smollm2"}, "model"),
    ],
)
def test_what_cannot_be_embedded_is_refused(fields: dict[str, Json], param: str) -> None:
    with pytest.raises(Rejected) as caught:
        read_embeddings(Body(fields), CARDS)
    assert caught.value.param == param
