"""Placement: where a job is computed, by which reason, and that a private one never leaves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given

from laresd.core.scheduler.hedge import hedge
from laresd.core.scheduler.offers import Box, Job, Offer, forecast, why_not
from laresd.core.scheduler.placement import Nowhere, Placement, Reason, place
from laresd.core.scheduler.speeds import Speeds
from laresd.core.scheduler.thermal import FAIR, Weather
from laresd.jobs import JobKind, Policy, Reach
from laresd.types import Priority
from tests.unit.core.scheduler.offers import (
    ALL,
    ANYTHING,
    HOT,
    PRIVATE,
    boxes,
    host,
    jobs,
    many_offers,
    offers_of,
    preferring,
    text,
    this_box,
    weathers,
)


def placed(
    job: Job, offers: Sequence[Offer], box: Box = ANYTHING, weather: Weather = FAIR
) -> Placement:
    found = place(job, offers, box, weather)
    assert isinstance(found, Placement), found
    return found


class TestPrivacy:
    """Whatever the offers are: a security property."""

    @given(jobs, many_offers(), boxes, weathers)
    def test_a_private_job_is_never_placed_at_nor_woken_for_nor_hedged_to_a_host(
        self, job: Job, offers: list[Offer], box: Box, weather: Weather
    ) -> None:
        job = replace(job, routing=replace(job.routing, reach=Reach.DEVICE))
        found = place(job, offers, box, weather)
        if isinstance(found, Placement):
            assert found.chosen.local
            assert found.runner_up is None or found.runner_up.local
            assert found.wake in ("", "lares")
            assert hedge(found, job, box) is None

    @given(jobs, many_offers(), weathers)
    def test_a_box_that_keeps_to_itself_does_so_whatever_the_request_allows(
        self, job: Job, offers: list[Offer], weather: Weather
    ) -> None:
        found = place(job, offers, Box(reach=Reach.DEVICE), weather)
        assert isinstance(found, Nowhere) or found.chosen.local

    @given(jobs, many_offers(), boxes)
    def test_a_hedge_is_refused_although_a_placement_claims_that_it_may(
        self, job: Job, offers: list[Offer], box: Box
    ) -> None:
        found = place(job, offers, box)
        private = replace(job, routing=PRIVATE)
        if isinstance(found, Placement) and found.runner_up and not found.runner_up.local:
            assert hedge(found, private, box) is None

    @given(jobs, many_offers(), boxes, weathers)
    def test_a_job_that_names_hosts_goes_to_no_other(
        self, job: Job, offers: list[Offer], box: Box, weather: Weather
    ) -> None:
        job = replace(job, routing=replace(job.routing, hosts=frozenset({"nas"})))
        found = place(job, offers, box, weather)
        if isinstance(found, Placement):
            allowed = {"nas", "lares"}
            assert found.where in allowed
            assert found.wake in allowed | {""}
            assert found.runner_up is None or found.runner_up.name in allowed

    def test_a_private_job_that_the_box_cannot_do_is_refused_with_the_reason(self) -> None:
        found = place(text(PRIVATE), [host()], ANYTHING)
        assert found.excluded[0].why == "the request is private: it does not leave this box"
        assert isinstance(found, Nowhere)

    def test_the_reason_of_a_private_job_is_that_it_is_private(self) -> None:
        found = placed(text(PRIVATE), [this_box(), host()])
        assert (found.where, found.reason) == ("lares", Reason.PRIVATE)


class TestChoice:
    @given(jobs, many_offers(), boxes, weathers)
    def test_who_is_excluded_or_cannot_is_never_chosen(
        self, job: Job, offers: list[Offer], box: Box, weather: Weather
    ) -> None:
        found = place(job, offers, box, weather)
        out = {each.name: each.why for each in found.excluded}
        assert all(out.values())
        if isinstance(found, Placement):
            named = {found.where, found.runner_up.name if found.runner_up else "", found.wake}
            assert not named & set(out)
            assert not why_not(job, found.chosen.offer, box)
            assert found.why
        else:
            assert set(out) == {offer.name for offer in offers}

    @given(jobs, many_offers(), boxes)
    def test_fastest_takes_the_least_completion_of_those_that_are_awake(
        self, job: Job, offers: list[Offer], box: Box
    ) -> None:
        job = replace(job, routing=replace(job.routing, policy=Policy.FASTEST))
        found = place(job, offers, box)
        if isinstance(found, Placement):
            able = [o for o in offers if not why_not(job, o, box)]
            awake = [o for o in able if not o.asleep]
            rivals = able if found.chosen.offer.asleep else awake
            assert found.chosen.forecast.completion_s == min(
                forecast(job, offer).completion_s for offer in rivals
            )

    @given(jobs, offers_of("nas", local=False), weathers)
    def test_forecasts_are_finite_and_not_negative(
        self, job: Job, offer: Offer, weather: Weather
    ) -> None:
        told = forecast(job, offer, weather)
        for value in (
            told.first_token_s, told.first_token_p95_s, told.completion_s, told.joules, told.price
        ):  # fmt: skip
            assert math.isfinite(value)
            assert value >= 0
        assert told.first_token_s <= told.first_token_p95_s
        assert told.first_token_s <= told.completion_s

    @given(jobs, many_offers(), boxes, weathers)
    def test_the_order_of_the_offers_does_not_matter(
        self, job: Job, offers: list[Offer], box: Box, weather: Weather
    ) -> None:
        one, other = (place(job, some, box, weather) for some in (offers, offers[::-1]))
        assert isinstance(one, Nowhere) is isinstance(other, Nowhere)
        if isinstance(one, Placement) and isinstance(other, Placement):
            assert (one.where, one.wake, one.why) == (other.where, other.wake, other.why)

    def test_the_words_compare_the_best_two(self) -> None:
        found = placed(text(), [this_box(), host()])
        assert found.why == "tower: answers in 0.7 s, this box in 14 s"
        assert found.runner_up is not None
        assert found.runner_up.name == "lares"

    def test_what_is_computed_already_counts(self) -> None:
        long = replace(text(tokens=5), prompt_tokens=3000)
        slow = host("nas", decode_s=0.02)
        assert placed(long, [slow, host()]).where == "tower"
        assert placed(long, [replace(slow, cached_tokens=2990), host()]).where == "nas"

    def test_a_queue_counts(self) -> None:
        full = replace(host(), running=4, waiting=30)
        assert placed(text(), [full, host("nas", decode_s=0.03)]).where == "nas"
        assert placed(text(), [replace(full, waiting=0, running=3), host("nas", 0.03)]).where == (
            "tower"
        )

    def test_the_round_trip_counts(self) -> None:
        far = replace(host(), round_trip_s=20.0)
        assert placed(text(), [this_box(), far]).where == "lares"

    def test_of_equals_the_box_itself_is_taken_and_then_the_first_by_name(self) -> None:
        alike = [host(), host("nas"), replace(host("zuhause"), local=True)]
        found = placed(text(), alike)
        assert found.runner_up is not None
        assert (found.where, found.runner_up.name) == ("zuhause", "nas")

    def test_when_nobody_can_each_one_says_why(self) -> None:
        job = replace(text(), tools=True, grammars=frozenset({"lark"}), prompt_tokens=5000)
        offers = [
            replace(this_box(), context=4096),
            replace(host("a"), tools=False, grammars=frozenset({"lark"})),
            host("b"),
            replace(host("c"), excluded="it broke off; tried again in 4 s"),
            replace(host("d"), jobs=frozenset({JobKind.EMBED})),
        ]
        found = place(job, offers, ANYTHING)
        assert isinstance(found, Nowhere)
        assert found.why == (
            "lares: its context holds 4096 tokens, 5050 are needed; a: it cannot call tools; "
            "b: it cannot hold an answer to a grammar (lark); "
            "c: it broke off; tried again in 4 s; d: it does not do that kind of work"
        )

    def test_an_answer_that_has_begun_goes_only_where_it_can_go_on(self) -> None:
        begun = replace(text(), resume=True)
        other = replace(host("nas"), resumes=False)
        assert placed(begun, [this_box(), other]).where == "lares"
        exact = replace(begun, same_model=True)
        another = replace(host(), same_model=False)
        assert placed(exact, [this_box(), another]).excluded[0].why == "it has another model"

    def test_without_any_engine_there_is_a_word_for_it(self) -> None:
        assert place(text(), [], ANYTHING) == Nowhere("there is no engine for it")


class TestPolicies:
    def test_greenest_takes_the_least_energy_that_keeps_the_deadline(self) -> None:
        job = text(preferring(Policy.GREENEST), seconds_left=60)
        found = placed(job, [this_box(), host()])
        assert (found.where, found.reason) == ("lares", Reason.GREENEST)
        assert found.why == "this box: takes 111 J in 14 s, tower 172 J"

    def test_greenest_is_not_late_for_it(self) -> None:
        job = text(preferring(Policy.GREENEST), seconds_left=10)
        found = placed(job, [this_box(), host()])
        assert found.where == "tower"
        assert found.why == "tower: takes 172 J in 0.7 s, this box 111 J, but late (14 s)"

    def test_greenest_is_the_fastest_where_nobody_keeps_the_deadline(self) -> None:
        job = text(preferring(Policy.GREENEST), seconds_left=0.1)
        found = placed(job, [this_box(), host()])
        assert (found.where, found.reason) == ("tower", Reason.DEADLINE)

    def test_local_first_stays_here_as_long_as_it_is_in_time(self) -> None:
        job = text(preferring(Policy.LOCAL_FIRST), seconds_left=60)
        assert placed(job, [this_box(), host()]).where == "lares"
        found = placed(replace(job, seconds_left=10), [this_box(), host("nas", 0.02), host()])
        assert (found.where, found.reason) == ("tower", Reason.DEADLINE)
        assert found.why == "tower: answers in 0.7 s, this box in 14 s; there are 10 s"

    def test_local_first_goes_to_a_host_for_what_the_box_cannot(self) -> None:
        job = replace(text(preferring(Policy.LOCAL_FIRST)), kind=JobKind.IMAGE)
        painter = replace(host(), jobs=ALL)
        found = placed(job, [this_box(), painter])
        assert (found.where, found.reason) == ("tower", Reason.ONLY)

    def test_host_first_goes_to_a_host_that_is_slower_and_in_time(self) -> None:
        job = text(preferring(Policy.HOST_FIRST), seconds_left=60)
        slow = host("nas", decode_s=0.5)
        assert placed(job, [this_box(), slow]).where == "nas"
        assert placed(replace(job, seconds_left=20), [this_box(), slow]).where == "lares"

    def test_a_request_has_its_own_policy(self) -> None:
        box = Box(policy=Policy.LOCAL_FIRST)
        assert placed(text(), [this_box(), host()], box).where == "lares"
        assert placed(text(preferring(Policy.FASTEST)), [this_box(), host()], box).where == "tower"


class TestSleepers:
    def test_the_box_answers_at_once_and_a_host_is_woken_that_will_take_over(self) -> None:
        job = text(tokens=500, seconds_left=300)
        found = placed(job, [this_box(), host(wake_s=20.0)])
        assert (found.where, found.wake, found.reason) == ("lares", "tower", Reason.AWAKE)
        assert found.why == (
            "this box: answers in 104 s, tower in 25 s; tower is woken and may take over in 20 s"
        )
        assert found.runner_up is None  # nobody hedges to who sleeps

    def test_nobody_is_woken_for_what_is_done_by_then(self) -> None:
        assert placed(text(tokens=20), [this_box(), host(wake_s=20.0)]).wake == ""
        assert placed(text(tokens=110), [this_box(), host(wake_s=20.0)]).wake == ""

    def test_of_two_sleepers_the_one_that_ends_sooner_is_woken(self) -> None:
        offers = [this_box(), host("nas", wake_s=60.0), host(wake_s=20.0)]
        assert placed(text(tokens=500, seconds_left=300), offers).wake == "tower"

    def test_one_is_woken_and_waited_for_where_nobody_else_can(self) -> None:
        painter = replace(host(wake_s=30.0), jobs=ALL)
        found = placed(replace(text(), kind=JobKind.IMAGE), [this_box(), painter])
        assert (found.where, found.wake) == ("tower", "tower")
        assert "it is woken, which takes 30 s" in found.why

    def test_one_is_waited_for_where_it_is_sooner_and_the_work_cannot_move(self) -> None:
        work = Job(JobKind.EMBED, prompt_tokens=100_000)
        kinds = frozenset({JobKind.EMBED})
        here = Offer("lares", True, kinds, Speeds.of(latency_s=0.1, prefill_s=0.01))
        there = Offer("tower", False, kinds, Speeds.of(latency_s=0.1, prefill_s=1e-4), wake_s=60.0)
        assert placed(work, [here, there]).where == "tower"
        assert placed(replace(work, prompt_tokens=1000), [here, there]).wake == ""

    def test_local_first_wakes_only_for_the_deadline(self) -> None:
        job = text(preferring(Policy.LOCAL_FIRST), tokens=500, seconds_left=300)
        offers = [this_box(), host(wake_s=20.0)]
        assert placed(job, offers).wake == ""
        assert placed(replace(job, seconds_left=60), offers).wake == "tower"

    def test_greenest_does_not_compute_twice(self) -> None:
        job = text(preferring(Policy.GREENEST), tokens=500, seconds_left=300)
        assert placed(job, [this_box(), host(wake_s=20.0)]).wake == ""
        frugal = replace(host(wake_s=20.0), watts=5.0)
        found = placed(job, [this_box(), frugal])
        assert (found.where, found.wake) == ("tower", "tower")


class TestHeat:
    def test_what_nobody_waits_for_leaves_a_hot_box(self) -> None:
        job = replace(text(preferring(Policy.LOCAL_FIRST)), priority=Priority.BACKGROUND)
        found = placed(job, [this_box(), host()], weather=HOT)
        assert (found.where, found.reason) == ("tower", Reason.HOT)
        assert found.excluded[0].why == "this box is hot"

    @pytest.mark.parametrize("priority", [Priority.VOICE, Priority.INTERACTIVE])
    def test_what_a_person_waits_for_stays(self, priority: Priority) -> None:
        job = replace(text(preferring(Policy.LOCAL_FIRST)), priority=priority)
        assert placed(job, [this_box(), host()], weather=HOT).where == "lares"

    def test_a_hot_box_does_what_no_host_may_or_can(self) -> None:
        background = replace(text(), priority=Priority.BACKGROUND)
        assert placed(background, [this_box()], weather=HOT).where == "lares"
        private = replace(background, routing=PRIVATE)
        assert placed(private, [this_box(), host()], weather=HOT).where == "lares"

    def test_a_hot_box_does_what_a_host_would_be_late_for(self) -> None:
        job = replace(text(), priority=Priority.AUTOMATION)
        late = host(decode_s=5.0)
        assert placed(job, [this_box(), late], weather=HOT).where == "lares"

    def test_heat_slows_the_box_and_nobody_else(self) -> None:
        cool = forecast(text(), this_box()).completion_s
        assert forecast(text(), this_box(), HOT).completion_s == pytest.approx(2 * cool)
        assert forecast(text(), host(), HOT) == forecast(text(), host())
