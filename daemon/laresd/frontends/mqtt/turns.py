"""Tells each turn, with its stages, on `<prefix>/<box>/turn`: firmware-notes/mqtt-api.md.

What was said is in it only where the configuration has it so (`home_assistant.texts`). Nothing is
kept for a broker that is away: a turn of an hour ago is of no use to who watches.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque

from laresd.config import Config
from laresd.errors import LaresError
from laresd.ports import Bus
from laresd.types import Json, Reply, Span, Turn

log = logging.getLogger(__name__)

UNTOLD = 32  # turns that wait for the broker; then the oldest is not told


class TurnTopic:
    """`spoken` and `asked` may be called at any time; keep `run` running."""

    def __init__(self, bus: Bus, config: Config) -> None:
        self._bus = bus
        self._texts = config.home_assistant.texts
        self._topic = f"{config.mqtt.prefix}/{config.box.name}/turn"
        self._waiting: deque[dict[str, Json]] = deque(maxlen=UNTOLD)
        self._news = asyncio.Event()

    def spoken(self, turn: Turn) -> None:
        self._tell(spoken_form(turn, texts=self._texts))

    def asked(self, reply: Reply, source: str) -> None:
        """A request that was not spoken, and its answer."""
        self._tell(asked_form(reply, source, texts=self._texts))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                body = json.dumps(self._waiting.popleft(), ensure_ascii=False)
                try:
                    await self._bus.publish(self._topic, body, qos=0)
                except LaresError as error:
                    log.debug("a turn was not told over MQTT: %s", error)

    def _tell(self, form: dict[str, Json]) -> None:
        self._waiting.append(form)
        self._news.set()


def spoken_form(turn: Turn, *, texts: bool) -> dict[str, Json]:
    """`texts`: with what was heard and answered."""
    heard = turn.transcript.text if turn.transcript else ""
    reply = turn.reply
    return {
        **_answer(turn.id, turn.source, turn.closing, reply),
        "wake_word": turn.wake_word,
        "spans": _spans(turn.spans),
        **({"heard": heard, "reply": reply.text if reply else ""} if texts else {}),
    }


def asked_form(reply: Reply, source: str, *, texts: bool) -> dict[str, Json]:
    """As spoken_form: there is no wake word, and what was asked is not told."""
    return {
        **_answer(reply.request_id, source, "done", reply),
        "wake_word": "",
        "spans": _spans(reply.spans),
        **({"heard": "", "reply": reply.text} if texts and not reply.secret else {}),
    }


def _answer(number: str, source: str, closing: str, reply: Reply | None) -> dict[str, Json]:
    outcomes = reply.outcomes if reply else ()
    return {
        "id": number,
        "source": source,
        "closing": closing,
        "kind": reply.kind.value if reply else None,
        "understood_by": reply.understood_by if reply else "",
        "intent": reply.intent if reply else "",
        "outcomes": [
            {
                "entity_id": outcome.action.entity_id,
                "command": outcome.action.command.value,
                "status": outcome.status.value,
            }
            for outcome in outcomes
        ],
    }


def _spans(spans: tuple[Span, ...]) -> list[Json]:
    """`at_ms`: since the first one began."""
    first = min((span.start for span in spans), default=0.0)
    return [
        {"name": span.name, "at_ms": round((span.start - first) * 1000, 1), "ms": round(span.ms, 1)}
        for span in spans
    ]
