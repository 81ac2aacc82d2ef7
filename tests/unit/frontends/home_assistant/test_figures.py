"""The numbers of a box: what they count, and that noise is no news."""

from __future__ import annotations

import pytest

from laresd.frontends.home_assistant.announcement import SOURCES, Energy
from laresd.frontends.home_assistant.figures import (
    DAY_S,
    Figures,
    Vitals,
    latency_ms,
    source_of,
    woken_in_vain,
)
from laresd.generation import LOCAL
from laresd.types import Reply, ReplyKind, Span, Turn


def reply(by: str, where: str = "") -> Reply:
    detail = {"where": where} if where else {}
    span = Span("understand", 0.0, 1.0, detail)
    return Reply("1", ReplyKind.DONE, "Done.", by, spans=(span,))


def turn(*spans: Span) -> Turn:
    return Turn("1", "microphone", "done", spans=spans)


@pytest.mark.parametrize(
    ("answered", "source"),
    [
        (reply("grammar"), "grammar"),
        (reply("loose"), "loose"),
        (reply("llm", LOCAL), "llm"),
        (reply("llm"), "llm"),
        (reply("llm", "tower"), "host"),
        (reply("routine"), "other"),
        (reply(""), "nobody"),
    ],
)
def test_each_answer_is_counted_where_it_is_from(answered: Reply, source: str) -> None:
    assert source_of(answered) == source
    figures = Figures(Energy.ESTIMATED, 8.0)
    figures.replied(answered)
    counted = {name: figures.form()[f"answers_{name}"] for name in SOURCES}
    assert counted == {name: int(name == source) for name in SOURCES}


def test_the_latency_is_from_the_end_of_speech_to_the_first_sound() -> None:
    heard = turn(Span("endpoint", 10.0, 10.7), Span("speak", 11.25, 13.0))
    assert latency_ms(heard) == pytest.approx(1250)
    figures = Figures(Energy.ESTIMATED, 8.0)
    figures.turn(heard)
    figures.turn(turn(Span("endpoint", 20.0, 20.7)))  # nothing was said to it
    assert figures.form()["latency_ms"] == 1250


def test_nothing_is_known_before_it_happened() -> None:
    form = Figures(Energy.ESTIMATED, 8.0).form()
    assert form["latency_ms"] is form["celsius"] is form["watts"] is form["tokens_per_second"]
    assert form["latency_ms"] is None
    assert (form["kwh"], form["model"]) == (0.0, "none")


def test_power_is_the_mean_since_the_last_look_and_energy_the_sum() -> None:
    figures = Figures(Energy.MEASURED, 8.0)
    figures.machine(Vitals(joules=5_000.0), 100.0)
    figures.machine(Vitals(joules=5_100.0), 110.0)
    assert (figures.form()["watts"], figures.form()["kwh"]) == (10.0, round(100 / 3.6e6, 6))
    figures.machine(Vitals(joules=5_100.0), 120.0)
    assert (figures.form()["watts"], figures.form()["kwh"]) == (0.0, round(100 / 3.6e6, 6))


def test_it_says_whether_the_energy_was_measured() -> None:
    assert "measured" in str(Figures(Energy.MEASURED, 8.0).form()["energy_how"])
    assert "8 W" in str(Figures(Energy.ESTIMATED, 8.0).form()["energy_how"])


def test_the_temperature_is_told_by_half_degrees() -> None:
    figures = Figures(Energy.ESTIMATED, 8.0)
    figures.machine(Vitals(celsius=48.31), 1.0)
    before = figures.form()
    figures.machine(Vitals(celsius=48.6), 11.0)
    assert figures.form()["celsius"] == before["celsius"] == 48.5


def test_throttling_is_told_in_words_now_and_since_the_start() -> None:
    figures = Figures(Energy.ESTIMATED, 8.0)
    figures.machine(Vitals(throttled=0x50005), 1.0)
    form = figures.form()
    assert form["throttled_now"] == ["under-voltage", "throttled"]
    assert form["throttled_since_boot"] == ["under-voltage", "throttled"]
    figures.machine(Vitals(throttled=0x50000), 2.0)
    assert figures.form()["throttled_now"] == []
    assert figures.form()["throttled_since_boot"] == ["under-voltage", "throttled"]


@pytest.mark.parametrize(
    ("ended", "in_vain"),
    [
        (Turn("1", "microphone", "no_speech", wake_word="okay_nabu"), True),
        (Turn("1", "microphone", "nothing_heard", wake_word="okay_nabu"), True),
        (Turn("1", "microphone", "not_addressed", wake_word="okay_nabu"), True),
        (Turn("1", "microphone", "done", wake_word="okay_nabu", reply=reply("grammar")), False),
        (
            Turn(
                "1",
                "microphone",
                "done",
                wake_word="okay_nabu",
                reply=Reply("1", ReplyKind.NOT_UNDERSTOOD, "?"),
            ),
            True,
        ),
        (Turn("1", "microphone", "interrupted", wake_word="okay_nabu"), False),
        (Turn("1", "microphone", "cancelled", wake_word="okay_nabu"), False),
        (Turn("1", "microphone", "no_speech", wake_word="request"), False),
        (Turn("1", "microphone", "not_addressed"), False),
    ],
)
def test_it_was_woken_in_vain_when_nothing_came_of_a_wake_word(ended: Turn, in_vain: bool) -> None:
    assert woken_in_vain(ended) is in_vain


def test_false_wakes_are_those_of_the_last_day() -> None:
    figures = Figures(Energy.ESTIMATED, 8.0)
    vain = Turn("1", "microphone", "no_speech", wake_word="okay_nabu")
    figures.machine(Vitals(), 1000.0)
    figures.turn(vain)
    figures.rejected()
    figures.machine(Vitals(), 2000.0)
    figures.turn(vain)
    assert (figures.form()["false_wakes"], figures.form()["rejected_wakes"]) == (2, 1)
    figures.machine(Vitals(), 1000.0 + DAY_S)
    assert (figures.form()["false_wakes"], figures.form()["rejected_wakes"]) == (1, 0)
