"""What the box says about timers."""

from __future__ import annotations

import itertools

import pytest

from laresd.core.timer_words import announcement, duration, sentence
from laresd.timing import TimerOutcome, TimerResult, TimerVerb, TimerView

TEA = TimerView(1, "tea", 240.0, 61.0, paused=False)
FIVE = TimerView(2, "", 300.0, 300.0, paused=False)
EGGS = TimerView(3, "egg", 420.0, 30.4, paused=True)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 second"),
        (59.6, "1 minute"),
        (90.0, "1 minute and 30 seconds"),
        (754.0, "13 minutes"),
        (5400.0, "1 hour and 30 minutes"),
        (86400.0 + 7200 + 60, "1 day and 2 hours"),
    ],
)
def test_a_length_is_said_in_at_most_two_units(seconds: float, said: str) -> None:
    assert duration(seconds, "en") == said


@pytest.mark.parametrize(
    ("verb", "outcome", "timers", "said"),
    [
        (TimerVerb.START, TimerOutcome.STARTED, (TEA,), "Tea timer set for 4 minutes."),
        (TimerVerb.START, TimerOutcome.STARTED, (FIVE,), "Timer set for 5 minutes."),
        (
            TimerVerb.STATUS,
            TimerOutcome.STATUS,
            (TEA, EGGS),
            "1 minute and 1 second left on the tea timer. "
            "The egg timer is paused with 30 seconds left.",
        ),
        (
            TimerVerb.CANCEL,
            TimerOutcome.WHICH,
            (TEA, EGGS, FIVE),
            "Which one: the tea timer, the egg timer or the 5 minute timer?",
        ),
        (TimerVerb.CANCEL_ALL, TimerOutcome.CANCELLED, (TEA, EGGS), "2 timers cancelled."),
        (TimerVerb.PAUSE, TimerOutcome.ALREADY, (EGGS,), "The egg timer is paused already."),
        (TimerVerb.START, TimerOutcome.NO_DURATION, (), "For how long?"),
        (TimerVerb.INCREASE, TimerOutcome.NO_DURATION, (TEA,), "By how much?"),
        (TimerVerb.START, TimerOutcome.TOO_LONG, (), "A timer can run for 7 days at most."),
    ],
)
def test_replies(
    verb: TimerVerb, outcome: TimerOutcome, timers: tuple[TimerView, ...], said: str
) -> None:
    assert sentence(TimerResult(verb, outcome, timers), "en") == said


@pytest.mark.parametrize("language", ["en", "de", "zh-CN", "zh_CN", "fr"])
@pytest.mark.parametrize("timers", [(), (TEA,), (FIVE, EGGS, TEA)])
def test_every_outcome_has_words_in_every_language(
    timers: tuple[TimerView, ...], language: str
) -> None:
    for verb, outcome in itertools.product(TimerVerb, TimerOutcome):
        if outcome is TimerOutcome.STATUS and not timers:
            continue
        said = sentence(TimerResult(verb, outcome, timers), language)
        assert said
        assert "{" not in said


def test_german_and_chinese_say_it_their_own_way() -> None:
    started = TimerResult(TimerVerb.START, TimerOutcome.STARTED, (FIVE,))
    assert sentence(started, "de") == "Timer auf 5 Minuten gestellt."
    assert sentence(started, "zh-CN") == "计时器已设为5分钟。"


@pytest.mark.parametrize(
    ("late", "was_off", "said"),
    [
        (0.5, False, "Your tea timer is done."),
        (180.0, False, "Your tea timer ended 3 minutes ago."),
        (180.0, True, "Your tea timer ended 3 minutes ago, while I was off."),
        (None, True, "Your tea timer ended while I was off."),
    ],
)
def test_an_end_is_announced_with_how_late_it_is(
    late: float | None, was_off: bool, said: str
) -> None:
    assert announcement(TEA, late, "en", was_off=was_off) == said
