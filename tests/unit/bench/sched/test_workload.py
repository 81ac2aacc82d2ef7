"""The requests of a measurement: the same for the same seed, and within what their caller says."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from laresd.types import Priority
from tests.bench.sched.workload import Caller, workload

SHORT = Caller("short", 0.75, Priority.VOICE, 3.0, "Be brief.", (40, 80), (4, 12), 8, "Well?")
LONG = Caller("long", 0.25, Priority.BACKGROUND, 600.0, "Sum up.", (2000, 8000), (60, 300), 512)


def test_the_same_seed_gives_the_same_requests_and_another_one_others() -> None:
    def of(seed: int) -> object:
        return workload([SHORT, LONG], random.Random(seed), jobs=50, per_second=1.0)

    assert of(1) == of(1)
    assert of(1) != of(2)


def test_requests_come_one_after_the_other_at_their_rate() -> None:
    works = workload([SHORT], random.Random(3), jobs=2000, per_second=0.5)
    times = [work.at for work in works]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(4000, rel=0.1)


def test_a_request_is_as_its_caller_says() -> None:
    works = workload([SHORT, LONG], random.Random(4), jobs=1000, per_second=1.0)
    assert Counter(work.caller for work in works)["short"] == pytest.approx(750, abs=60)
    for work in works:
        caller = {"short": SHORT, "long": LONG}[work.caller]
        assert work.generation.priority is caller.priority
        assert work.generation.messages[0].content == caller.head
        assert work.question.endswith(caller.end)
        assert caller.characters[0] <= len(work.question) < caller.characters[1] + 40
        assert caller.answer[0] <= work.tokens <= min(caller.answer[1], caller.max_tokens)


def test_no_two_questions_are_the_same() -> None:
    works = workload([SHORT], random.Random(5), jobs=500, per_second=1.0)
    assert len({work.question for work in works}) == 500
