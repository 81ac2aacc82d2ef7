"""How the bench counts: errors of forecasts, random offers, marks on a wire."""

from __future__ import annotations

import argparse
import random
from collections import Counter
from dataclasses import replace

import pytest

from laresd.core.scheduler.offers import Box
from laresd.core.scheduler.placement import Placement, place
from tests.bench.measures import names_among
from tests.bench.sched.__main__ import MEASURES
from tests.bench.sched.decision import HOSTS, random_job, random_offers
from tests.bench.sched.forecast import CALLERS, Ran, Timed, error, errors, rows
from tests.bench.sched.privacy import JOBS, Why, forms, marked, seen

JOB = Timed("chat", "tower", 2.0, 2.4, 2.5, 1.0, 0.5, 0, cut=False)


def test_an_error_is_a_share_of_what_it_took_whether_it_was_more_or_less() -> None:
    assert error(1.5, 1.0) == error(0.5, 1.0) == pytest.approx(0.5)


def test_the_row_of_forecasts_has_the_median_in_percent_and_its_parts() -> None:
    timed = [replace(JOB, took_s=took) for took in (1.0, 2.0, 2.5)]
    assert errors(timed) == pytest.approx([1.0, 0.0, 0.2])
    (row,) = rows(timed, "0 hedged")
    assert row.value == 20.0
    assert "p90 100.0 %" in row.note
    assert "tower 20.0 % (3)" in row.note
    assert "of the first token alone 100.0 %" in row.note
    assert "beside others" not in row.note, "there were none"


def test_the_share_of_waiting_is_of_the_time_in_which_there_was_something_to_do() -> None:
    assert Ran(4.0, 1.0).waited_share_since(Ran(1.0, 0.0)) == pytest.approx(0.25)
    assert Ran(1.0, 1.0).waited_share_since(Ran(1.0, 1.0)) == 0.0


def test_callers_of_the_forecast_make_up_a_whole() -> None:
    assert sum(caller.share for caller in CALLERS) == pytest.approx(1.0)


def test_random_jobs_go_to_all_kinds_of_places() -> None:
    rng = random.Random(1)
    found = [place(random_job(rng), random_offers(rng), Box()) for _ in range(400)]
    where = Counter(each.where for each in found if isinstance(each, Placement))
    assert {"this box", *HOSTS} <= set(where)


def test_half_of_the_marked_jobs_are_public_and_each_mark_is_its_own() -> None:
    jobs = marked(JOBS, random.Random(6))
    assert Counter(job.why for job in jobs) == {Why.PUBLIC: 150, Why.HEADER: 75, Why.BOX: 75}
    assert len({job.mark for job in jobs}) == JOBS
    reach = {job.headers["X-Lares-Reach"] for job in jobs if job.why is Why.HEADER}
    assert reach == {"device"}
    assert jobs == marked(JOBS, random.Random(6))


def test_a_mark_is_found_as_text_and_as_tokens_and_only_where_it_is() -> None:
    tokens = [*b"Who is mark12"]
    assert seen("mark12", [b"...", b'{"content": "Who is mark12?"}'])
    assert seen("mark12", [f'{{"prompt": {tokens}}}'.encode()])
    assert seen("mark12", [str(tokens).replace(" ", "").encode()])
    assert not seen("mark13", [b"mark1", b"3", str(tokens).encode()])
    assert len(set(forms("mark12"))) == 3


def test_an_unknown_measurement_is_named() -> None:
    chosen = names_among(MEASURES)
    assert chosen("decision,privacy") == ["decision", "privacy"]
    with pytest.raises(argparse.ArgumentTypeError, match="speed is none of"):
        chosen("speed")
