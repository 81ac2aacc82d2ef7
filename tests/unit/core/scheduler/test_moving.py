"""Moving an answer that is computed: only where it pays clearly, never where it must not."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.scheduler.moving import Running, worth_moving
from laresd.core.scheduler.offers import Box, Job, Offer
from laresd.core.scheduler.speeds import Speeds
from laresd.jobs import Policy, Reach, Routing
from tests.unit.core.scheduler.offers import (
    ANYTHING,
    boxes,
    host,
    jobs,
    many_offers,
    offers_of,
    text,
    this_box,
)


class TestMoving:
    @given(jobs, st.floats(0, 1e4), offers_of("lares", local=True), many_offers(), boxes)
    def test_a_private_answer_never_moves_to_a_host(
        self, job: Job, said: float, here: Offer, offers: list[Offer], box: Box
    ) -> None:
        private = replace(job, routing=replace(job.routing, reach=Reach.DEVICE))
        for there in offers:
            moved = worth_moving(Running(private, said, 1e4), here, there, box)
            assert moved is None or there.local

    def running(
        self, *, remaining: float = 200, seconds_left: float = math.inf, said: float = 20
    ) -> Running:
        return Running(text(seconds_left=seconds_left), said, remaining)

    def test_a_long_answer_moves_to_a_host_that_appears(self) -> None:
        move = worth_moving(self.running(), this_box(), host(), ANYTHING)
        assert move is not None
        assert move.why == "tower: done in 2.2 s, this box in 40 s"

    def test_a_short_rest_stays(self) -> None:
        running = self.running(remaining=9)  # 1.8 s
        assert worth_moving(running, this_box(), host(), ANYTHING) is None

    def test_it_stays_where_the_prefill_eats_what_the_speed_saves(self) -> None:
        there = host(decode_s=0.15)
        assert worth_moving(self.running(), this_box(), there, ANYTHING) is None
        slow = replace(host(), speeds=Speeds.of(latency_s=0.1, prefill_s=0.2, decode_s=0.01))
        assert worth_moving(self.running(), this_box(), slow, ANYTHING) is None
        warm = replace(slow, cached_tokens=200)
        assert worth_moving(self.running(), this_box(), warm, ANYTHING) is not None

    def test_a_little_is_enough_when_it_saves_the_deadline(self) -> None:
        there = host(decode_s=0.15)
        running = self.running(seconds_left=35)
        assert worth_moving(running, this_box(), there, ANYTHING) is not None

    def test_local_first_moves_for_the_deadline_only(self) -> None:
        box = Box(policy=Policy.LOCAL_FIRST)
        assert worth_moving(self.running(), this_box(), host(), box) is None
        assert worth_moving(self.running(seconds_left=20), this_box(), host(), box) is not None

    def test_it_moves_only_to_who_is_awake_and_can_go_on(self) -> None:
        for there in (
            host(wake_s=0.0),
            replace(host(), resumes=False),
            replace(host(), excluded="it hung"),
            replace(host(), context=400),
        ):
            assert worth_moving(self.running(), this_box(), there, ANYTHING) is None

    def test_a_prompt_that_is_still_read_counts_as_waiting(self) -> None:
        waiting = Running(text(tokens=5), 0, 5, first_in_s=30.0)
        there = replace(host(), resumes=False)  # nothing has begun
        assert worth_moving(waiting, this_box(), there, ANYTHING) is not None

    def test_the_answer_itself_is_no_load_beside_itself(self) -> None:
        here = replace(this_box(), running=1, slots=4)
        move = worth_moving(self.running(), here, host(), ANYTHING)
        assert move is not None
        assert move.stay_s == pytest.approx(200 * 0.2)

    def test_a_named_host_is_the_only_one_it_moves_to(self) -> None:
        running = Running(text(Routing(hosts=frozenset({"nas"}))), 20, 200)
        assert worth_moving(running, this_box(), host(), ANYTHING) is None
        assert worth_moving(running, this_box(), host("nas"), ANYTHING) is not None
