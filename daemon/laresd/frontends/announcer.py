"""Tells the house, unasked, that a timer has ended."""

from __future__ import annotations

import json
import logging

from laresd.config import Config
from laresd.errors import LaresError
from laresd.ports import AudioSink, Bus, Clock, Synthesizer
from laresd.timing import TimerEnded

log = logging.getLogger(__name__)

BROKER_WAIT = 2.0  # seconds that a timer which ended before the start waits for the broker


class Announcer:
    """Tells that a timer has ended: on MQTT, in the log, and by voice."""

    def __init__(
        self, config: Config, bus: Bus, synthesizer: Synthesizer, sink: AudioSink, clock: Clock
    ) -> None:
        self._config = config
        self._topic = f"{config.mqtt.prefix}/{config.box.name}/timer/ended"
        self._bus = bus
        self._synthesizer = synthesizer
        self._sink = sink
        self._clock = clock
        self._told: set[int] = set()  # on MQTT, but not yet by voice

    async def announce(self, ended: TimerEnded) -> None:
        """Raises what the voice raises; then it is called again later, and only spoken."""
        if ended.timer.id not in self._told:
            await self._publish(ended)
            self._told.add(ended.timer.id)
        deadline = self._clock.now() + self._config.speech.timeout_s
        language = self._config.box.language
        pcm = await self._synthesizer.synthesize(ended.text, language=language, deadline=deadline)
        await self._sink.play(pcm)
        self._told.discard(ended.timer.id)

    async def _publish(self, ended: TimerEnded) -> None:
        message = {"id": ended.timer.id, "name": ended.timer.name, "text": ended.text}
        try:
            await self._bus.wait_connected(deadline=self._clock.now() + BROKER_WAIT)
            await self._bus.publish(self._topic, json.dumps(message, ensure_ascii=False))
        except LaresError as error:  # it is spoken all the same
            log.warning("the end of timer %d is not on MQTT: %s", ended.timer.id, error)
