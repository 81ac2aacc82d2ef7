"""Two orders become one, and a leg that knows nothing of a language has no say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.knowledge.fusion import CALM, fused, vector_weight

KEYS = st.lists(st.integers(0, 20), unique=True)


def test_what_both_legs_find_comes_before_what_one_finds() -> None:
    order = [key for key, _ in fused([(1.0, [1, 2, 3]), (1.0, [4, 3, 5])])]
    assert order[0] == 3


def test_a_score_is_the_sum_of_the_ranks() -> None:
    key, score = fused([(1.0, ["a"]), (0.5, ["b", "a"])])[0]
    assert key == "a"
    assert score == pytest.approx(1 / (CALM + 1) + 0.5 / (CALM + 2))


@given(KEYS, KEYS)
def test_a_leg_without_weight_changes_nothing(words: list[int], vectors: list[int]) -> None:
    assert [key for key, _ in fused([(1.0, words), (0.0, vectors)])] == words


@given(KEYS, KEYS)
def test_every_key_of_the_legs_is_there_once(left: list[int], right: list[int]) -> None:
    found = [key for key, _ in fused([(1.0, left), (1.0, right)])]
    assert sorted(found) == sorted({*left, *right})


def test_the_weight_is_that_of_the_language_that_the_model_knows() -> None:
    known = {"en": 1.0, "*": 0.0}
    assert vector_weight("en-GB", known) == 1.0
    assert vector_weight("zh-CN", known) == 0.0
    assert vector_weight("de", {}) == 0.0
    assert vector_weight("de", {"*": 0.7}) == 0.7
