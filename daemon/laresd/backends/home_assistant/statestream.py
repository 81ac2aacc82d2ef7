"""The `Devices` port over Home Assistant's MQTT statestream, which tells and takes no commands.

Format: https://www.home-assistant.io/integrations/mqtt_statestream/. With `publish_attributes`
there are names and units; each attribute is JSON on a topic of its own, retained.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from laresd.backends.home_assistant.reading import Row
from laresd.backends.home_assistant.registry import Read, Registry
from laresd.config import HomeAssistant, HomeNames
from laresd.ports import Bus
from laresd.types import Action, Home, Json, Message, Outcome, Status

log = logging.getLogger(__name__)

GATHER_S = 0.2  # in which more of an entity may come in
MAX_ENTITIES = 2000
MAX_PAYLOAD = 8192  # bytes
TIMES = frozenset({"last_changed", "last_updated"})  # of `publish_timestamps`
OFFLINE = b"offline"
_SLUG = re.compile(r"[a-z0-9_]{1,96}")


class StatestreamDevices:
    """`run` must run. `base`: its base_topic; `status`: where Home Assistant says that it leaves.

    Its labels are not told here: `home_assistant.labels` chooses nothing.
    """

    def __init__(
        self, bus: Bus, base: str, settings: HomeAssistant, names: HomeNames, *, status: str
    ) -> None:
        """Raises ConfigError for domains that Lares cannot use."""
        self._bus, self._base, self._status = bus, base, status
        self._registry = Registry(replace(settings, labels=()), names)
        self._words: dict[str, str] = {}  # states, by entity id
        self._attributes: dict[str, dict[str, Json]] = {}
        self._home = self._read_only(self._registry.home())
        self._changes = asyncio.Event()
        self._news = asyncio.Event()

    def home(self) -> Home:
        return self._home

    async def changed(self, since: Home) -> Home:
        """The next home that is not `since`."""
        while self._home is since:
            await self._news.wait()
        return self._home

    async def run(self) -> None:
        """Until cancelled."""
        messages = self._bus.subscribe(f"{self._base}/+/+/+", self._status)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._build(), name="statestream-home")
                async for message in messages:
                    self._hear(message)
        finally:
            messages.close()

    async def act(self, actions: Sequence[Action], *, deadline: float) -> Sequence[Outcome]:
        detail = "Home Assistant's statestream takes no commands: set home_assistant.url"
        return [Outcome(action, Status.UNSUPPORTED, detail=detail) for action in actions]

    def _hear(self, message: Message) -> None:
        if message.topic == self._status:
            if message.payload == OFFLINE:
                self._words.clear()
                self._changes.set()
            return
        domain, name, key = message.topic.removeprefix(f"{self._base}/").split("/")
        entity_id = f"{domain}.{name}"
        if not self._registry.is_concerned(entity_id) or not _SLUG.fullmatch(name) or key in TIMES:
            return
        if len(message.payload) > MAX_PAYLOAD:
            return
        if key == "state":
            self._take_state(entity_id, message.payload.decode("utf-8", "replace"))
        elif entity_id in self._attributes or self._has_room():
            self._take_attribute(entity_id, key, message.payload)
        self._changes.set()

    def _has_room(self) -> bool:
        return len(self._words.keys() | self._attributes.keys()) < MAX_ENTITIES

    def _take_state(self, entity_id: str, word: str) -> None:
        if not word:  # the retained message was taken away: the entity is gone
            self._words.pop(entity_id, None)
            self._attributes.pop(entity_id, None)
        elif entity_id in self._words or self._has_room():
            self._words[entity_id] = word

    def _take_attribute(self, entity_id: str, key: str, payload: bytes) -> None:
        told = self._attributes.setdefault(entity_id, {})
        try:
            told[key] = json.loads(payload)
        except (ValueError, RecursionError):
            told.pop(key, None)

    async def _build(self) -> None:
        """The home anew after changes, for ever."""
        while True:
            await self._changes.wait()
            await asyncio.sleep(GATHER_S)
            self._changes.clear()
            rows: dict[str, Row] = {
                entity_id: {
                    "state": self._words.get(entity_id, "unavailable"),
                    "attributes": told,
                }
                for entity_id in sorted(self._words.keys() | self._attributes.keys())
                for told in (self._attributes.get(entity_id, {}),)
            }
            self._registry.learn(Read(rows, {}, {}, {}, {}))
            self._home = self._read_only(self._registry.home())
            self._news.set()
            self._news = asyncio.Event()

    @staticmethod
    def _read_only(home: Home) -> Home:
        entities = {key: replace(item, read_only=True) for key, item in home.entities.items()}
        return replace(home, entities=MappingProxyType(entities))
