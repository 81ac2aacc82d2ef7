"""A turn reads as a table of stages; only a device's own report counts as done."""

import dataclasses

from laresd.commands import timeline
from laresd.frontends.forms import turn_form
from laresd.types import (
    Action,
    Command,
    Outcome,
    Publication,
    Reply,
    ReplyKind,
    Span,
    Status,
    Transcript,
    Turn,
)

SENT = Publication("demo/kitchen_light/set", '{"state": "ON"}', 1.5)
ECHO = Publication("demo/kitchen_light", '{"state": "ON"}', 1.6)
DONE = Outcome(Action("light.kitchen", Command.TURN_ON), Status.CONFIRMED, (SENT,), ECHO)
REPLY = Reply(
    "t1", ReplyKind.DONE, "Turned on the kitchen light.", "grammar", "HassTurnOn", (DONE,)
)
TURN = Turn(
    id="t1",
    source="kitchen-light.wav",
    closing="done",
    wake_word="okay_nabu",
    transcript=Transcript("turn on the kitchen light"),
    reply=REPLY,
    spans=(
        Span("endpoint", 0.0, 0.7),
        Span("transcribe", 0.2, 0.25),
        Span("understand", 0.7, 0.71),
        Span("echo", 1.5, 1.6),
        Span("echo", 1.5, 1.52),
    ),
)


def with_outcome(**changes: object) -> Turn:
    outcome = dataclasses.replace(DONE, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(TURN, reply=dataclasses.replace(REPLY, outcomes=(outcome,)))


def test_every_stage_has_its_line_with_what_happened() -> None:
    told = "\n".join(timeline.lines(turn_form(TURN)))
    for part in (
        "kitchen-light.wav",
        "okay_nabu",
        "“turn on the kitchen light”",
        "grammar: HassTurnOn",
        'demo/kitchen_light/set {"state": "ON"}',
        'confirmed: demo/kitchen_light {"state": "ON"}',
        "“Turned on the kitchen light.”",
    ):
        assert part in told


def test_a_stage_that_happened_several_times_shows_the_longest() -> None:
    echo = next(line for line in timeline.lines(turn_form(TURN)) if line.startswith("  echo"))
    assert echo.endswith("100 ms")


def test_a_turn_that_came_to_nothing_says_why() -> None:
    turn = Turn(id="t2", source="noise.wav", closing="nothing_heard", reason="no words were heard")
    assert list(timeline.lines(turn_form(turn))) == [
        "heard from noise.wav",
        "  ended       nothing_heard: no words were heard",
    ]


def test_confirmed_means_that_every_device_reported_the_new_state() -> None:
    assert timeline.confirmed(turn_form(TURN))
    assert not timeline.confirmed(turn_form(with_outcome(status=Status.NO_ANSWER, echo=None)))
    assert not timeline.confirmed(turn_form(with_outcome(status=Status.ALREADY)))


def test_a_turn_without_actions_is_not_confirmed() -> None:
    assert not timeline.confirmed(turn_form(dataclasses.replace(TURN, reply=None)))
