"""What llama-server streams with token ids."""

from __future__ import annotations

import json

import pytest

from laresd.backends.hosts.tokens import Start, TokenReader
from laresd.errors import Temporary
from laresd.generation import Ending, Finish, Generation, Piece, Said
from laresd.types import Json

ASKED = Generation(prompt="x", ids=(7, 8, 9))
KNOWN = Start([7, 8, 9], known=True)


def event(content: str, *tokens: int, predicted: int = 0) -> bytes:
    told: dict[str, Json] = {"content": content, "tokens": [*tokens], "stop": False}
    return json.dumps(told | ({"tokens_predicted": predicted} if predicted else {})).encode()


def end(why: str = "eos", predicted: int = 0) -> bytes:
    told: dict[str, Json] = {"content": "", "tokens": [], "stop": True, "stop_type": why}
    more: dict[str, Json] = {"tokens_predicted": predicted, "timings": {"cache_n": 2}}
    return json.dumps(told | more).encode()


def read(
    *events: bytes,
    start: Start = KNOWN,
    asked: Generation = ASKED,
    found: tuple[int, ...] = (),
) -> list[Piece]:
    reader, pieces = TokenReader("gpu", asked, start), []
    for one in events:
        part = reader.read(one)
        piece = reader.take(part, found if reader.wants(part) else ()) if part else None
        pieces += [piece] if piece else []
    return [*pieces, reader.end()]


def test_each_piece_has_its_tokens_and_the_ending_what_it_cost() -> None:
    assert read(event("a", 1), event("b", 2), end("limit", 2)) == [
        Piece("a", (1,)),
        Piece("b", (2,)),
        Piece(ending=Ending(Finish.LENGTH, (), 3, 2, 2)),
    ]


def test_the_token_that_ends_the_answer_is_not_part_of_it() -> None:
    """Else what goes on after a death at this moment would go on behind the end."""
    pieces = read(event("a", 1), event("", 99), end("eos", 2))
    assert [piece.tokens for piece in pieces] == [(1,), ()]


def test_a_token_without_text_comes_with_the_next_text() -> None:
    pieces = read(event("", 1), event("b", 2), event("", 3), end("limit", 3))
    assert [piece.tokens for piece in pieces] == [(1, 2), (3,)]


def test_the_tokens_of_a_character_are_asked_for() -> None:
    pieces = read(event("a", 1), event("ü", 3, predicted=3), end(predicted=3), found=(2, 3))
    assert [piece.tokens for piece in pieces[:2]] == [(1,), (2, 3)]


@pytest.mark.parametrize("found", [(), (2,), (2, 4), (1, 2, 3)])
def test_where_they_cannot_be_found_no_more_tokens_are_told(found: tuple[int, ...]) -> None:
    pieces = read(
        event("a", 1), event("ü", 3, predicted=3), event("c", 4), end(predicted=4), found=found
    )
    assert [(piece.text, piece.tokens) for piece in pieces] == [
        ("a", (1,)),
        ("ü", ()),
        ("c", ()),
        ("", ()),
    ]


def test_tokens_of_another_model_are_not_told() -> None:
    pieces = read(event("a", 1), end("limit", 1), start=Start("text"))
    assert [piece.tokens for piece in pieces] == [(), ()]


def test_text_that_was_held_back_comes_first() -> None:
    asked = Generation(prompt="x", ids=(7,), said=Said("It", (1, 2)))
    start = Start([7, 1, 2], known=True, held=" is")
    pieces = read(event(" so", 3), end("limit", 1), start=start, asked=asked)
    assert [(piece.text, piece.tokens) for piece in pieces] == [(" is so", (3,)), ("", ())]
    assert pieces[-1].ending is not None
    assert pieces[-1].ending.answer_tokens == 3


def test_what_is_computed_again_is_not_told_again() -> None:
    asked = Generation(prompt="x", ids=(7,), said=Said("", (1, 2)))
    start = Start([7, 1], known=True, again=(2,))
    pieces = read(
        event("ü", 3, predicted=2), end(predicted=2), start=start, asked=asked, found=(2, 3)
    )
    assert [(piece.text, piece.tokens) for piece in pieces] == [("ü", (3,)), ("", ())]
    assert pieces[-1].ending is not None
    assert pieces[-1].ending.answer_tokens == 3


def test_a_host_that_goes_another_way_within_a_character_tells_no_tokens() -> None:
    asked = Generation(prompt="x", ids=(7,), said=Said("", (1, 2)))
    start = Start([7, 1], known=True, again=(2,))
    pieces = read(event("c", 5), end("limit", 1), start=start, asked=asked)
    assert [(piece.text, piece.tokens) for piece in pieces] == [("c", ()), ("", ())]


def test_a_stop_string_ends_it() -> None:
    asked = Generation(prompt="x", ids=(7, 8, 9), stop=("ab",))
    pieces = read(event("xa", 1), event("b", 2), asked=asked)
    assert [(piece.text, piece.tokens) for piece in pieces] == [("x", (1,)), ("", (2,)), ("", ())]
    assert pieces[-1].ending == Ending(Finish.STOP, (), 3, 0, 2)


@pytest.mark.parametrize("one", [b"{", b"[]", b"{}", b'{"content": 1, "stop": false}'])
def test_garbage_is_told(one: bytes) -> None:
    with pytest.raises(Temporary, match="no answer"):
        read(one)


def test_an_end_for_no_reason_is_told() -> None:
    with pytest.raises(Temporary, match="an end for the reason"):
        read(end("none"))


def test_an_answer_whose_end_is_missing_broke_off() -> None:
    with pytest.raises(Temporary, match="broke off"):
        read(event("a", 1))
