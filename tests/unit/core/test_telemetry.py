"""The stages of a turn and the line that tells them."""

from __future__ import annotations

from dataclasses import replace

from laresd.core.telemetry import Trace, echo_spans, spoken_line, turn_line
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


class Now:
    def __init__(self) -> None:
        self.at = 10.0

    def __call__(self) -> float:
        return self.at


def test_a_stage_lasts_from_its_beginning_to_its_end() -> None:
    now = Now()
    trace = Trace(now)
    trace.begin("understand")
    now.at = 10.25
    trace.end("understand", {"by": "loose"})
    (span,) = trace.spans
    assert (span.name, span.ms, dict(span.detail)) == ("understand", 250.0, {"by": "loose"})


def test_stages_are_told_in_the_order_they_began() -> None:
    now = Now()
    trace = Trace(now)
    trace.end("late")
    trace.add([Span("early", 1.0, 2.0)])
    assert [span.name for span in trace.spans] == ["early", "late"]


def outcome(echoed: bool) -> Outcome:
    sent = (Publication("t/set", "ON", 5.0),)
    echo = Publication("t/state", "ON", 5.1) if echoed else None
    return Outcome(Action("light.a", Command.TURN_ON), Status.CONFIRMED, sent, echo)


def test_an_echo_lasts_from_the_publication_to_the_device_s_answer() -> None:
    (span,) = echo_spans([outcome(True), outcome(False)])
    assert round(span.ms) == 100
    assert span.detail["entity"] == "light.a"


def test_the_log_line_has_no_spoken_words_and_fits_in_a_line() -> None:
    reply = Reply("7", ReplyKind.DONE, "Turned on the light.", "grammar", "HassTurnOn")
    line = turn_line(reply, "voice", [Span("act", 1.0, 1.5)])
    assert line == "turn=7 source=voice kind=done by=grammar intent=HassTurnOn act_ms=500"


def test_the_line_says_where_the_language_model_computed() -> None:
    spans = (Span("understand", 1.0, 1.5, {"by": "llm", "where": "this box", "why": "private"}),)
    reply = Reply("7", ReplyKind.ANSWER, "Paris.", "llm", spans=spans)
    assert " where=this-box " in turn_line(reply, "voice")
    assert "where" not in turn_line(replace(reply, spans=()), "voice")


def test_a_spoken_turn_has_a_line_with_its_stages_from_the_wake_word_to_the_speech() -> None:
    spans = tuple(
        Span(name, 1.0, 1.1) for name in ("wake", "endpoint", "transcribe", "understand", "speak")
    )
    reply = Reply("7", ReplyKind.DONE, "Turned on the light.", "grammar", "HassTurnOn")
    turn = Turn("7", "microphone", "done", "", "okay_nabu", Transcript("light on"), reply, spans)
    assert spoken_line(turn) == (
        "turn=7 source=microphone kind=done by=grammar intent=HassTurnOn wake_ms=100 "
        "endpoint_ms=100 transcribe_ms=100 understand_ms=100 speak_ms=100 closing=done "
        "wake=okay_nabu"
    )


def test_a_turn_without_an_answer_has_a_line_too_and_never_what_was_said() -> None:
    turn = Turn("7", "my file.wav", "nothing_heard", "it was noise: “light on”", spans=())
    assert spoken_line(turn) == "turn=7 source=my-file.wav closing=nothing_heard"
