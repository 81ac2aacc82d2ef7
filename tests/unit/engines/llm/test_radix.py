"""The radix tree finds what a search through all sequences finds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from laresd.engines.llm.radix import RadixTree, shared_length

tokens = st.lists(st.integers(0, 2), max_size=8)  # few kinds: much is shared


class AgainstAList(RuleBasedStateMachine):
    """Any order of additions and removals, beside a plain list that is searched from end to end."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = RadixTree()
        self.all: dict[int, list[int]] = {}
        self.next = 0

    @rule(sequence=tokens)
    def add(self, sequence: list[int]) -> None:
        if not sequence:
            with pytest.raises(ValueError, match="empty"):
                self.tree.add(self.next, sequence)
            return
        self.tree.add(self.next, sequence)
        self.all[self.next] = sequence
        self.next += 1

    @precondition(lambda self: self.all)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.all)))
        self.tree.remove(key)
        del self.all[key]

    @rule(asked=tokens)
    def longest(self, asked: list[int]) -> None:
        best = max((common(asked, held) for held in self.all.values()), default=0)
        key, count = self.tree.longest(asked)
        assert count == best
        assert key == -1 if not best else common(asked, self.all[key]) == best

    @rule(asked=tokens)
    def whole(self, asked: list[int]) -> None:
        fitting = [held for held in self.all.values() if asked[: len(held)] == held]
        key, count = self.tree.whole(asked)
        assert count == max(map(len, fitting), default=0)
        assert key == -1 if not count else self.all[key] == asked[:count]

    @invariant()
    def all_are_known(self) -> None:
        assert len(self.tree) == len(self.all)
        for held in self.all.values():
            assert self.tree.whole(held)[1] == len(held)


def common(one: Sequence[int], other: Sequence[int]) -> int:
    return max(n for n in range(min(len(one), len(other)) + 1) if one[:n] == other[:n])


TestRadixTree = AgainstAList.TestCase


def test_a_number_is_taken_once_and_removed_once() -> None:
    tree = RadixTree()
    tree.add(7, [1, 2])
    with pytest.raises(ValueError, match="known already"):
        tree.add(7, [3])
    tree.remove(7)
    with pytest.raises(KeyError):
        tree.remove(7)
    assert tree.longest([1, 2]) == (-1, 0)


@given(one=tokens, other=tokens)
def test_shared_length_is_that_of_the_longest_common_beginning(
    one: list[int], other: list[int]
) -> None:
    assert shared_length(one, other) == shared_length(other, one) == common(one, other)
