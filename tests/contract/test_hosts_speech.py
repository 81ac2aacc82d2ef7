"""The speech part of port Host: whatever protocol the server has, it hears and speaks alike."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import pytest
from aiohttp import BodyPartReader, web
from wyoming.event import Event
from wyoming.server import AsyncEventHandler

from laresd.backends.hosts.audio import OpenAiSynthesizer, OpenAiTranscriber
from laresd.backends.hosts.http import Address, HttpClient
from laresd.backends.hosts.wyoming import WyomingHost
from laresd.config import HostSettings
from laresd.errors import DeadlineExceeded, Temporary
from laresd.ports import Synthesizer, Transcriber
from laresd.sound import level_dbfs, read_wav, wav_bytes
from laresd.types import SAMPLE_RATE
from tests.fakes.audio import silence, speech
from tests.fakes.wyoming_host import (
    BOTH,
    MS_PER_LETTER,
    SENTENCE,
    Failure,
    FakeWyoming,
    heard,
    listening,
    spoken,
)

PIPER_RATE = 22_050


@dataclass(frozen=True, slots=True)
class Speech:
    """A host; `hang`: from now on it does not answer; `left`: it was hung up on then."""

    ear: Transcriber
    voice: Synthesizer
    hang: Callable[[], None]
    left: asyncio.Event


class PackageServer(AsyncEventHandler):
    """A server made with the Wyoming package, as wyoming-faster-whisper and wyoming-piper are."""

    hanging: asyncio.Event
    left: asyncio.Event
    pcm = b""

    async def handle_event(self, event: Event) -> bool:
        if event.type == "describe":
            await self.write_event(Event("info", dict(BOTH)))
        elif self.hanging.is_set():
            pass
        elif event.type == "audio-chunk":
            self.pcm += event.payload or b""
        elif event.type == "audio-stop":
            await self.write_event(Event("transcript", {"text": heard(self.pcm)}))
            return False
        elif event.type == "synthesize":
            form = {"rate": PIPER_RATE, "width": 2, "channels": 1}
            await self.write_event(Event("audio-start", form))
            sound = spoken(event.data["text"], PIPER_RATE)
            await self.write_event(Event("audio-chunk", form, sound))
            await self.write_event(Event("audio-stop"))
        return True

    async def disconnect(self) -> None:
        self.left.set()


@contextlib.asynccontextmanager
async def package() -> AsyncIterator[Speech]:
    hanging, left = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handler = PackageServer(reader, writer)
        handler.hanging, handler.left = hanging, left
        await handler.run()

    async with listening(serve) as port:
        host = WyomingHost("tower", HostSettings(url=f"tcp://127.0.0.1:{port}"))
        yield Speech(host, host, hanging.set, left)


@contextlib.asynccontextmanager
async def fake() -> AsyncIterator[Speech]:
    server = FakeWyoming(rate=PIPER_RATE)

    def hang() -> None:
        server.failure = Failure.HANGS
        server.left.clear()

    async with server.serving(), WyomingHost("tower", HostSettings(url=server.url)) as host:
        yield Speech(host, host, hang, server.left)


@contextlib.asynccontextmanager
async def openai() -> AsyncIterator[Speech]:
    hanging, left = asyncio.Event(), asyncio.Event()

    async def wait_when_hanging() -> None:
        if hanging.is_set():
            try:
                await asyncio.Event().wait()
            finally:
                left.set()

    async def models(request: web.Request) -> web.Response:
        ids = ["llama-3", "Systran/faster-whisper-small", "kokoro"]
        return web.json_response({"data": [{"id": name} for name in ids]})

    async def transcribe(request: web.Request) -> web.Response:
        form: dict[str | None, bytes] = {}
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            form[part.name] = bytes(await part.read())
        await wait_when_hanging()
        assert (form["model"], form["language"]) == (b"Systran/faster-whisper-small", b"en")
        pcm = await asyncio.to_thread(lambda: read_wav(form["file"]).pcm)
        return web.json_response({"text": " " + heard(pcm)})

    async def speak(request: web.Request) -> web.Response:
        body = await request.json()
        await wait_when_hanging()
        assert (body["model"], body["response_format"]) == ("kokoro", "wav")
        wav = wav_bytes(spoken(body["input"], PIPER_RATE), PIPER_RATE)
        return web.Response(body=wav, content_type="audio/wav")

    app = web.Application()
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/audio/transcriptions", transcribe)
    app.router.add_post("/v1/audio/speech", speak)
    async with serving(app) as url, HttpClient(Address("tower", url)) as http:
        yield Speech(OpenAiTranscriber(http), OpenAiSynthesizer(http), hanging.set, left)


@contextlib.asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Kind(Protocol):
    def __call__(self) -> contextlib.AbstractAsyncContextManager[Speech]: ...


@pytest.fixture(params=[fake, package, openai], ids=lambda kind: kind.__name__)
async def host(request: pytest.FixtureRequest) -> AsyncIterator[Speech]:
    kind: Kind = request.param
    async with kind() as speaking:
        yield speaking


def soon() -> float:
    return asyncio.get_running_loop().time() + 60


async def test_it_says_what_it_heard_and_how_long_the_sound_was(host: Speech) -> None:
    told = await host.ear.transcribe(speech(1280), language="en", deadline=soon())
    assert (told.text, told.audio_seconds) == (SENTENCE, 1.28)
    assert told.compute_seconds > 0


async def test_half_a_minute_of_sound_arrives_whole(host: Speech) -> None:
    told = await host.ear.transcribe(
        silence(29_000) + speech(32), language="en-GB", deadline=soon()
    )
    assert told.text == SENTENCE


async def test_where_nothing_was_said_there_is_no_text(host: Speech) -> None:
    assert (await host.ear.transcribe(silence(960), language="en", deadline=soon())).text == ""


async def test_no_sound_is_not_sent_anywhere(host: Speech) -> None:
    host.hang()
    assert (await host.ear.transcribe(b"", language="en", deadline=soon())).text == ""
    assert await host.voice.synthesize(" ", language="en", deadline=soon()) == b""


async def test_a_sentence_is_spoken_as_the_box_plays_it(host: Speech) -> None:
    pcm = await host.voice.synthesize(SENTENCE, language="en", deadline=soon())
    seconds = len(SENTENCE) * MS_PER_LETTER / 1000
    assert len(pcm) % 2 == 0
    assert len(pcm) / 2 / SAMPLE_RATE == pytest.approx(seconds, abs=0.01)
    assert level_dbfs(pcm) > -40.0


async def test_requests_go_side_by_side(host: Speech) -> None:
    async with asyncio.TaskGroup() as group:
        ears = [
            group.create_task(host.ear.transcribe(speech(960), language="en", deadline=soon()))
            for _ in range(8)
        ]
    assert [ear.result().text for ear in ears] == [SENTENCE] * 8


Asking = Callable[[Speech, float], Awaitable[object]]
ASKING: list[Asking] = [
    lambda host, deadline: host.ear.transcribe(speech(960), language="en", deadline=deadline),
    lambda host, deadline: host.voice.synthesize(SENTENCE, language="en", deadline=deadline),
]


@pytest.mark.parametrize("ask", ASKING, ids=["transcribe", "synthesize"])
async def test_a_deadline_that_has_passed_is_an_error(host: Speech, ask: Asking) -> None:
    with pytest.raises(DeadlineExceeded):
        await ask(host, asyncio.get_running_loop().time() - 1.0)


@pytest.mark.parametrize("ask", ASKING, ids=["transcribe", "synthesize"])
async def test_a_host_that_hangs_is_hung_up_on_at_the_deadline(host: Speech, ask: Asking) -> None:
    await ask(host, soon())
    host.hang()
    with pytest.raises(DeadlineExceeded, match="tower did not answer in time"):
        await ask(host, asyncio.get_running_loop().time() + 0.2)
    async with asyncio.timeout(60):
        await host.left.wait()


@pytest.mark.parametrize("ask", ASKING, ids=["transcribe", "synthesize"])
async def test_what_is_given_up_ends_the_work_of_the_host(host: Speech, ask: Asking) -> None:
    await ask(host, soon())
    host.left.clear()
    host.hang()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await ask(host, soon())
    async with asyncio.timeout(60):
        await host.left.wait()


async def test_a_host_that_is_off_is_said() -> None:
    settings = HostSettings(url="tcp://127.0.0.1:9")
    async with WyomingHost("tower", settings) as host:
        with pytest.raises(Temporary, match="no server listens at the host tower"):
            await host.transcribe(speech(960), language="en", deadline=soon())
    async with HttpClient(Address("tower", "http://127.0.0.1:9")) as http:
        with pytest.raises(Temporary, match="no server listens at the host tower"):
            await OpenAiTranscriber(http).transcribe(speech(96), language="en", deadline=soon())
