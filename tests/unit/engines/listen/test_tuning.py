"""A verifier is only used when clips that it did not see say that it is worth it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from laresd.engines.listen.tuning import LEAST, Examples, Report, tune
from laresd.engines.listen.verifier import SIZE, Vector
from laresd.errors import Refused

NONE = np.zeros((0, SIZE))


def rows(seed: int, count: int, at: float) -> Vector:
    return np.random.default_rng(seed).normal(at, 1, (count, SIZE))


EASY = Examples(rows(1, 20, 0.5), rows(2, 20, -0.5), rows(3, 8, 0.4), rows(4, 8, -0.4))


def test_clips_that_differ_are_told_apart_without_losing_a_wake() -> None:
    verifier, report = tune("x", "0" * 64, EASY)
    assert (report.wanted, report.unwanted, report.lost, report.made) == (20, 20, 0, 16)
    assert report.rejected >= 18 and report.worth_it
    assert 0.002 <= verifier.threshold <= 0.5
    assert all(verifier.accepts(row) for row in rows(5, 20, 0.5))


def test_clips_that_do_not_differ_are_not_worth_it() -> None:
    same = Examples(rows(1, 30, 0), rows(2, 30, 0), NONE, NONE)
    _, report = tune("x", "0" * 64, same)
    assert not report.worth_it


def test_too_few_clips_are_refused_and_told() -> None:
    few = replace(EASY, unwanted=EASY.unwanted[: LEAST - 1])
    with pytest.raises(Refused, match=f"{LEAST - 1} clips that are not x"):
        tune("x", "0" * 64, few)
    with pytest.raises(Refused, match="0 clips that are x"):
        tune("x", "0" * 64, replace(EASY, wanted=NONE))


def test_the_least_number_of_clips_will_do() -> None:
    few = Examples(EASY.wanted[:LEAST], EASY.unwanted[:LEAST], NONE, NONE)
    verifier, report = tune("x", "0" * 64, few)
    assert (report.wanted, report.made) == (LEAST, 0)
    assert 0 < verifier.threshold < 1


@pytest.mark.parametrize(
    ("lost", "wanted", "at_most"), [(0, 10, 0.259), (0, 60, 0.0487), (2, 20, 0.283), (5, 5, 1.0)]
)
def test_how_many_may_be_lost_is_told_with_its_doubt(
    lost: int, wanted: int, at_most: float
) -> None:
    assert Report(wanted, 10, lost, 5, 0).lost_at_most == pytest.approx(at_most, abs=0.002)


def test_one_lost_wake_in_twenty_is_too_many() -> None:
    assert not Report(20, 20, 1, 20, 0).worth_it
    assert Report(60, 20, 1, 20, 0).worth_it
    assert not Report(60, 20, 0, 3, 0).worth_it
