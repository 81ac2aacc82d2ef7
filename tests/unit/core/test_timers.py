"""What a timer command means for the timers there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.timers import (
    MAX_SECONDS,
    MAX_TIMERS,
    Timer,
    clock_was_set,
    command_of,
    decide,
    inherit,
    own,
)
from laresd.timing import TimerCommand, TimerOutcome, TimerRecord, TimerVerb
from laresd.types import Recognition

NOW = 1_790_000_000.0
START, PAUSE, RESUME = TimerVerb.START, TimerVerb.PAUSE, TimerVerb.RESUME
CANCEL, CANCEL_ALL = TimerVerb.CANCEL, TimerVerb.CANCEL_ALL
INCREASE, DECREASE, STATUS = TimerVerb.INCREASE, TimerVerb.DECREASE, TimerVerb.STATUS


def running(
    number: int, name: str = "", *, of: float = 300.0, left: float = 100.0, area: str | None = None
) -> Timer:
    return own(TimerRecord(number, name, of, NOW + left, None, area))


def paused(number: int, name: str = "", *, of: float = 300.0, left: float = 100.0) -> Timer:
    return own(TimerRecord(number, name, of, None, left))


TEA = running(1, "tea", of=240.0, left=60.0)
PIZZA = running(2, "Pizza Oven", of=900.0, left=600.0)
PLAIN = running(3, of=300.0, left=100.0, area="kitchen")
ALL = (TEA, PIZZA, PLAIN)


@pytest.mark.parametrize(
    ("intent", "slots", "command"),
    [
        ("HassStartTimer", {"minutes": 5}, TimerCommand(START, 300.0, area="study")),
        (
            "HassStartTimer",
            {"hours": 1, "minutes": 30, "seconds": 5, "name": " tea "},
            TimerCommand(START, 5405.0, "tea", area="study"),
        ),
        ("HassPauseTimer", {}, TimerCommand(PAUSE)),
        ("HassUnpauseTimer", {"name": "tea"}, TimerCommand(RESUME, name="tea")),
        ("HassCancelTimer", {"start_minutes": 5}, TimerCommand(CANCEL, asked=300.0)),
        ("HassCancelAllTimers", {"area": "kitchen"}, TimerCommand(CANCEL_ALL, area="kitchen")),
        (
            "HassIncreaseTimer",
            {"minutes": 2, "start_hours": 1},
            TimerCommand(INCREASE, 120.0, asked=3600.0),
        ),
        ("HassDecreaseTimer", {"seconds": 30}, TimerCommand(DECREASE, 30.0)),
        ("HassTimerStatus", {}, TimerCommand(STATUS)),
    ],
)
def test_a_recognised_sentence_becomes_a_command(
    intent: str, slots: dict[str, str | int], command: TimerCommand
) -> None:
    assert command_of(Recognition(intent, slots), area="study") == command


def test_other_intents_are_no_timer_command() -> None:
    assert command_of(Recognition("HassTurnOn", {"name": "tea"})) is None


def test_a_timer_starts() -> None:
    decision = decide(TimerCommand(START, 300.0, " my   tea ", area="study"), (), NOW)
    assert decision.result.outcome is TimerOutcome.STARTED
    assert decision.saves == (TimerRecord(0, "my tea", 300.0, NOW + 300.0, None, "study"),)
    assert decision.result.timers[0].remaining == 300.0


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [
        (0.0, TimerOutcome.NO_DURATION),
        (-5.0, TimerOutcome.NO_DURATION),
        (MAX_SECONDS + 1, TimerOutcome.TOO_LONG),
    ],
)
def test_a_length_that_makes_no_sense_starts_nothing(seconds: float, outcome: TimerOutcome) -> None:
    decision = decide(TimerCommand(START, seconds), (), NOW)
    assert decision.result.outcome is outcome
    assert not decision.saves


def test_there_is_a_limit_to_how_many_run() -> None:
    full = [running(number) for number in range(MAX_TIMERS)]
    decision = decide(TimerCommand(START, 60.0), full, NOW)
    assert decision.result.outcome is TimerOutcome.TOO_MANY
    assert not decision.saves


@pytest.mark.parametrize("verb", [PAUSE, RESUME, CANCEL, CANCEL_ALL, INCREASE, DECREASE, STATUS])
def test_without_timers_there_is_nothing_to_do(verb: TimerVerb) -> None:
    assert decide(TimerCommand(verb, 60.0), (), NOW).result.outcome is TimerOutcome.NONE


def test_pause_keeps_what_is_left_and_resume_goes_on_from_there() -> None:
    decision = decide(TimerCommand(PAUSE), [TEA], NOW)
    (record,) = decision.saves
    assert (record.id, record.ends_at, record.remaining) == (1, None, 60.0)
    later = decide(TimerCommand(RESUME), [own(record)], NOW + 1000)
    assert later.result.outcome is TimerOutcome.RESUMED
    assert later.saves[0].ends_at == NOW + 1060


def test_pausing_what_is_paused_changes_nothing() -> None:
    for verb, timer in ((PAUSE, paused(1)), (RESUME, running(1))):
        decision = decide(TimerCommand(verb), [timer], NOW)
        assert decision.result.outcome is TimerOutcome.ALREADY
        assert not decision.saves


def test_resume_means_the_paused_one_and_pause_the_running_one() -> None:
    both = [TEA, paused(9, "eggs")]
    assert decide(TimerCommand(RESUME), both, NOW).saves[0].id == 9
    assert decide(TimerCommand(PAUSE), both, NOW).saves[0].id == 1


def test_time_is_added_and_taken_off() -> None:
    more = decide(TimerCommand(INCREASE, 120.0), [TEA], NOW)
    assert more.saves[0].ends_at == NOW + 180.0
    assert more.saves[0].duration == 240.0  # it stays "the four minute timer"
    assert more.saves[0].extended == 120.0
    less = decide(TimerCommand(DECREASE, 30.0), [paused(5)], NOW)
    assert less.saves[0].remaining == 70.0


def test_more_than_is_left_is_not_taken_off() -> None:
    decision = decide(TimerCommand(DECREASE, 60.0), [TEA], NOW)
    assert decision.result.outcome is TimerOutcome.TOO_SHORT
    assert not decision.saves


def test_without_an_amount_nothing_is_changed() -> None:
    decision = decide(TimerCommand(INCREASE), [TEA], NOW)
    assert decision.result.outcome is TimerOutcome.NO_DURATION


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (TimerCommand(CANCEL, name="TEA"), 1),
        (TimerCommand(CANCEL, name="pizza"), 2),
        (TimerCommand(CANCEL, asked=300.0), 3),
        (TimerCommand(CANCEL, area="Kitchen"), 3),
        (TimerCommand(CANCEL, name="tea", asked=240.0), 1),
        (TimerCommand(CANCEL, area="tea"), 1),  # a room's word can be a timer's name
    ],
)
def test_a_timer_is_found_by_name_length_or_room(command: TimerCommand, found: int) -> None:
    decision = decide(command, ALL, NOW)
    assert decision.result.outcome is TimerOutcome.CANCELLED
    assert decision.deletes == (found,)


def test_the_exact_name_wins_over_a_longer_one() -> None:
    both = [TEA, running(7, "iced tea")]
    assert decide(TimerCommand(CANCEL, name="tea"), both, NOW).deletes == (1,)


def test_what_fits_nothing_is_not_guessed() -> None:
    decision = decide(TimerCommand(CANCEL, name="coffee"), [TEA], NOW)
    assert decision.result.outcome is TimerOutcome.NOT_FOUND
    assert [view.name for view in decision.result.timers] == ["tea"]
    assert not decision.deletes


@pytest.mark.parametrize("verb", [PAUSE, CANCEL, INCREASE, DECREASE])
def test_what_fits_several_is_asked_back(verb: TimerVerb) -> None:
    decision = decide(TimerCommand(verb, 10.0), ALL, NOW)
    assert decision.result.outcome is TimerOutcome.WHICH
    assert [view.id for view in decision.result.timers] == [1, 3, 2]  # soonest first
    assert not decision.saves
    assert not decision.deletes


def test_status_tells_all_or_those_asked_about() -> None:
    assert len(decide(TimerCommand(STATUS), ALL, NOW).result.timers) == 3
    (view,) = decide(TimerCommand(STATUS, name="tea"), ALL, NOW).result.timers
    assert (view.name, view.remaining, view.paused) == ("tea", 60.0, False)


def test_cancel_all_means_all_or_those_of_a_room() -> None:
    assert decide(TimerCommand(CANCEL_ALL), ALL, NOW).deletes == (1, 2, 3)
    assert decide(TimerCommand(CANCEL_ALL, area="kitchen"), ALL, NOW).deletes == (3,)


def test_a_clock_that_is_set_does_not_change_how_long_a_new_timer_takes() -> None:
    (moved,) = clock_was_set([TEA], 3600.0)
    assert moved.remaining(NOW + 3600.0) == TEA.remaining(NOW)
    assert moved.record.ends_at == NOW + 3660.0


def test_a_clock_that_is_set_tells_the_truth_about_a_timer_from_before() -> None:
    """The box woke up an hour behind: the timer seems to be far off, then turns out to be over."""
    asleep = inherit(TimerRecord(1, "tea", 600.0, NOW - 300.0, None), NOW - 3600.0)
    assert asleep.remaining(NOW - 3600.0) == 600.0  # never longer than it was set for
    (awake,) = clock_was_set([asleep], 3600.0)
    assert awake.remaining(NOW) == -300.0


def test_a_paused_timer_does_not_care_about_the_clock() -> None:
    (same,) = clock_was_set([paused(1)], 1e9)
    assert same.record == paused(1).record


COMMANDS = st.builds(
    TimerCommand,
    verb=st.sampled_from(list(TimerVerb)),
    seconds=st.floats(-10, 1e6),
    name=st.sampled_from(["", "tea", "pizza", "oven"]),
    asked=st.sampled_from([None, 300.0]),
    area=st.sampled_from([None, "kitchen"]),
)
TIMERS = st.lists(st.sampled_from([TEA, PIZZA, PLAIN, paused(4, "eggs")]), unique=True)


@given(COMMANDS, TIMERS)
def test_a_command_changes_at_most_what_it_names(
    command: TimerCommand, timers: list[Timer]
) -> None:
    decision = decide(command, timers, NOW)
    ids = {timer.record.id for timer in timers}
    assert len(decision.saves) <= 1
    assert len(decision.deletes) <= (len(timers) if command.verb is CANCEL_ALL else 1)
    assert set(decision.deletes) <= ids
    assert {record.id for record in decision.saves} <= ids | {0}
    for record in decision.saves:
        assert (record.ends_at is None) != (record.remaining is None)
        left = own(record).remaining(NOW)
        assert 0 <= left <= MAX_SECONDS
    if not decision.result.done:
        assert not decision.saves
        assert not decision.deletes
