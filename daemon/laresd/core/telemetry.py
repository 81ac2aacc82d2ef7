"""The stages of a turn, and the one log line that tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from laresd.types import Json, Outcome, Reply, Span, Turn


class Trace:
    """Collects spans (port Notes). `now` is the clock of the request's deadline."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._open: dict[str, float] = {}
        self._spans: list[Span] = []

    def begin(self, name: str) -> None:
        self._open[name] = self._now()

    def end(self, name: str, detail: Mapping[str, Json] | None = None) -> None:
        """Close the stage; one that was never begun has no length."""
        now = self._now()
        start = self._open.pop(name, now)
        self._spans.append(Span(name, start, now, MappingProxyType(dict(detail or {}))))

    def add(self, spans: Iterable[Span]) -> None:
        self._spans.extend(spans)

    @property
    def spans(self) -> tuple[Span, ...]:
        """The stages that have ended, by their beginning."""
        return tuple(sorted(self._spans, key=lambda span: span.start))


def echo_spans(outcomes: Iterable[Outcome]) -> list[Span]:
    """From each action's last publication to its device's own echo."""
    return [
        Span(
            "echo",
            outcome.published[-1].at,
            outcome.echo.at,
            MappingProxyType({"entity": outcome.action.entity_id, "topic": outcome.echo.topic}),
        )
        for outcome in outcomes
        if outcome.echo is not None and outcome.published
    ]


def _places(reply: Reply) -> list[str]:
    """Where the language model's part was computed; nothing where it had none."""
    told = [span.detail.get("where", "") for span in reply.spans]
    return [where for where in told if isinstance(where, str) and where]


def _one_word(text: str) -> str:
    return text.replace(" ", "-")


def spoken_line(turn: Turn) -> str:
    """One line for the log, of a spoken turn that is over: how it ended, and with all of its
    stages, from the wake word to the end of the reply.
    """
    ending = [f"closing={turn.closing}"]
    if turn.wake_word:
        ending.append(f"wake={_one_word(turn.wake_word)}")
    if turn.reply is not None:
        return " ".join([turn_line(turn.reply, turn.source, turn.spans), *ending])
    told = [f"turn={turn.id}", f"source={_one_word(turn.source)}"]
    return " ".join([*told, *(f"{span.name}_ms={span.ms:.0f}" for span in turn.spans), *ending])


def turn_line(reply: Reply, source: str, spans: Iterable[Span] = ()) -> str:
    """One line for the log: who understood what, what came of it, milliseconds by stage.

    What was said stays out of it: a log is read by more people than a living room.
    """
    facts = {
        "turn": reply.request_id,
        "source": _one_word(source),
        "kind": reply.kind.value,
        "by": reply.understood_by or "nobody",
        "intent": reply.intent or "none",
    }
    said = [f"{key}={value}" for key, value in facts.items()]
    said += [f"where={_one_word(where)}" for where in _places(reply)]
    said += [
        f"{outcome.action.entity_id}:{outcome.action.command}={outcome.status}"
        for outcome in reply.outcomes
    ]
    said += [f"{span.name}_ms={span.ms:.0f}" for span in spans or reply.spans]
    return " ".join(said)
