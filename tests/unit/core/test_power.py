"""What is done about scarce memory and a weak supply, and what an answer costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.power import (
    SETTLED_S,
    Bounds,
    Measures,
    Need,
    Spent,
    Standing,
    judge,
    measures,
    money,
    seconds_of,
)
from laresd.core.scheduler.thermal import FAIR, Heat, Weather
from laresd.types import Pressure, Reading, Span, Stall

BOUNDS = Bounds(stall=10.0, available=6.0)
CALM = Pressure(Stall(0.0, 0.0), available=0.5)


def after(pressure: Pressure, before: Standing | None = None, now: float = 0.0) -> Standing:
    return judge(pressure, BOUNDS, before or Standing(), now)


@pytest.mark.parametrize(
    ("pressure", "need"),
    [
        (CALM, Need.NONE),
        (Pressure(), Need.NONE),  # nothing is known: nothing is done
        (Pressure(Stall(12.0, 0.0), available=0.5), Need.SHORT),
        (Pressure(Stall(0.0, 0.0), available=0.05), Need.SHORT),
        (Pressure(Stall(31.0, 0.0), available=0.5), Need.GONE),
        (Pressure(Stall(12.0, 11.0), available=0.5), Need.GONE),
        (Pressure(None, available=0.02), Need.GONE),
        (Pressure(None, Stall(99.0, 99.0), Stall(99.0, 99.0), 0.5), Need.NONE),  # not of memory
    ],
)
def test_the_need_follows_from_the_figures(pressure: Pressure, need: Need) -> None:
    standing = after(pressure)
    assert standing.need is need
    assert bool(standing.why) is (need is not Need.NONE)


def test_the_kernels_call_counts_before_its_averages_tell() -> None:
    assert judge(CALM, BOUNDS, Standing(), 0.0, alarmed=True).need is Need.SHORT
    worse = Pressure(available=0.01)
    assert judge(worse, BOUNDS, Standing(), 0.0, alarmed=True) == after(worse)


def test_the_need_passes_a_step_at_a_time_and_only_after_calm() -> None:
    gone = after(Pressure(available=0.01), now=100.0)
    assert after(CALM, gone, 100.0 + SETTLED_S - 1) == gone
    short = after(CALM, gone, 100.0 + SETTLED_S)
    assert (short.need, short.why) == (Need.SHORT, gone.why)
    assert after(CALM, short, 100.0 + SETTLED_S + 1) == short
    assert after(CALM, short, 100.0 + 2 * SETTLED_S).need is Need.NONE


def test_a_need_that_comes_back_begins_its_calm_anew() -> None:
    short = after(Pressure(available=0.05), now=0.0)
    again = after(Pressure(available=0.05), short, SETTLED_S - 1)
    assert after(CALM, again, SETTLED_S + 1).need is Need.SHORT


@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(0, 1), st.floats(0, 40)),
        max_size=30,
    )
)
def test_it_never_falls_by_more_than_a_step_nor_before_its_time(
    looks: list[tuple[float, float, float, float]],
) -> None:
    standing, now, raised = Standing(), 0.0, 0.0
    for some, full, available, pause in looks:
        now += pause
        before = standing
        standing = after(Pressure(Stall(some, full), available=available), before, now)
        if standing.need < before.need:
            assert before.need - standing.need == 1
            assert now - raised >= SETTLED_S
        if standing.need is not before.need or standing.since == now:
            raised = now


def test_short_memory_stops_what_nobody_waits_for_and_no_memory_gives_back() -> None:
    assert measures(Standing(), Reading(50.0), FAIR) == Measures()
    assert measures(Standing(Need.SHORT), Reading(), FAIR) == Measures(background=False)
    assert measures(Standing(Need.GONE), Reading(), FAIR) == Measures(
        background=False, give_back=True
    )


def test_a_weak_supply_is_not_asked_for_more() -> None:
    weak = measures(Standing(), Reading(50.0, 0x1), FAIR)
    assert weak == Measures(background=False, boost=False)
    over = measures(Standing(), Reading(50.0, 0x50000), FAIR)  # it was, since the start
    assert over == Measures()


def test_a_flag_that_comes_and_goes_is_believed_for_a_while() -> None:
    gone = Reading(50.0, 0x0)
    assert not measures(Standing(), gone, FAIR, SETTLED_S - 1).background
    assert measures(Standing(), gone, FAIR, SETTLED_S) == Measures()


def test_a_warm_or_throttled_board_is_not_sped_up() -> None:
    assert not measures(Standing(), Reading(78.0), Weather(heat=Heat.WARM)).boost
    assert not measures(Standing(), Reading(60.0, 0x4), FAIR).boost


def test_an_answer_costs_its_time_at_the_machines_power() -> None:
    spans = [Span("grammar", 10.0, 10.1), Span("llm", 10.0, 12.0), Span("echo", 12.0, 12.5)]
    spent = Spent().with_answer(seconds_of(spans), 6.0).with_answer(0.5, 6.0)
    assert spent == Spent(2, 18.0, 3.0)
    assert spent.each == 9.0
    assert Spent().each is None
    assert seconds_of([]) == 0.0


def test_a_kilowatt_hour_costs_its_price() -> None:
    assert money(3.6e6, 0.32) == pytest.approx(0.32)
    assert money(0.0, 0.32) == 0.0
