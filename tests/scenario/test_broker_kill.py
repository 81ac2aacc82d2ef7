"""Mosquitto is killed in the middle of 200 actions: none lost, none run twice, none run late."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.types import Status
from tests.contract.brokers import needs_mosquitto
from tests.scenario.outage import Plan, outage

pytestmark = pytest.mark.slow


async def test_a_killed_broker_loses_nothing_and_nothing_is_done_twice_or_late(
    tmp_path: Path,
) -> None:
    needs_mosquitto()
    plan = Plan(count=200, every=0.03, killed_at=2.0, away_s=3.0, patience=60.0)
    tally = await outage(tmp_path, plan)
    assert (tally.lost, tally.twice, tally.late) == ([], [], [])
    assert len(tally.outcomes) == plan.count
    statuses = {one.status for one in tally.outcomes.values()}
    assert statuses >= {Status.CONFIRMED, Status.DELAYED}
    in_vain = [name for name in tally.brief if not tally.heard.get(name)]
    assert in_vain
    assert {tally.outcomes[name].status for name in in_vain} <= {Status.DELAYED, Status.FAILED}
    assert set(in_vain) <= tally.told


@pytest.mark.parametrize("killed_at", [0.15, 0.25])
async def test_commands_that_are_under_way_when_it_dies_are_settled_by_the_devices_own_word(
    tmp_path: Path, killed_at: float
) -> None:
    needs_mosquitto()
    plan = Plan(count=200, every=0.002, killed_at=killed_at, away_s=1.5, patience=60.0)
    tally = await outage(tmp_path, plan)
    assert (tally.twice, tally.late) == ([], [])
    unknown = [name for name in tally.lost if tally.outcomes[name].status is Status.NO_ANSWER]
    assert tally.lost == unknown  # toggles whose device said nothing since: it was told so
