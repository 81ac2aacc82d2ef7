"""The request API on a broker in memory, with fakes behind every port."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from laresd.backends.clock import SystemClock
from laresd.config import Box, Config, MqttApi
from laresd.core import addressing, guard, timer_words
from laresd.core.timekeeper import Timekeeper
from laresd.errors import LaresError, Refused
from laresd.frontends.mqtt import Addressed, MqttFrontend, Services
from laresd.timing import TimerEnded
from laresd.types import Entity, Json, Message
from tests.fakes.assistant import FakeAssistant
from tests.fakes.bus import FakeBus
from tests.fakes.devices import FakeDevices
from tests.fakes.librarian import FakeLibrarian
from tests.fakes.timer_store import FakeTimerStore
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.volume import FakeVolume
from tests.unit.frontends.mqtt.document import is_documented_answer

BASE = "lares/lares"
TURN_ON = 3_000  # the level of a recording that says so
REPLIES = {
    "turn on the lamp": "Done.",
    "tell me a story": "Once upon a time. There was a house. It was warm.",
    "wait": "hang",
    "Movie night": "Enjoy the film.",
    "sleep well": "Good night.",
}
GENERATED: Mapping[str, Sequence[str | None]] = {
    "how far is the moon": ("It is far.", "Some say very far.", "Nobody walks there."),
    "how far is the sun": ("It is farther.", None),
}
SCENES = (
    Entity("scene.movie_night", "scene", "Movie night", aliases=("cinema",)),
    Entity("light.lamp", "light", "Lamp"),
)


@dataclass
class FakeSeen:
    """Port `Seen`, which outlives a rig. `failure` is raised by each call."""

    ids: set[str] = field(default_factory=set)
    failure: LaresError | None = None

    async def first(self, request_id: str) -> bool:
        if self.failure:
            raise self.failure
        known = request_id in self.ids
        self.ids.add(request_id)
        return not known

    async def forget(self, request_id: str) -> None:
        self.ids.discard(request_id)


@dataclass
class FakeVoice:
    """Says and listens without sound. `failures` are raised first, one for each call."""

    said: list[tuple[str, str]] = field(default_factory=list)  # text, language
    opened: list[float] = field(default_factory=list)  # seconds
    sites: list[str] = field(default_factory=list)  # where it said and listened, in order
    failures: list[LaresError] = field(default_factory=list)

    async def announce(self, text: str, *, language: str, deadline: float, site: str = "") -> None:
        self._at(site)
        self.said.append((text, language))

    async def open_ear(self, seconds: float, *, site: str = "") -> None:
        self._at(site)
        self.opened.append(seconds)

    def _at(self, site: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if site not in ("", "hall"):
            raise Refused(f"there is nobody at {site!r}")
        self.sites.append(site)


class Rig:
    """`send` a request, wait for an `answer`; `ask` does both."""

    def __init__(
        self,
        api: MqttApi | None = None,
        *,
        replies: Mapping[str, str] = REPLIES,
        routines: Mapping[str, str] | None = None,
        device_topics: Sequence[str] = (),
        seconds: float = 0.0,
        seen: FakeSeen | None = None,
        area: str = "Kitchen",
        librarian: FakeLibrarian | None = None,
    ) -> None:
        self.bus = FakeBus()
        self.clock = SystemClock()
        self.assistant = FakeAssistant(replies, seconds=seconds, streamed=GENERATED)
        self.voice = FakeVoice()
        self.volume = FakeVolume()
        self.answers = self.bus.subscribe(f"{BASE}/answer/+", "client/+/in-tray")
        self.config = Config(box=Box(area=area), mqtt_api=api or MqttApi())
        self.seen = seen or FakeSeen()
        self.ready = asyncio.Event()
        self.ready.set()
        self.timers = Timekeeper(FakeTimerStore(), self.clock, _ignore, language="en")
        self.services = Services(
            config=self.config,
            clock=self.clock,
            bus=self.bus,
            seen=self.seen,
            assistant=self.assistant,
            devices=FakeDevices(SCENES),
            timers=self.timers,
            transcriber=Addressed(
                FakeTranscriber({TURN_ON: "turn on the lamp"}),
                lambda text: addressing.without_wake_word(text, ("okay nabu",)),
            ),
            voice=self.voice,
            doubt=guard.transcript,
            words=timer_words.sentence,
            routines=lambda: routines or {"Bedtime": "sleep well"},
            is_device_topic=lambda topic: topic in device_topics,
            librarian=librarian,
            volume=self.volume,
        )

    def send(
        self,
        payload: str | bytes | Mapping[str, Json],
        operation: str = "ask",
        *,
        respond_to: str = "",
        correlation: bytes = b"",
        expiry_s: float | None = None,
        retain: bool = False,
    ) -> None:
        data = payload if isinstance(payload, (str, bytes)) else json.dumps(payload)
        self.bus.deliver(
            f"{BASE}/{operation}",
            data,
            retain=retain,
            expiry_s=expiry_s,
            response_topic=respond_to,
            correlation=correlation,
        )

    async def message(self) -> Message:
        async with asyncio.timeout(30):
            return await anext(self.answers)

    async def answer(self) -> dict[str, Json]:
        """The next one, which is as it is documented."""
        answer = json.loads((await self.message()).payload)
        assert isinstance(answer, dict)
        assert is_documented_answer(answer), answer
        return answer

    async def ask(
        self, payload: str | bytes | Mapping[str, Json], operation: str = "ask"
    ) -> dict[str, Json]:
        self.send(payload, operation)
        return await self.answer()

    async def idle(self) -> None:
        """Until everything that can go on without time has."""
        for _ in range(50):
            await asyncio.sleep(0)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Rig]:
        frontend = MqttFrontend(self.services, ready=self.ready.wait)
        async with self.timers, asyncio.TaskGroup() as group:
            task = group.create_task(frontend.run())
            await asyncio.sleep(0)
            yield self
            task.cancel()

    def texts(self) -> list[str]:
        """What the assistant was asked."""
        return [request.text for request in self.assistant.requests]


def error_of(answer: Mapping[str, Json]) -> tuple[str, str]:
    """Code and message of an error."""
    assert answer["kind"] == "error", answer
    error = answer["error"]
    assert isinstance(error, dict)
    assert isinstance(error["remedy"], str)
    return str(error["code"]), str(error["message"])


async def _ignore(ended: TimerEnded) -> None:
    pass
