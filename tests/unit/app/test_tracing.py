"""Each turn has one line in the log, and counts once, whoever asked."""

from __future__ import annotations

import logging

import pytest

from laresd.app.tracing import Tracing
from laresd.config import Config
from laresd.types import Reply, ReplyKind, Request, Span, Transcript, Turn
from tests.fakes.bus import FakeBus

SPANS = (Span("understand", 2.0, 2.1),)
REPLY = Reply("7", ReplyKind.DONE, "Turned it on.", "grammar", spans=SPANS)
TURN = Turn(
    "7",
    "microphone",
    "done",
    transcript=Transcript("turn on the light"),
    reply=REPLY,
    spans=(Span("endpoint", 1.0, 1.5), *SPANS, Span("speak", 2.2, 3.0)),
)


def request(source: str) -> Request:
    return Request("7", "turn on the light", "en", 99.0, source)


def test_a_spoken_turn_is_told_when_it_is_over_and_not_when_it_was_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracing = Tracing.over(FakeBus(), Config())
    with caplog.at_level(logging.INFO):
        tracing.asked(request("voice"), REPLY)
        assert not caplog.messages and not tracing.stages.rows()
        tracing.spoken(TURN)
    (line,) = caplog.messages
    assert "endpoint_ms=500 understand_ms=100 speak_ms=800 closing=done" in line
    assert "light" not in line
    stages = [row["stage"] for row in tracing.stages.rows()]
    assert stages == ["endpoint", "understand", "speak", "to_sound"]


def test_a_request_that_was_not_spoken_is_told_with_its_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracing = Tracing.over(FakeBus(), Config())
    with caplog.at_level(logging.INFO):
        tracing.asked(request("mqtt"), REPLY)
    assert caplog.messages == [
        "turn=7 source=mqtt kind=done by=grammar intent=none understand_ms=100"
    ]
    assert 'lares_turns_total{closing="text"} 1\n' in tracing.stages.text()
