"""The circuit breaker: who failed is left alone for a while, and then tried by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.scheduler.breaker import (
    FORGET_S,
    LONGEST_S,
    PROBE_S,
    STEADY_S,
    Breaker,
    Fault,
    Phase,
)


def opened(now: float = 100.0, fault: Fault = Fault.HUNG) -> Breaker:
    return Breaker().failed(fault, "it hung", now)


class TestOpening:
    def test_one_break_is_forgiven_and_the_second_in_a_row_is_not(self) -> None:
        once = Breaker().failed(Fault.BROKE, "reset", 10.0)
        assert once.takes_jobs(10.0)
        twice = once.failed(Fault.BROKE, "reset again", 20.0)
        assert twice.phase(20.0) is Phase.OPEN
        assert twice.why(20.0) == "reset again; tried again in 2 s"

    def test_a_success_between_them_begins_a_new_row(self) -> None:
        breaker = Breaker().failed(Fault.BROKE, "reset", 10.0).succeeded(15.0)
        assert breaker.failed(Fault.BROKE, "reset", 20.0).takes_jobs(20.0)

    def test_so_does_a_long_time(self) -> None:
        breaker = Breaker().failed(Fault.BROKE, "reset", 10.0)
        assert breaker.failed(Fault.BROKE, "reset", 11.0 + FORGET_S).takes_jobs(11.0 + FORGET_S)

    @pytest.mark.parametrize("fault", [Fault.HUNG, Fault.STRANGE])
    def test_a_hang_or_a_wrong_certificate_is_enough(self, fault: Fault) -> None:
        assert not opened(fault=fault).takes_jobs(100.0)

    def test_a_wrong_certificate_is_left_alone_for_longer(self) -> None:
        assert opened(fault=Fault.STRANGE).phase(150.0) is Phase.OPEN
        assert opened(fault=Fault.HUNG).phase(150.0) is Phase.HALF_OPEN

    def test_streams_that_break_together_are_one_failure(self) -> None:
        breaker = opened()
        for _ in range(10):
            breaker = breaker.failed(Fault.HUNG, "another one", 100.5)
        assert breaker == opened()

    def test_a_job_that_ends_well_while_it_is_open_does_not_close_it(self) -> None:
        assert opened().succeeded(101.0).phase(101.0) is Phase.OPEN


class TestHalfOpen:
    def test_it_takes_one_probe_and_no_job(self) -> None:
        breaker, now = opened(), 105.0
        assert breaker.phase(now) is Phase.HALF_OPEN
        assert not breaker.takes_jobs(now)
        assert breaker.why(now) == "it hung; to be tried before it gets work again"
        assert breaker.takes_probe(now)
        assert not breaker.probed(now).takes_probe(now + 1)

    def test_a_probe_that_is_never_heard_of_makes_way_for_another(self) -> None:
        assert opened().probed(105.0).takes_probe(105.0 + PROBE_S)

    def test_a_good_probe_closes_it(self) -> None:
        breaker = opened().probed(105.0).succeeded(106.0)
        assert breaker.takes_jobs(106.0)
        assert breaker.why(106.0) == ""

    def test_a_bad_one_opens_it_for_twice_as_long(self) -> None:
        breaker = opened().probed(105.0).failed(Fault.HUNG, "still", 106.0)
        assert breaker.phase(115.9) is Phase.OPEN
        assert breaker.phase(116.0) is Phase.HALF_OPEN
        assert breaker.takes_probe(116.0)

    def test_no_probe_is_taken_while_it_is_open(self) -> None:
        assert not opened().takes_probe(101.0)
        assert opened().probed(101.0) == opened()


class TestBackoff:
    def test_it_grows_to_its_bound_and_not_beyond(self) -> None:
        breaker, now, waits = Breaker(), 0.0, []
        for _ in range(12):
            breaker = breaker.failed(Fault.HUNG, "it hung", now)
            assert breaker.until is not None
            waits.append(breaker.until - now)
            now = breaker.until
        assert waits[:4] == [5.0, 10.0, 20.0, 40.0]
        assert waits[-1] == LONGEST_S

    def test_one_that_falls_again_soon_waits_longer(self) -> None:
        again = opened().succeeded(106.0).failed(Fault.HUNG, "it hung", 110.0)
        assert again.until == 120.0

    def test_one_that_was_steady_begins_anew(self) -> None:
        later = 106.0 + STEADY_S
        assert opened().succeeded(106.0).failed(Fault.HUNG, "it hung", later).until == later + 5.0

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["probe", "good", *Fault]), st.floats(0, 400, allow_nan=False)
            ),
            max_size=60,
        )
    )
    def test_in_any_history_an_open_one_takes_nothing_and_opens_again_in_bounded_time(
        self, history: list[tuple[str, float]]
    ) -> None:
        breaker, now = Breaker(), 0.0
        for what, passed in history:
            now += passed
            if what == "probe":
                breaker = breaker.probed(now)
            elif what == "good":
                breaker = breaker.succeeded(now)
            else:
                breaker = breaker.failed(Fault(what), "it failed", now)
            if breaker.phase(now) is Phase.OPEN:
                assert not breaker.takes_jobs(now)
                assert not breaker.takes_probe(now)
                assert breaker.why(now)
            assert breaker.phase(now + LONGEST_S) is not Phase.OPEN
            assert breaker.takes_probe(now + LONGEST_S + PROBE_S)
