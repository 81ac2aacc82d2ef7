"""The Wyoming server for the length of a test, on a port of its own, and its package's clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from wyoming.asr import Transcribe
from wyoming.client import AsyncClient, AsyncTcpClient
from wyoming.event import Event

from laresd.backends.clock import SystemClock
from laresd.config import Config
from laresd.frontends.wyoming import Dialogs, Doors, Limits, Offer, Offered, Services
from laresd.types import SAMPLE_RATE, Transcript
from tests.fakes.assistant import FakeAssistant
from tests.fakes.audio import SPEECH
from tests.fakes.grammar import FakeGrammar
from tests.fakes.listener import FakeListener
from tests.fakes.synthesizer import FakeSynthesizer
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.wyoming_package import AudioChunk, AudioStart, AudioStop

TURN_ON = "turn on the kitchen light"
OFFER = Offer(
    ears=(Offered("bundled", ("en",)),),
    voices=(Offered("espeak-ng en-us", ("en",)), Offered("espeak-ng de", ("de",))),
    wake_words=(Offered("okay_nabu", ("en",), phrase="okay nabu"), Offered("hey_jarvis", ("en",))),
    commands=("en",),
)
PATIENCE = 20.0


def doubt(heard: Transcript, language: str) -> str | None:
    return "nobody said that" if heard.text == "thank you" else None


@dataclass
class Server:
    """What the server is made of, and where it is."""

    transcriber: FakeTranscriber = field(
        default_factory=lambda: FakeTranscriber({SPEECH: TURN_ON, 4000: "thank you"}, seconds=0.0)
    )
    synthesizer: FakeSynthesizer = field(default_factory=FakeSynthesizer)
    assistant: FakeAssistant = field(
        default_factory=lambda: FakeAssistant(
            {TURN_ON: "The kitchen light is on."},
            seconds=0.0,
            streamed={"tell me a story": ["Once upon a time.", "The end."]},
        )
    )
    grammar: FakeGrammar = field(default_factory=FakeGrammar)
    listeners: dict[str, FakeListener] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 0

    def listener(self, name: str) -> FakeListener:
        return self.listeners.setdefault(name, FakeListener())

    @property
    def services(self) -> Services:
        return Services(
            config=Config(),
            clock=SystemClock(),
            offer=lambda: OFFER,
            transcriber=self.transcriber,
            synthesizer=self.synthesizer,
            listener=self.listener,
            doubt=doubt,
            grammar=self.grammar,
            assistant=self.assistant,
        )

    def client(self) -> AsyncTcpClient:
        return AsyncTcpClient(self.host, self.port, connect_timeout=5, read_timeout=PATIENCE)


@asynccontextmanager
async def serving(
    services: Services,
    limits: Limits | None = None,
    *,
    path: Path | None = None,
    clients: Sequence[str] = (),
    host: str = "127.0.0.1",
) -> AsyncIterator[Doors]:
    doors = Doors(
        Dialogs(services), limits or Limits(), host=host, port=0, path=path, clients=clients
    )
    async with doors, asyncio.TaskGroup() as group:
        run = group.create_task(doors.run())
        try:
            yield doors
        finally:
            run.cancel()


@asynccontextmanager
async def a_server(limits: Limits | None = None) -> AsyncIterator[Server]:
    server = Server()
    async with serving(server.services, limits) as doors:
        yield replace(server, port=doors.port)


async def next_event(client: AsyncClient) -> Event:
    event = await client.read_event()
    assert event is not None, "the server has hung up"
    return event


async def until(client: AsyncClient, kind: str) -> list[Event]:
    """All events up to the first one of a kind."""
    events = [await next_event(client)]
    while events[-1].type != kind:
        events.append(await next_event(client))
    return events


async def send_sound(
    client: AsyncClient,
    pcm: bytes,
    *,
    rate: int = SAMPLE_RATE,
    width: int = 2,
    channels: int = 1,
    begin_ms: int = 0,
    stop: bool = True,
) -> None:
    """As a microphone would, but at once."""
    await client.write_event(AudioStart(rate, width, channels, begin_ms).event())
    size, at = 1024 * width * channels, begin_ms
    for start in range(0, len(pcm), size):
        chunk = AudioChunk(rate, width, channels, pcm[start : start + size], at)
        await client.write_event(chunk.event())
        at += chunk.milliseconds
    if stop:
        await client.write_event(AudioStop().event())


async def transcript(client: AsyncClient, pcm: bytes) -> str:
    await client.write_event(Transcribe(language="en").event())
    await send_sound(client, pcm)
    return str((await until(client, "transcript"))[-1].data["text"])
