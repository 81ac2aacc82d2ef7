"""The count of the KV cache's cells: shared ones are counted once, and given back by the last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from laresd.engines.llm.cells import Cells

CELLS = 40
sequences = st.integers(0, 5)


class AgainstSets(RuleBasedStateMachine):
    """Any order of steps, beside a model: each token is a thing of its own that sequences hold."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = Cells(CELLS)
        self.held: dict[int, list[int]] = {}
        self.made = 0

    @rule(sequence=sequences, count=st.integers(0, 15))
    def grow(self, sequence: int, count: int) -> None:
        used = len(set().union(*self.held.values()))
        if count > CELLS - used:
            with pytest.raises(ValueError, match="are free"):
                self.cells.grow(sequence, count)
            return
        self.cells.grow(sequence, count)
        self.held.setdefault(sequence, []).extend(range(self.made, self.made + count))
        self.made += count

    @precondition(lambda self: any(self.held.values()))
    @rule(data=st.data())
    def share(self, data: st.DataObject) -> None:
        source = data.draw(st.sampled_from(sorted(s for s, held in self.held.items() if held)))
        target = data.draw(sequences)
        count = data.draw(st.integers(1, len(self.held[source])))
        if self.held.get(target):
            with pytest.raises(ValueError, match="cannot begin"):
                self.cells.share(source, target, count)
            return
        self.cells.share(source, target, count)
        self.held[target] = self.held[source][:count]

    @rule(sequence=sequences, length=st.integers(0, 20))
    def shorten(self, sequence: int, length: int) -> None:
        self.cells.shorten(sequence, length)
        self.held[sequence] = self.held.get(sequence, [])[:length]

    @invariant()
    def each_cell_is_counted_once(self) -> None:
        assert self.cells.free == CELLS - len(set().union(*self.held.values()))
        for sequence, held in self.held.items():
            assert self.cells.held(sequence) == len(held)

    @rule(gone=st.sets(sequences))
    def imagine_some_gone(self, gone: set[int]) -> None:
        rest = set().union(*(held for s, held in self.held.items() if s not in gone))
        assert self.cells.free_without(gone) == CELLS - len(rest)


TestCells = AgainstSets.TestCase


def test_a_shared_beginning_is_given_back_by_the_last_that_holds_it() -> None:
    cells = Cells(10)
    cells.grow(0, 6)
    cells.share(0, 1, 4)
    cells.grow(1, 2)
    assert cells.free == 2
    cells.shorten(0)
    assert cells.free == 4
    assert cells.free_without([1]) == 10
    cells.shorten(1)
    assert (cells.free, cells.total) == (10, 10)


@given(count=st.integers(1, 50))
def test_more_than_there_are_cannot_be_shared(count: int) -> None:
    cells = Cells(10)
    cells.grow(0, 3)
    if count > 3:
        with pytest.raises(ValueError, match="cannot begin with"):
            cells.share(0, 1, count)
    else:
        cells.share(0, 1, count)
        assert cells.held(1) == count
