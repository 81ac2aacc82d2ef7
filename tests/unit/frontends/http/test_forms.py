"""The forms of answers."""

from __future__ import annotations

import base64
import struct

from laresd.frontends.http.forms import ChatForm, CompletionForm, Head, SimpleForm, embeddings_form
from laresd.generation import Ending, Finish, ToolCall
from laresd.types import Vectors

HEAD = Head("chatcmpl-7", "lares", 1_790_000_000)
ENDING = Ending(Finish.STOP, (), 10, 8, 3, "tower", "it is faster by 2 s")
CALLED = Ending(Finish.STOP, (ToolCall("switch", {"lamp": "küche"}), ToolCall("ask", {}, "id9")))


def test_a_chat_says_what_was_cached() -> None:
    assert ChatForm(HEAD).whole("Hello", ENDING) == {
        "id": "chatcmpl-7",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "lares",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 3,
            "total_tokens": 13,
            "prompt_tokens_details": {"cached_tokens": 8},
        },
    }


def test_calls_have_ids_of_the_engine_or_of_the_answer_the_same_whole_and_streamed() -> None:
    whole = ChatForm(HEAD).whole("", CALLED)
    assert isinstance(whole, dict) and isinstance(whole["choices"], list)
    choice = whole["choices"][0]
    assert isinstance(choice, dict) and isinstance(choice["message"], dict)
    calls = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls" and choice["message"]["content"] is None
    assert calls == [
        {
            "id": "call_7_0",
            "type": "function",
            "function": {"name": "switch", "arguments": '{"lamp": "küche"}'},
        },
        {"id": "id9", "type": "function", "function": {"name": "ask", "arguments": "{}"}},
    ]
    streamed = ChatForm(HEAD).end(CALLED)[0]
    assert isinstance(streamed, dict) and isinstance(streamed["choices"], list)
    delta = streamed["choices"][0]
    assert isinstance(delta, dict) and isinstance(calls, list)
    assert delta["delta"] == {
        "tool_calls": [
            {"index": n, **call} for n, call in enumerate(calls) if isinstance(call, dict)
        ]
    }


def test_the_end_of_a_stream_says_where_and_why_and_the_usage_only_where_it_is_asked_for() -> None:
    for form in (ChatForm, CompletionForm):
        (last,) = form(HEAD).end(ENDING)
        assert isinstance(last, dict)
        assert last["lares"] == {"where": "tower", "why": "it is faster by 2 s"}
        assert "usage" not in last
        head = Head("x-1", "lares", 0, include_usage=True)
        usage = form(head).end(ENDING)[-1]
        assert isinstance(usage, dict) and usage["choices"] == []
        assert usage["lares"] == last["lares"]


def test_an_answer_that_was_cut_says_so() -> None:
    cut = SimpleForm().whole("a", Ending(Finish.LENGTH, (), 5, 0, 1, "this box"))
    assert cut == {
        "text": "a",
        "finish": "length",
        "prompt_tokens": 5,
        "cached_tokens": 0,
        "answer_tokens": 1,
        "where": "this box",
        "why": "",
    }


def test_vectors_are_numbers_or_their_bytes() -> None:
    vectors = Vectors(2, struct.pack("<4f", 1.0, 0.0, 0.5, -0.5))
    plain = embeddings_form(vectors, "minilm", packed=False)
    packed = embeddings_form(vectors, "minilm", packed=True)
    assert isinstance(plain, dict) and isinstance(packed, dict)
    assert plain["data"] == [
        {"object": "embedding", "index": 0, "embedding": [1.0, 0.0]},
        {"object": "embedding", "index": 1, "embedding": [0.5, -0.5]},
    ]
    assert isinstance(packed["data"], list) and isinstance(packed["data"][1], dict)
    assert packed["data"][1]["embedding"] == base64.b64encode(vectors.rows[8:]).decode()
