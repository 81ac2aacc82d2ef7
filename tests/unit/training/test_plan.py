"""The learning rate over a training's CPU seconds, earlier trainings included."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.plan import Plan

PLAN = Plan(total_s=6000.0, frames_only_s=600.0, peak_rate=1e-3, final_rate=1e-5, warmup_s=60.0)


def test_the_rate_rises_in_the_first_minute_and_then_stays() -> None:
    assert PLAN.rate(0.0) == pytest.approx(0.05 * 1e-3)
    assert PLAN.rate(60.0) == pytest.approx(1e-3)
    assert PLAN.rate(1500.0) == pytest.approx(1e-3)


def test_the_last_three_quarters_bring_the_rate_down_to_its_end() -> None:
    assert PLAN.rate(3750.0) == pytest.approx((1e-3 + 1e-5) / 2)
    assert PLAN.rate(6000.0) == pytest.approx(1e-5)
    assert PLAN.rate(9000.0) == pytest.approx(1e-5)


def test_a_new_optimizer_on_a_trained_model_begins_gently_but_not_at_the_peak() -> None:
    assert PLAN.rate(3750.0, begun_s=3750.0) == pytest.approx(0.05 * (1e-3 + 1e-5) / 2)
    assert PLAN.rate(3810.0, begun_s=3750.0) == pytest.approx(PLAN.rate(3810.0))


@given(st.floats(60.0, 7000.0), st.floats(0.0, 1000.0))
def test_after_the_rise_the_rate_never_rises_again(spent: float, more: float) -> None:
    assert PLAN.final_rate <= PLAN.rate(spent + more) <= PLAN.rate(spent) + 1e-12
