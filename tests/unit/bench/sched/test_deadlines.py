"""Jobs within their deadlines: the same world for every policy, and what is made of it."""

from __future__ import annotations

from collections import Counter

import pytest

from laresd.core.scheduler.counts import Event
from tests.bench.sched.deadlines import (
    POLICIES,
    Outcome,
    World,
    best_static,
    over_best_static,
    possible_share,
    run,
    world,
)
from tests.bench.sched.simulated import Life


def outcome(kept: int, every: int = 10) -> Outcome:
    return Outcome(Counter(chat=kept), Counter(chat=every), {})


def small(seed: int = 1) -> World:
    whole = world(2.0, seed)
    return World(whole.works[:40], whole.tower, whole.laptop)


def test_a_world_is_drawn_from_its_load_and_seed() -> None:
    assert world(1.0, 1) == world(1.0, 1)
    assert world(1.0, 1) != world(1.0, 2)
    assert len(world(4.0, 1).works) == 4 * len(world(1.0, 1).works)


def test_a_policy_comes_out_the_same_each_time() -> None:
    for policy in POLICIES:
        assert run(policy, small()) == run(policy, small())


def test_with_hosts_that_are_never_there_only_the_box_keeps_a_deadline() -> None:
    forever = Life(away=((0.0, 1e9),))
    dark = World(small().works, forever, forever)
    assert run("always tower", dark).share == 0.0
    local = run("always local", dark)
    assert local.share > 0.5
    assert run("scheduler", dark).share == pytest.approx(local.share, abs=0.1)


def test_what_the_scheduler_did_is_counted() -> None:
    found = run("scheduler", small())
    assert found.events[Event.PLACED] >= found.all.total() == 40


def test_no_policy_keeps_more_than_is_possible_when_all_stay_where_they_are() -> None:
    found = small()
    static = [policy for policy in POLICIES if policy != "scheduler"]
    assert max(run(policy, found).share for policy in static) <= possible_share(found)


def test_the_ratio_is_over_the_static_policy_that_is_best_over_all_runs() -> None:
    outcomes = {
        "scheduler": [outcome(9), outcome(10)],
        "always local": [outcome(10), outcome(1)],
        "in turn": [outcome(6), outcome(8)],
    }
    assert best_static(outcomes) == "in turn"
    assert over_best_static(outcomes) == [pytest.approx(1.5), pytest.approx(1.25)]
