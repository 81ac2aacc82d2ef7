"""Every turn, spoken or asked, with its stages: in the log, over MQTT, and in the metrics."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

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
        log.info("%s", spoken_line(turn))
        self.stages.add(turn.closing, durations(turn))
        self.topic.spoken(turn)

    def asked(self, request: Request, reply: Reply) -> None:
        if request.source != SPOKEN:
            log.info("%s", turn_line(reply, request.source))
            self.stages.add(TEXT, asked(reply.spans))
            self.topic.asked(reply, request.source)
