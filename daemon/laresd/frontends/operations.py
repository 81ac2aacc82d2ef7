"""What the control socket offers: each operation's fields in, its parts out.

    ask      {text, language?, area?, timeout_s?}   -> {"sentence": ...} for each that is told while
                                                       the rest is generated; last the reply
    say      {name, wake?: word|assume} + wav bytes -> a part for each turn
    devices  {}                                     -> a part for each device
    timers   {}                                     -> a part for each timer, soonest first
    status   {}                                     -> one part
and what `host_operations` offers.
The forms of replies, turns and devices are those of `forms`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from laresd import __version__
from laresd.config import Config
from laresd.errors import Refused
from laresd.frames import Fields
from laresd.frontends.control import Handler
from laresd.frontends.forms import device_form, reply_form, turn_form
from laresd.frontends.host_operations import HostOperations
from laresd.frontends.streaming import streamed
from laresd.frontends.voice import VoiceFrontend
from laresd.ports import Assistant, AudioSource, Clock, Devices, Timers
from laresd.timing import TimerCommand, TimerVerb
from laresd.types import Json, Request

MAX_TEXT = 1000  # characters of one sentence
ASK_TIMEOUT = 45.0  # seconds

Part = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Operations:
    """`recording` turns a wav file's bytes into a source; `engines` and `broker` tell how they are,
    `stages` how long the stages of turns took, `machine` how the board fares.

    `recording` blocks and raises Permanent for a file that is no recording.
    """

    config: Config
    clock: Clock
    assistant: Assistant
    devices: Devices
    timers: Timers
    voice: VoiceFrontend
    recording: Callable[[bytes], AudioSource]
    hosts: HostOperations
    engines: Callable[[], Awaitable[list[Json]]]
    broker: Callable[[], Part]
    stages: Callable[[], Sequence[Part]]
    machine: Callable[[], Part]

    def handlers(self) -> dict[str, Handler]:
        numbers = itertools.count(1)
        return {
            "ask": lambda fields, payload: self._ask(Fields(fields), f"ask-{next(numbers)}"),
            "say": lambda fields, payload: self._say(Fields(fields), payload),
            "devices": lambda fields, payload: self._devices(),
            "timers": lambda fields, payload: self._timers(),
            "status": lambda fields, payload: self._status(),
            **self.hosts.handlers(),
        }

    async def _ask(self, fields: Fields, number: str) -> AsyncGenerator[Part, None]:
        text = fields.text("text").strip()
        if not text or len(text) > MAX_TEXT:
            raise Refused(f"a sentence has 1 to {MAX_TEXT} characters, not {len(text)}")
        request = Request(
            id=number,
            text=text,
            language=fields.text("language", self.config.box.language),
            deadline=self.clock.now() + min(fields.real("timeout_s", ASK_TIMEOUT), ASK_TIMEOUT),
            source="control",
            area=fields.text("area", "") or None,
        )
        async with aclosing(streamed(self.assistant, request)) as parts:
            async for part in parts:
                yield {"sentence": part} if isinstance(part, str) else reply_form(part)

    async def _say(self, fields: Fields, payload: bytes) -> AsyncGenerator[Part, None]:
        wake = fields.text("wake", "word")
        if wake not in ("word", "assume"):
            raise Refused(f"wake is 'word' or 'assume', not {wake!r}")
        source = await asyncio.to_thread(self.recording, payload)
        name = fields.text("name", "recording")
        for turn in await self.voice.play(
            source, name=name, wake="assume" if wake == "assume" else "word"
        ):
            yield turn_form(turn)

    async def _devices(self) -> AsyncGenerator[Part, None]:
        home = self.devices.home()
        for entity_id, entity in sorted(home.entities.items()):
            yield device_form(entity, home.state(entity_id))

    async def _timers(self) -> AsyncGenerator[Part, None]:
        result = await self.timers.handle(TimerCommand(TimerVerb.STATUS))
        for timer in result.timers:
            yield {
                "id": timer.id,
                "name": timer.name,
                "duration_s": timer.duration,
                "remaining_s": round(timer.remaining, 1),
                "paused": timer.paused,
            }

    async def _status(self) -> AsyncGenerator[Part, None]:
        yield {
            "version": __version__,
            "pid": os.getpid(),
            "box": self.config.box.name,
            "language": self.config.box.language,
            "devices": len(self.devices.home().entities),
            "broker": dict(self.broker()),
            "engines": await self.engines(),
            "stages": [dict(row) for row in self.stages()],
            "machine": dict(self.machine()),
        }
