"""How long the stages of turns take, as it is told."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.stages import KEPT, STAGES, Series, Stages, Summary, asked, durations
from laresd.types import (
    Action,
    Command,
    Outcome,
    Publication,
    Reply,
    ReplyKind,
    Span,
    Status,
    Turn,
)

SPANS = (
    Span("wake", 0.0, 0.5),
    Span("endpoint", 1.5, 2.0),
    Span("transcribe", 1.7, 1.9),
    Span("understand", 2.0, 2.01),
    Span("act", 2.01, 2.1),
    Span("echo", 2.02, 2.09),
    Span("reply", 2.1, 2.2),
    Span("speak", 2.2, 3.2),
)
SENT = (Publication("t/set", "ON", 2.02),)
REPLY = Reply(
    "1",
    ReplyKind.DONE,
    "Turned it on.",
    outcomes=(Outcome(Action("light.a", Command.TURN_ON), Status.CONFIRMED, SENT),),
)
TURN = Turn("1", "microphone", "done", reply=REPLY, spans=SPANS)


def test_each_stage_of_a_turn_counts_and_so_does_the_wait_of_who_spoke() -> None:
    took = {name: round(seconds, 3) for name, seconds in durations(TURN)}
    assert took == {
        "wake": 0.5,
        "endpoint": 0.5,
        "transcribe": 0.2,
        "understand": 0.01,
        "act": 0.09,
        "echo": 0.07,
        "reply": 0.1,
        "speak": 1.0,
        "to_action": 0.52,
        "to_sound": 0.7,
    }
    assert set(took) == set(STAGES)


def test_a_turn_in_which_nothing_was_said_has_only_what_there_was() -> None:
    assert durations(Turn("1", "microphone", "no_speech", spans=SPANS[:1])) == [("wake", 0.5)]


def test_a_request_that_was_not_spoken_has_its_stages_too() -> None:
    assert [name for name, _ in asked(SPANS[3:6])] == ["understand", "act", "echo"]


def test_the_rows_are_in_the_order_of_a_turn_and_in_milliseconds() -> None:
    stages = Stages()
    stages.add("done", [("speak", 2.0), ("wake", 0.1)])
    stages.add("done", [("wake", 0.3)])
    assert stages.rows() == [
        {"stage": "wake", "count": 2, "p50_ms": 100.0, "p95_ms": 300.0},
        {"stage": "speak", "count": 1, "p50_ms": 2000.0, "p95_ms": 2000.0},
    ]


def test_prometheus_is_told_a_summary_in_seconds() -> None:
    stages = Stages()
    for seconds in (0.1, 0.2, 0.3):
        stages.add("done", [("act", seconds)])
    assert stages.text().split("\n") == [
        "# HELP lares_turns_total Spoken turns by how they ended, and requests (text).",
        "# TYPE lares_turns_total counter",
        'lares_turns_total{closing="done"} 3',
        "# HELP lares_turn_stage_seconds How long the stages of turns took.",
        "# TYPE lares_turn_stage_seconds summary",
        'lares_turn_stage_seconds{stage="act",quantile="0.5"} 0.2',
        'lares_turn_stage_seconds{stage="act",quantile="0.95"} 0.3',
        'lares_turn_stage_seconds_sum{stage="act"} 0.6',
        'lares_turn_stage_seconds_count{stage="act"} 3',
        "",
    ]


def test_a_label_that_comes_from_outside_cannot_break_the_page_or_fill_the_memory() -> None:
    summary = Summary("s", "Words.", ["engine"], most=2)
    for name in ('a"b\n', "c", "d", "e"):
        summary.add(1.0, name)
    assert [line for line in summary.lines() if "_count" in line] == [
        's_count{engine="a\\"b\\n"} 1',
        's_count{engine="c"} 1',
    ]


def test_only_the_last_ones_are_kept_and_all_are_counted() -> None:
    series = Series()
    for number in range(KEPT + 100):
        series.add(float(number))
    assert len(series.last) == KEPT and series.count == KEPT + 100
    assert series.quantile(0.0) == 100.0
    assert math.isnan(Series().quantile(0.5))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0.01, 1.0))
def test_a_quantile_is_one_of_the_values_and_leaves_the_right_share_below(
    values: list[float], share: float
) -> None:
    series = Series()
    for value in values:
        series.add(value)
    found = series.quantile(share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9
    assert series.total == pytest.approx(sum(values))
