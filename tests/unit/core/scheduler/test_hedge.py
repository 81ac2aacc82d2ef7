"""Delayed hedges: rare, in time, and only where the job may go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.scheduler.hedge import KEPT, Budget, hedge
from laresd.core.scheduler.offers import Box, Job, Offer
from laresd.core.scheduler.placement import Placement, place
from laresd.jobs import Reach, Routing
from laresd.types import Priority
from tests.unit.core.scheduler.offers import (
    ANYTHING,
    PRIVATE,
    boxes,
    host,
    jobs,
    many_offers,
    text,
    this_box,
)


def placed(job: Job, *offers: Offer) -> Placement:
    found = place(job, offers, ANYTHING)
    assert isinstance(found, Placement)
    return found


class TestWhen:
    def test_the_runner_up_begins_when_the_first_token_is_later_than_its_p95(self) -> None:
        found = placed(text(), this_box(), host())
        hedged = hedge(found, text(), ANYTHING)
        assert hedged is not None
        assert hedged.where == "lares"
        assert hedged.after_s == found.chosen.forecast.first_token_p95_s

    def test_never_when_it_would_be_late_anyway(self) -> None:
        job = text(seconds_left=14.0)  # this box needs 14.0 s, and would begin later
        assert hedge(placed(job, this_box(), host()), job, ANYTHING) is None

    def test_never_for_background_work(self) -> None:
        job = replace(text(), priority=Priority.BACKGROUND)
        assert hedge(placed(job, this_box(), host()), job, ANYTHING) is None

    def test_never_without_another(self) -> None:
        assert hedge(placed(text(), this_box()), text(), ANYTHING) is None
        asleep = host(wake_s=1.0)
        assert hedge(placed(text(tokens=5), this_box(), asleep), text(), ANYTHING) is None

    def test_never_where_the_request_became_narrower_than_its_placement(self) -> None:
        found = placed(text(), host(), host("nas"))
        assert hedge(found, text(), ANYTHING) is not None
        assert hedge(found, text(PRIVATE), ANYTHING) is None
        assert hedge(found, text(), Box(reach=Reach.DEVICE)) is None
        only = text(Routing(hosts=frozenset({found.where})))
        assert hedge(found, only, ANYTHING) is None

    @given(jobs, many_offers(), boxes)
    def test_a_hedge_is_in_time_and_elsewhere(
        self, job: Job, offers: list[Offer], box: Box
    ) -> None:
        found = place(job, offers, box)
        if isinstance(found, Placement) and (hedged := hedge(found, job, box)):
            assert found.runner_up is not None
            assert hedged.where == found.runner_up.name != found.where
            assert hedged.after_s + found.runner_up.forecast.completion_s <= job.seconds_left


class TestBudget:
    def test_five_percent_are_one_of_twenty(self) -> None:
        budget = Budget(5.0)
        for _ in range(19):
            budget = budget.counted()
            assert budget.spent() is None
        spent = budget.counted().spent()
        assert spent is not None
        assert spent.spent() is None

    def test_none_is_none(self) -> None:
        budget = Budget(0.0)
        for _ in range(1000):
            budget = budget.counted()
        assert not budget.allows

    def test_a_quiet_time_saves_up_only_a_few(self) -> None:
        budget = Budget(5.0)
        for _ in range(10_000):
            budget = budget.counted()
        hedges = 0
        while (after := budget.spent()) is not None:
            budget, hedges = after, hedges + 1
        assert hedges == KEPT

    @pytest.mark.parametrize("percent", [0.1, 5.0, 33.3, 100.0])
    @given(wanted=st.lists(st.booleans(), max_size=400))
    def test_no_sequence_of_jobs_has_more_hedges_than_its_part(
        self, percent: float, wanted: list[bool]
    ) -> None:
        budget, hedges = Budget(percent), 0
        for count, wants in enumerate(wanted, 1):
            budget = budget.counted()
            if wants and (after := budget.spent()) is not None:
                budget, hedges = after, hedges + 1
            assert hedges <= count * percent / 100 + 1e-9
