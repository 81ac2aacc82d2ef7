"""A spoken turn as a person reads it, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from laresd.frames import Fields
from laresd.types import Json, Status

STAGES = ("wake", "endpoint", "transcribe", "understand", "act", "echo", "reply", "speak")
WIDTH = 78  # characters of what happened, before the milliseconds


def lines(turn: Mapping[str, Json]) -> Iterator[str]:
    """The turn (as `frontends.forms.turn_form` tells it) as a table: stage, what happened, ms."""
    told = Fields(turn)
    times = _times(told)
    yield f"heard from {told.text('source')}"
    for stage in STAGES:
        for number, text in enumerate(_happened(told, stage)):
            label = stage if number == 0 else ""
            time = f"{times[stage]:7.0f} ms" if number == 0 and stage in times else ""
            yield f"  {label:<11} {text:<{WIDTH}} {time}".rstrip()
    if told.text("closing") != "done":
        yield f"  {'ended':<11} {told.text('closing')}: {told.text('reason')}"


def confirmed(turn: Mapping[str, Json]) -> bool:
    """Whether there were actions and each was confirmed by its device's own report."""
    outcomes = _outcomes(Fields(turn))
    return bool(outcomes) and all(one.text("status") == Status.CONFIRMED for one in outcomes)


def _times(told: Fields) -> dict[str, float]:
    """Milliseconds by stage; of several of one name (echoes) the longest."""
    times: dict[str, float] = {}
    for span in told.rows("spans"):
        name = span.text("name")
        times[name] = max(times.get(name, 0.0), span.real("ms"))
    return times


def _happened(told: Fields, stage: str) -> Iterator[str]:
    if stage == "wake" and told.text("wake_word"):
        yield told.text("wake_word")
    elif stage == "endpoint" and stage in _times(told):
        yield "silence after the last word"
    elif stage == "transcribe" and told.text("heard"):
        yield f"“{told.text('heard')}”"
    elif stage == "act":
        yield from (_message(sent) for one in _outcomes(told) for sent in one.rows("published"))
    elif stage == "echo":
        yield from (_echo(one) for one in _outcomes(told))
    elif stage == "speak" and stage in _times(told):
        yield "spoken"
    elif (reply := told.row("reply")) is not None:
        if stage == "understand":
            by, intent = reply.text("understood_by") or "nobody", reply.text("intent")
            by = " at ".join([by, *(s.text("where") for s in reply.rows("spans") if _placed(s))])
            yield f"{by}: {intent}" if intent else by
        elif stage == "reply":
            yield f"“{reply.text('text')}”"


def _placed(span: Fields) -> bool:
    return bool(span.text("where", ""))


def _outcomes(told: Fields) -> tuple[Fields, ...]:
    reply = told.row("reply")
    return reply.rows("outcomes") if reply is not None else ()


def _echo(outcome: Fields) -> str:
    status, echo = outcome.text("status"), outcome.row("echo")
    what = _message(echo) if echo is not None else outcome.text("entity_id")
    return f"{status}: {what}"


def _message(sent: Fields) -> str:
    return f"{sent.text('topic')} {sent.text('payload')}"
