"""Speech over the OpenAI audio API: what is asked of the server, and what is no answer of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from laresd.backends.hosts.audio import OpenAiSynthesizer, OpenAiTranscriber, media_models
from laresd.backends.hosts.http import Address, HttpClient
from laresd.errors import LaresError, Permanent, Temporary
from laresd.jobs import JobKind
from laresd.sound import wav_bytes
from laresd.types import AUTO, SAMPLE_RATE, Json
from tests.fakes.audio import speech
from tests.fakes.wyoming_host import listening


def soon() -> float:
    return asyncio.get_running_loop().time() + 60


class Server:
    """Answers one path with one thing, and keeps what it was sent."""

    def __init__(self, *, status: int = 200, kind: str = "application/json") -> None:
        self.status, self.kind = status, kind
        self.body = b"{}"
        self.models: list[Json] = []
        self.asked: list[tuple[str, bytes]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = dict(line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
        sent = await reader.readexactly(int(lines.get("Content-Length", "0")))
        path = head.split()[1]
        self.asked.append((path, sent))
        status, kind, body = self.status, self.kind, self.body
        if path == "/v1/models":
            status, kind, body = 200, "application/json", json.dumps({"data": self.models}).encode()
        writer.write(
            f"HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await writer.drain()


@contextlib.asynccontextmanager
async def asking(server: Server) -> AsyncIterator[HttpClient]:
    async with (
        listening(server.serve) as port,
        HttpClient(Address("tower", f"http://127.0.0.1:{port}")) as http,
    ):
        yield http


def test_which_model_does_what_is_told_by_its_task_or_its_name() -> None:
    rows: list[dict[str, Json]] = [
        {"id": "Qwen3-4B"},
        {"id": "ours-1", "task": "text-to-speech"},
        {"id": "kokoro"},
        {"id": "openai/whisper-large-v3"},
        {"id": "whisper-tts"},
        {"id": "stable-diffusion-3.5"},
        {"id": 7},
        {},
    ]
    assert media_models(rows) == {
        JobKind.SPEAK: "ours-1",
        JobKind.TRANSCRIBE: "openai/whisper-large-v3",
        JobKind.IMAGE: "stable-diffusion-3.5",
    }


@pytest.mark.parametrize("name", ["llama-3.2-3b", "mistral", "nomic-embed-text", "sd", "asr"])
def test_a_language_model_is_none_of_them(name: str) -> None:
    assert media_models([{"id": name}]) == {}


async def test_a_host_without_such_a_model_says_so() -> None:
    server = Server()
    server.models = [{"id": "llama"}]
    async with asking(server) as http:
        with pytest.raises(Permanent, match="the host tower has no model of the kind transcribe"):
            await OpenAiTranscriber(http).transcribe(speech(96), language="en", deadline=soon())
        with pytest.raises(Permanent, match="no model of the kind speak"):
            await OpenAiSynthesizer(http).synthesize("Done.", language="en", deadline=soon())


async def test_a_model_that_is_named_is_not_looked_for() -> None:
    server = Server()
    server.body = b'{"text": " Turn on the light. "}'
    async with asking(server) as http:
        ear = OpenAiTranscriber(http, "mine")
        heard = await ear.transcribe(speech(320), language="zh-CN", deadline=soon())
    assert (heard.text, heard.audio_seconds) == ("Turn on the light.", 0.32)
    ((path, sent),) = server.asked
    assert path == "/v1/audio/transcriptions"
    assert wav_bytes(speech(320)) in sent
    for field in (b'name="model"\r\n\r\nmine', b'name="language"\r\n\r\nzh\r\n'):
        assert field in b"\r\n".join(
            line
            for line in sent.split(b"\r\n")
            if not line.startswith(b"Content-") or line.startswith(b"Content-Disposition")
        )


async def test_names_that_may_be_said_are_told_as_what_was_said_before() -> None:
    server = Server()
    server.body = b'{"text": "Zoe"}'
    async with asking(server) as http:
        ear = OpenAiTranscriber(http, "mine")
        await ear.transcribe(speech(320), language="en", deadline=soon(), hints=("Zoe", "Office"))
        await ear.transcribe(speech(320), language="en", deadline=soon())
    (_, told), (_, plain) = server.asked
    assert b"Zoe, Office" in told
    assert b'name="prompt"' not in plain


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b'{"text": "x", "language": "de"}', "de"),
        (b'{"text": "x"}', ""),
        (b'{"text": "x", "language": 1}', ""),
    ],
)
async def test_a_language_that_is_to_be_found_is_not_sent(answer: bytes, found: str) -> None:
    server = Server()
    server.body = answer
    async with asking(server) as http:
        ear = OpenAiTranscriber(http, "mine")
        heard = await ear.transcribe(speech(320), language=AUTO, deadline=soon())
    ((_, sent),) = server.asked
    assert b'name="language"' not in sent
    assert heard.language == found


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (200, b'{"error": "?"}', Temporary, "a transcription without text"),
        (200, b'{"text": null}', Temporary, "a transcription without text"),
        (200, b"[]", Temporary, "a transcription without text"),
        (200, b"<html>", Temporary, "in place of JSON"),
        (503, b'{"error": {"message": "busy"}}', Temporary, "the host tower is full: busy"),
        (500, b"", Temporary, r"the host tower failed \(500\)"),
        (404, b'{"detail": "no such model"}', Permanent, "no such model"),
        (401, b"", Permanent, "does not accept the token"),
    ],
)
async def test_what_is_no_transcription_is_an_error(
    status: int, body: bytes, error: type[LaresError], said: str
) -> None:
    server = Server(status=status)
    server.body = body
    async with asking(server) as http:
        with pytest.raises(error, match=said):
            ear = OpenAiTranscriber(http, "mine")
            await ear.transcribe(speech(96), language="en", deadline=soon())


async def test_a_sentence_is_asked_for_as_wav() -> None:
    server = Server(kind="audio/wav")
    server.body = wav_bytes(speech(320), SAMPLE_RATE)
    async with asking(server) as http:
        voice = OpenAiSynthesizer(http, "kokoro", "amy")
        assert await voice.synthesize("Done.", language="en", deadline=soon()) == speech(320)
    ((path, sent),) = server.asked
    assert path == "/v1/audio/speech"
    assert json.loads(sent) == {
        "model": "kokoro",
        "input": "Done.",
        "voice": "amy",
        "response_format": "wav",
    }


async def test_samples_without_a_header_are_understood_too() -> None:
    """As servers send that have no other format: 24 kHz s16."""
    server = Server(kind="audio/pcm")
    server.body = b"\x10\x00" * 24_000 + b"\x10"
    async with asking(server) as http:
        voice = OpenAiSynthesizer(http, "kokoro")
        pcm = await voice.synthesize("Done.", language="en", deadline=soon())
    assert len(pcm) == 2 * SAMPLE_RATE


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("audio/mpeg", b"ID3\x04" + b"\x00" * 64, "MP3"),
        ("audio/wav", b"", "is empty"),
        ("audio/pcm", b"", "is empty"),
        ("application/json", b'{"text": "hello"}', "not a wav"),
        ("audio/wav", wav_bytes(b""), "holds no sound"),
    ],
)
async def test_what_is_no_sound_is_an_error(kind: str, body: bytes, said: str) -> None:
    server = Server(kind=kind)
    server.body = body
    async with asking(server) as http:
        with pytest.raises(Temporary, match=f"the host tower sends what is no answer.*{said}"):
            voice = OpenAiSynthesizer(http, "kokoro")
            await voice.synthesize("Done.", language="en", deadline=soon())


async def test_a_voice_that_the_server_does_not_have_is_said_in_its_words() -> None:
    server = Server(status=400)
    server.body = b'{"error": {"message": "unknown voice alloy"}}'
    async with asking(server) as http:
        with pytest.raises(Permanent, match="unknown voice alloy"):
            voice = OpenAiSynthesizer(http, "kokoro")
            await voice.synthesize("Done.", language="en", deadline=soon())
