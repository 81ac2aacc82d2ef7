"""When a worker is started again, and what its users are told meanwhile."""

from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.workers.state import LONGEST_DELAY, Life, Phase
from laresd.errors import Permanent, Temporary

NEW = Life("speech to text")


def deaths(count: int, life: Life = NEW) -> Life:
    for _ in range(count):
        life = life.died(10.0, "was killed by SIGKILL").starting()
    return life


def test_pauses_between_restarts_double() -> None:
    delays = []
    life = NEW
    for _ in range(5):
        life = life.died(10.0, "died")
        delays.append(round(life.retry_at - 10.0, 3))
        life = life.starting()
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2]
    assert life.restarts == 5


@given(st.integers(min_value=0, max_value=5000))
def test_no_pause_is_longer_than_half_a_minute(count: int) -> None:
    life = Life("x", deaths=count).died(0.0, "died")
    assert 0.0 < life.retry_at <= LONGEST_DELAY


def test_a_minute_of_health_forgets_earlier_deaths() -> None:
    life = deaths(6).ready(100.0).died(161.0, "died")
    assert round(life.retry_at - 161.0, 3) == 0.2


def test_a_short_life_does_not() -> None:
    life = deaths(3).ready(100.0).died(130.0, "died")
    assert round(life.retry_at - 130.0, 3) == 1.6


def test_an_end_on_purpose_costs_no_pause_and_counts_for_nothing() -> None:
    life = deaths(3).ready(100.0).died(101.0, "was too slow", on_purpose=True)
    assert (life.retry_at, life.deaths) == (101.0, 3)


def test_a_request_waits_for_a_restart_that_comes_in_time() -> None:
    life = NEW.died(10.0, "died")
    assert life.refusal(10.0, deadline=11.0) is None


def test_a_request_does_not_wait_for_one_that_comes_too_late() -> None:
    life = deaths(7).died(10.0, "was killed by SIGSEGV")
    refusal = life.refusal(10.0, deadline=15.0)
    assert isinstance(refusal, Temporary)
    assert str(refusal) == "speech to text was killed by SIGSEGV; it starts again in 26 s"


def test_what_cannot_be_loaded_refuses_at_once_with_the_reason() -> None:
    life = NEW.failed(Permanent("model.bin is damaged", remedy="lares models pull base"))
    refusal = life.refusal(10.0, deadline=1000.0)
    assert isinstance(refusal, Permanent)
    assert refusal.message == "speech to text cannot be used: model.bin is damaged"
    assert refusal.remedy == "lares models pull base"


def test_a_stopped_worker_refuses() -> None:
    assert isinstance(NEW.ready(1.0).stopped().refusal(2.0, 3.0), Temporary)


def test_starting_and_ready_ones_refuse_nothing() -> None:
    assert NEW.refusal(0.0, 1.0) is None
    assert NEW.ready(0.0).refusal(0.0, 1.0) is None
    assert NEW.ready(0.0).phase is Phase.READY
