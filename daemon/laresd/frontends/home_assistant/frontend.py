"""Shows this box to Home Assistant, and does what is switched there.

`<prefix>/<box>/state/...` out, `<prefix>/<box>/set/...` in; firmware-notes/home-assistant.md lists
them. Nothing here needs MQTT 5. Whatever the broker may have forgotten is told again after each
connection, and when Home Assistant says that it is online.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass

from laresd import __version__
from laresd.config import Config
from laresd.errors import LaresError, Refused, Temporary
from laresd.frontends.home_assistant import orders, updates
from laresd.frontends.home_assistant.announcement import (
    ONLINE,
    VOLUME,
    Energy,
    Offer,
    Topics,
    announcement,
)
from laresd.frontends.home_assistant.ears import LISTENING, MUTE, Ears
from laresd.frontends.home_assistant.figures import Figures, Vitals
from laresd.frontends.home_assistant.updates import Latest
from laresd.ports import Bus, Clock, Subscription, Volume
from laresd.types import Json, Message, Reply, Turn

log = logging.getLogger(__name__)

FIGURES_EVERY_S = 5.0  # numbers are published at most so often
VITALS_EVERY_S = 10.0
UNTOLD = 32  # events that wait for the broker; then the oldest is not told
MAX_SAYINGS = 4  # that wait to be said, with the one that is

Work = Coroutine[None, None, None]


@dataclass(frozen=True, slots=True)
class Models:
    """The language models of this box. `choose` has one used from the next start on; it raises
    what is wrong with it.
    """

    choices: Callable[[], Awaitable[tuple[str, ...]]]
    chosen: Callable[[], Awaitable[str]]
    choose: Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Means:
    """What of the daemon is shown and switched; None where it is not there."""

    vitals: Callable[[], Awaitable[Vitals]]
    ears: Ears | None = None
    say: Callable[[str], Awaitable[None]] | None = None
    volume: Volume | None = None
    models: Models | None = None
    restart: Callable[[], None] | None = None
    language_model: bool = False


class HomeAssistantFrontend:
    """`turn`, `replied` and `woken` may be called at any time; `run` tells what they said."""

    def __init__(self, bus: Bus, clock: Clock, config: Config, *, energy: Energy) -> None:
        self._bus, self._clock, self._config = bus, clock, config
        base = f"{config.mqtt.prefix}/{config.box.name}"
        self._topics = Topics(base, config.mqtt.discovery_prefix, config.box.name)
        self._energy = energy
        self._figures = Figures(energy, config.scheduler.watts)
        self._vitals = Vitals()
        self._news = asyncio.Event()
        self._stale = False  # the announcement, and all that is retained
        self._sent: dict[str, str] = {}
        self._figures_at = -FIGURES_EVERY_S
        self._events: deque[tuple[str, dict[str, Json]]] = deque(maxlen=UNTOLD)
        self._sayings = 0
        self._latest: Latest | None = None
        self._forbidden = ""  # why the broker took something not, as it was logged

    def turn(self, turn: Turn) -> None:
        self._figures.turn(turn)
        if self._config.home_assistant.texts:
            if turn.transcript is not None and turn.transcript.text:
                self._tell("heard", {"text": turn.transcript.text, "closing": turn.closing})
            if turn.reply is not None:
                self._tell("reply", {"text": turn.reply.text, "kind": str(turn.reply.kind)})
        self._news.set()

    def replied(self, reply: Reply) -> None:
        self._figures.replied(reply)
        self._news.set()

    def changed(self) -> None:
        """Something that is shown has changed: it is told soon."""
        self._news.set()

    def rejected(self, wake_word: str) -> None:
        """A second look did not believe that it was said."""
        self._figures.rejected()
        self._news.set()

    def woken(self, wake_word: str) -> None:
        self._tell("wake", {"event_type": "wake", "wake_word": wake_word})

    async def run(self, means: Means) -> None:
        """Until cancelled."""
        topics = self._topics
        messages = self._bus.subscribe(
            topics.availability, topics.birth, topics.command("+"), topics.latest
        )
        try:
            await self._look(means)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(messages, means, tasks), name="orders")
                tasks.create_task(self._watch(means), name="vitals")
                await self._publish(means)
        finally:
            messages.close()

    async def withdraw(self) -> None:
        """Have Home Assistant forget this box, once the broker can be told."""
        messages = self._bus.subscribe(self._topics.availability)
        try:
            async for message in messages:
                if message.payload == ONLINE.encode():
                    for topic in self._topics.kept:
                        await self._bus.publish(topic, b"", retain=True)
                    return
        except LaresError as error:
            log.warning("Home Assistant may still show this box: %s", error)
        finally:
            messages.close()

    def _tell(self, name: str, body: dict[str, Json]) -> None:
        self._events.append((self._topics.state(name), body))
        self._news.set()

    async def _watch(self, means: Means) -> None:
        while True:
            await self._clock.wait(asyncio.Event(), self._clock.now() + VITALS_EVERY_S)
            await self._look(means)
            self._news.set()

    async def _look(self, means: Means) -> None:
        self._vitals = await means.vitals()
        self._figures.machine(self._vitals, self._clock.now())

    async def _listen(self, messages: Subscription, means: Means, tasks: asyncio.TaskGroup) -> None:
        async for message in messages:
            if message.topic in (self._topics.availability, self._topics.birth):
                if message.payload == ONLINE.encode():
                    self._stale = True
                    self._news.set()
            elif message.topic == self._topics.latest:
                self._hear_of(message)
            elif message.retained:  # it would be obeyed again at every start
                log.warning("a retained message on %s is ignored", message.topic)
            else:
                await self._obey(message, means, tasks)

    def _hear_of(self, message: Message) -> None:
        try:
            self._latest = updates.read(message.payload)
        except LaresError as error:
            log.warning("what is on %s is not taken: %s", message.topic, error)
        self._news.set()

    async def _obey(self, message: Message, means: Means, tasks: asyncio.TaskGroup) -> None:
        name = message.topic.rpartition("/")[2]
        try:
            await self._do(name, message.payload, means, tasks)
        except LaresError as error:
            log.warning("%s was not done: %s", message.topic, error)
        self._sent.pop(self._topics.state(name), None)  # the house is told what is so now
        self._news.set()

    async def _do(self, name: str, payload: bytes, means: Means, tasks: asyncio.TaskGroup) -> None:
        """Raises Refused for what this box does not have."""
        if name in (LISTENING, MUTE) and means.ears is not None:
            await means.ears.switch(name, orders.switched(payload))
        elif name == "say" and means.say is not None:
            self._begin_saying(means.say, orders.said(payload), tasks)
        elif name == VOLUME and means.volume is not None:
            await means.volume.set(orders.percent(payload))
        elif name == "next_model" and means.models is not None:
            await means.models.choose(orders.text(payload))
        elif name == "restart" and means.restart is not None:
            orders.pressed(payload)
            log.info("restarted by Home Assistant")
            means.restart()
        else:
            raise Refused("this box has nothing of that name to switch")

    def _begin_saying(
        self, say: Callable[[str], Awaitable[None]], text: str, tasks: asyncio.TaskGroup
    ) -> None:
        if self._sayings >= MAX_SAYINGS:
            raise Refused("too much is to be said already")
        self._sayings += 1
        tasks.create_task(self._say(say, text), name="say")

    async def _say(self, say: Callable[[str], Awaitable[None]], text: str) -> None:
        try:
            await say(text)
        except LaresError as error:
            log.warning("it could not be said: %s", error)
        finally:
            self._sayings -= 1

    async def _publish(self, means: Means) -> None:
        """What is new, as soon as it may be told, for ever."""
        while True:
            self._news.clear()
            try:
                await self._publish_news(means)
            except Temporary as error:  # all of it is told when the broker is back
                log.debug("Home Assistant is not told: %s", error)
                self._events.clear()
                self._stale = True
            except LaresError as error:  # the broker does not allow it: nothing else suffers
                self._events.clear()
                if str(error) != self._forbidden:
                    log.warning("Home Assistant is not told: %s", error)
                self._forbidden = str(error)
            waits = self._sent.get(self._topics.figures) != self._figures_text()
            due = self._figures_at + FIGURES_EVERY_S
            soon = due if waits and due > self._clock.now() else None
            await self._clock.wait(self._news, soon)

    async def _publish_news(self, means: Means) -> None:
        if self._stale:
            self._stale = False
            offer = await self._offer(means)
            payload = announcement(
                self._topics, offer, area=self._config.box.area, version=__version__
            )
            await self._bus.publish(self._topics.announcement, payload, retain=True)
            self._sent.clear()
            self._figures_at = self._clock.now() - FIGURES_EVERY_S
        for topic, payload in (await self._states(means)).items():
            if self._sent.get(topic) != payload:
                await self._bus.publish(topic, payload, retain=True)
                self._sent[topic] = payload
        while self._events:
            topic, body = self._events.popleft()
            await self._bus.publish(topic, json.dumps(body, ensure_ascii=False))

    async def _states(self, means: Means) -> dict[str, str]:
        """What is retained, by topic; the figures only when they may be told again."""
        topics = self._topics
        states = {topics.state("update"): updates.form(__version__, self._latest)}
        if means.ears is not None:
            for name, on in means.ears.states().items():
                states[topics.state(name)] = "ON" if on else "OFF"
        if means.volume is not None:
            states[topics.state(VOLUME)] = str(means.volume.percent)
        if means.models is not None:
            states[topics.state("next_model")] = await means.models.chosen()
        if self._clock.now() >= self._figures_at + FIGURES_EVERY_S:
            states[topics.figures] = self._figures_text()
            if self._sent.get(topics.figures) != states[topics.figures]:
                self._figures_at = self._clock.now()
        return states

    def _figures_text(self) -> str:
        return json.dumps(self._figures.form(), ensure_ascii=False)

    async def _offer(self, means: Means) -> Offer:
        models = await means.models.choices() if means.models is not None else ()
        return Offer(
            microphone=means.ears is not None,
            voice=means.say is not None,
            volume=means.volume is not None,
            texts=self._config.home_assistant.texts,
            celsius=self._vitals.celsius is not None,
            throttling=self._vitals.throttled is not None,
            stalls=self._vitals.stalled is not None,
            free=self._vitals.free_gb is not None,
            wear=self._vitals.worn is not None,
            price=self._config.board.kwh_price > 0,
            energy=self._energy,
            language_model=means.language_model,
            models=models,
            restart=means.restart is not None,
        )
