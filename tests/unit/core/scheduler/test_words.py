"""Measures in the words of a placement."""

from __future__ import annotations

import math

import pytest

from laresd.core.scheduler.words import joules, seconds


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (119.4, "119 s"),
        (119.6, "2 min"),
        (7200.0, "2 h"),
        (math.inf, "any time"),
    ],
)
def test_seconds_are_as_exact_as_they_need_to_be(value: float, said: str) -> None:
    assert seconds(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "0 J"), (999.4, "999 J"), (999.6, "1.0 kJ"), (25_000.0, "25.0 kJ")]
)
def test_joules_are_too(value: float, said: str) -> None:
    assert joules(value) == said
