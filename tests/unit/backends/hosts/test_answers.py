"""Streams of the OpenAI API, checked as they come."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.hosts.answers import ChatReader
from laresd.errors import Temporary
from laresd.generation import (
    Choice,
    Ending,
    Finish,
    Generation,
    Message,
    Piece,
    Role,
    Said,
    Tool,
    ToolCall,
)
from laresd.types import Json

USER = Message(Role.USER, "?")
READ = Tool("read", "", {})
DONE = b"[DONE]"


def chunk(finish: str | None = None, /, **delta: Json) -> bytes:
    return json.dumps({"choices": [{"delta": delta, "finish_reason": finish}]}).encode()


def part(index: int, arguments: Json, name: str = "", id_: str = "") -> Json:
    function: dict[str, Json] = {"arguments": arguments, **({"name": name} if name else {})}
    return {"index": index, "function": function, **({"id": id_} if id_ else {})}


def read(*events: bytes, asked: Generation | None = None, echo: str = "") -> list[Piece]:
    reader = ChatReader("gpu", asked or Generation((USER,)), echo=echo)
    pieces = [piece for event in events if (piece := reader.feed(event))]
    return [*pieces, reader.end()]


def texts(pieces: list[Piece]) -> list[str]:
    return [piece.text for piece in pieces if piece.text]


def ending(pieces: list[Piece]) -> Ending:
    assert pieces[-1].ending is not None
    return pieces[-1].ending


def test_the_text_comes_as_it_is_and_reasoning_is_no_part_of_it() -> None:
    pieces = read(
        chunk(role="assistant", content=None),
        chunk(reasoning_content="Hm."),
        chunk(content="It "),
        chunk(content="is."),
        chunk("stop"),
        DONE,
    )
    assert texts(pieces) == ["It ", "is."]
    assert ending(pieces) == Ending(Finish.STOP, answer_tokens=2)


def test_what_it_cost_is_told_where_the_server_tells_it() -> None:
    usage: Json = {
        "prompt_tokens": 9,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 7},
    }
    last = json.dumps({"choices": [], "usage": usage}).encode()
    asked = Generation((USER,), said=Said("x", (1, 2)))
    found = ending(read(chunk(content="a"), chunk("length"), last, DONE, asked=asked))
    assert found == Ending(Finish.LENGTH, (), 9, 7, answer_tokens=6)


def test_an_answer_without_done_is_whole_once_the_model_has_ended() -> None:
    assert texts(read(chunk(content="a"), chunk("stop"))) == ["a"]


@pytest.mark.parametrize("events", [(), (chunk(content="a"),), (chunk(content="a"), DONE)])
def test_an_answer_whose_end_is_missing_broke_off(events: tuple[bytes, ...]) -> None:
    with pytest.raises(Temporary, match="gpu broke off"):
        read(*events)


@pytest.mark.parametrize(
    "event",
    [b"", b"<html>", b"[]", b"5", b"{}", b'{"choices": 5}', b"\xff\x00", b"[" * 100_000],
)
def test_garbage_is_told(event: bytes) -> None:
    with pytest.raises(Temporary, match="the host gpu sends what is no answer"):
        read(event)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda v: (
            st.lists(v)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "delta", "tool_calls", "function", "index", "usage", "content"]
                ),
                v,
            )
        ),
    )
)
def test_whatever_json_comes_it_is_text_or_told(value: Json) -> None:
    try:
        pieces = read(json.dumps(value).encode(), chunk("stop"))
    except Temporary:
        return
    assert all(isinstance(piece.text, str) for piece in pieces)


def test_an_end_for_an_unknown_reason_is_told() -> None:
    with pytest.raises(Temporary, match="'abort'"):
        read(chunk("abort"))


def test_calls_are_put_together_from_their_parts() -> None:
    pieces = read(
        chunk(content="Well. "),
        chunk(tool_calls=[part(0, "", "read", "c1")]),
        chunk(tool_calls=[part(0, '{"room": '), part(1, {"room": "bath"}, "read")]),
        chunk(tool_calls=[part(0, '"kitchen"}')]),
        chunk("tool_calls"),
        DONE,
        asked=Generation((USER,), tools=(READ,)),
    )
    assert texts(pieces) == ["Well. "]
    assert ending(pieces).calls == (
        ToolCall("read", {"room": "kitchen"}, "c1"),
        ToolCall("read", {"room": "bath"}),
    )


def test_not_more_calls_are_made_than_were_asked_for() -> None:
    parts = [part(n, "{}", "read") for n in range(3)]
    asked = Generation((USER,), tools=(READ,), max_calls=2)
    assert len(ending(read(chunk("tool_calls", tool_calls=parts), asked=asked)).calls) == 2


@pytest.mark.parametrize("arguments", ['{"room": ', "[]", "5", '"x"'])
def test_a_call_with_broken_arguments_is_never_made(arguments: str) -> None:
    asked = Generation((USER,), tools=(READ,))
    with pytest.raises(Temporary, match="arguments are not JSON"):
        read(chunk("tool_calls", tool_calls=[part(0, arguments, "read")]), asked=asked)


@pytest.mark.parametrize("name", ["", "erase"])
def test_a_call_of_what_does_not_exist_is_never_made(name: str) -> None:
    asked = Generation((USER,), tools=(READ,))
    with pytest.raises(Temporary, match="which there is not"):
        read(chunk("tool_calls", tool_calls=[part(0, "{}", name)]), asked=asked)


@pytest.mark.parametrize("index", [-1, 64, "0", 1e9])
def test_a_call_of_an_impossible_number_is_told(index: Json) -> None:
    with pytest.raises(Temporary, match="a call of the number"):
        read(chunk(tool_calls=[{"index": index}]))


def test_where_a_call_is_asked_for_words_are_no_answer() -> None:
    asked = Generation((USER,), tools=(READ,), choice=Choice.REQUIRED)
    reader = ChatReader("gpu", asked)
    assert reader.feed(chunk(content="I would rather not.")) is None
    reader.feed(chunk("stop"))
    with pytest.raises(Temporary, match="words where a call was asked for"):
        reader.end()


def test_a_stop_string_ends_the_answer_before_the_server_does() -> None:
    reader = ChatReader("gpu", Generation((USER,), stop=("END",)))
    assert reader.feed(chunk(content="one E")) == Piece("one ")
    assert reader.feed(chunk(content="ND two")) is None
    assert reader.over
    assert reader.end().ending == Ending(Finish.STOP, answer_tokens=2)


@given(st.text("ab", max_size=6), st.text("ab", min_size=1, max_size=8), st.integers(1, 4))
def test_what_the_server_repeats_is_taken_off_once(said: str, rest: str, size: int) -> None:
    whole = said + rest
    chunks = [chunk(content=whole[n : n + size]) for n in range(0, len(whole), size)]
    asked = Generation((USER,), said=Said(said))
    assert "".join(texts(read(*chunks, chunk("stop"), asked=asked, echo=said))) == rest


def test_a_server_that_repeats_nothing_loses_nothing() -> None:
    pieces = read(chunk(content="The sea"), chunk("stop"), echo="The house")
    assert "".join(texts(pieces)) == "The sea"
    pieces = read(chunk(content="The"), chunk("stop"), echo="The house")
    assert "".join(texts(pieces)) == "The"
