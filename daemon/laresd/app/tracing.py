"""Every turn, spoken or asked, with its stages: in the log, over MQTT, and in the metrics."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from laresd.backends.journal import FIELDS
from laresd.config import Config
from laresd.core.stages import Stages, asked, durations
from laresd.core.telemetry import spoken_line, turn_line
from laresd.frontends.mqtt.turns import TurnTopic
from laresd.ports import Bus
from laresd.types import Reply, Request, Turn

log = logging.getLogger(__name__)

SPOKEN = "voice"  # the source of requests that a spoken turn makes, which tells of them itself
TEXT = "text"  # how a request ends that was not spoken, in the count of turns


@dataclass(frozen=True, slots=True)
class Tracing:
    """`spoken` gets each turn that is over, `asked` each reply."""

    topic: TurnTopic
    stages: Stages = field(default_factory=Stages)

    @classmethod
    def over(cls, bus: Bus, config: Config) -> Tracing:
        return cls(TurnTopic(bus, config))

    def spoken(self, turn: Turn) -> None:
        took = durations(turn)
        log.info("%s", spoken_line(turn), extra=_fields(turn.id, turn.closing, took))
        self.stages.add(turn.closing, took)
        self.topic.spoken(turn)

    def asked(self, request: Request, reply: Reply) -> None:
        if request.source != SPOKEN:
            took = asked(reply.spans)
            fields = _fields(reply.request_id, TEXT, took)
            log.info("%s", turn_line(reply, request.source), extra=fields)
            self.stages.add(TEXT, took)
            self.topic.asked(reply, request.source)


def _fields(turn: str, closing: str, took: Iterable[tuple[str, float]]) -> dict[str, object]:
    """For the journal (`journalctl LARES_TURN=...`): the milliseconds of each stage, of several of
    one name the last. What was said is not among them.
    """
    stages = {f"LARES_STAGE_MS_{name.upper()}": f"{seconds * 1000:.0f}" for name, seconds in took}
    return {FIELDS: {"LARES_TURN": turn, "LARES_CLOSING": closing, **stages}}
