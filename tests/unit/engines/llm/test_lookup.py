"""Prompt lookup: the draft is what followed the latest tokens before; it stops where it fails."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from laresd.engines.llm.lookup import (
    FIRST_DRAFT,
    LONGEST_DRAFT,
    LONGEST_MATCH,
    PATIENCE,
    PAUSE,
    SHORTEST_MATCH,
    Lookup,
    draft,
)

TEXT = [1, 2, 3, 4, 5, 6, 7, 8, 9]


@given(tokens=st.lists(st.integers(0, 3), max_size=30), length=st.integers(-1, 8))
def test_the_draft_follows_the_last_occurrence_of_the_longest_match(
    tokens: list[int], length: int
) -> None:
    expected: list[int] = []
    for size in range(SHORTEST_MATCH, LONGEST_MATCH + 1):
        for start in range(len(tokens) - size):
            if tokens[start : start + size] == tokens[-size:]:
                expected = tokens[start + size : start + size + max(0, length)]
    assert draft(tokens, length) == expected


def test_what_never_occurred_has_no_draft() -> None:
    assert draft(TEXT, 4) == []
    assert draft([*TEXT, 9, 3], 4) == []
    assert draft([*TEXT, 3, 4], 4) == [5, 6, 7, 8]


def test_good_drafts_grow_and_bad_ones_shrink() -> None:
    lookup, lengths = Lookup(), []
    for _ in range(4):
        found = lookup.next([*range(100), 3, 4], 100)
        lengths.append(len(found))
        lookup.verified(len(found), len(found))
    assert lengths == [FIRST_DRAFT, 2 * FIRST_DRAFT, LONGEST_DRAFT, LONGEST_DRAFT]
    lookup.verified(LONGEST_DRAFT, 1)
    assert len(lookup.next([*range(100), 3, 4], 100)) == FIRST_DRAFT


def test_the_draft_is_no_longer_than_the_room() -> None:
    assert [len(Lookup().next([*TEXT, 3, 4], room)) for room in (-1, 0, 1, 3)] == [0, 0, 1, 3]


def test_after_some_drafts_in_vain_it_pauses_and_then_tries_again() -> None:
    lookup, repeated = Lookup(), [*TEXT, 3, 4]
    for _ in range(PATIENCE):
        assert lookup.next(repeated, 8)
        lookup.verified(FIRST_DRAFT, 0)
    assert [lookup.next(repeated, 8) for _ in range(PAUSE)] == [[]] * PAUSE
    assert lookup.next(repeated, 8)


def test_one_right_token_is_not_in_vain() -> None:
    lookup, repeated = Lookup(), [*TEXT, 3, 4]
    for _ in range(3 * PATIENCE):
        assert lookup.next(repeated, 8)
        lookup.verified(FIRST_DRAFT, 1 if _ % PATIENCE == 0 else 0)
