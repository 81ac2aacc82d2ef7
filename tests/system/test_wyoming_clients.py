"""Real clients of the protocol against `lares wyoming`, with real engines: the package's own over
TCP, a unix socket and standard input, and wyoming-bench.
"""

from __future__ import annotations

import asyncio
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.client import AsyncClient, AsyncTcpClient, AsyncUnixClient
from wyoming.event import Event, async_read_event, async_write_event
from wyoming.tts import Synthesize

from laresd.commands.demo import FIRST
from laresd.sound import Resampler, read_wav, write_wav
from tests.contract.brokers import free_port
from tests.fakes.wyoming_package import (
    AudioChunk,
    AudioStart,
    AudioStop,
    Describe,
    Detect,
    Detection,
    Info,
)

PATIENCE = 60.0
BENCH = "from wyoming_bench.cli import main; raise SystemExit(main())"
TEXT = "turn on the kitchen light"
pytestmark = pytest.mark.slow


class StdioClient(AsyncClient):
    """A client of a server that it has started itself, as wyoming-faster-whisper is tested."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        super().__init__()
        self._process = process

    async def read_event(self) -> Event | None:
        assert self._process.stdout is not None
        return await asyncio.wait_for(async_read_event(self._process.stdout), PATIENCE)

    async def write_event(self, event: Event) -> None:
        assert self._process.stdin is not None
        await async_write_event(event, self._process.stdin)


@contextmanager
def configured(folder: Path, port: int) -> Iterator[Path]:
    """A configuration file, with a state folder and addresses of the test's own."""
    file = folder / "lares.toml"
    file.write_text(
        f'[box]\nstate_dir = "{folder / "state"}"\n[audio]\nenabled = false\n'
        f'[wyoming]\nport = {port}\nsocket = "{folder / "w.sock"}"\n'
    )
    yield file


@asynccontextmanager
async def started(*options: str, stdin: int = DEVNULL) -> AsyncIterator[asyncio.subprocess.Process]:
    """`lares wyoming`, ended cleanly."""
    command = [sys.executable, "-c", "from laresd.cli import main; raise SystemExit(main())"]
    process = await asyncio.create_subprocess_exec(
        *command, "wyoming", *options, stdin=stdin, stdout=PIPE, stderr=DEVNULL
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        elif process.returncode is None:
            process.terminate()
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0


@asynccontextmanager
async def a_server(folder: Path) -> AsyncIterator[int]:
    """Its port, once it answers."""
    port = free_port()
    with configured(folder, port) as file:
        async with started("--config", str(file)), asyncio.timeout(PATIENCE):
            while True:
                try:
                    async with AsyncTcpClient("127.0.0.1", port):
                        break
                except OSError:
                    await asyncio.sleep(0.1)
            yield port


async def until(client: AsyncClient, kind: str) -> Event:
    while True:
        event = await client.read_event()
        assert event is not None, "the server has hung up"
        assert event.type != "error", event.data
        if event.type == kind:
            return event


async def spoken(client: AsyncClient, text: str) -> bytes:
    """As 16 kHz mono s16."""
    await client.write_event(Synthesize(text).event())
    pcm = b""
    while True:
        event = await client.read_event()
        assert event is not None
        if event.type == "audio-stop":
            return pcm
        pcm += event.payload or b""


async def transcript(client: AsyncClient, pcm: bytes, rate: int = 16_000) -> str:
    await client.write_event(Transcribe(language="en").event())
    await send(client, pcm, rate)
    return Transcript.from_event(await until(client, "transcript")).text


async def send(client: AsyncClient, pcm: bytes, rate: int = 16_000) -> None:
    await client.write_event(AudioStart(rate, 2, 1, 0).event())
    for start in range(0, len(pcm), 2048):
        await client.write_event(AudioChunk(rate, 2, 1, pcm[start : start + 2048]).event())
    await client.write_event(AudioStop().event())


def plain(text: str) -> str:
    return re.sub(r"[^a-z ]", "", text.lower().strip())


async def checked(client: AsyncClient) -> bytes:
    """The usual test of a speech server: it says what it has, and hears what is said."""
    await client.write_event(Describe().event())
    info = Info.from_event(await until(client, "info"))
    assert info.asr and info.tts and info.wake and not info.handle
    assert any(model.installed and "en" in model.languages for model in info.asr[0].models)
    assert {"en", "de"} <= set(info.tts[0].voices[-1].languages)
    pcm = await spoken(client, TEXT)
    assert plain(await transcript(client, pcm)) == TEXT
    return pcm


async def test_a_program_that_starts_its_own_server_is_served_on_standard_input(
    tmp_path: Path,
) -> None:
    with configured(tmp_path, 1) as file:
        async with started("--stdio", "--config", str(file), stdin=PIPE) as process:
            await checked(StdioClient(process))


async def test_programs_are_served_over_tcp_and_a_unix_socket(tmp_path: Path) -> None:
    async with a_server(tmp_path) as port:
        for _ in range(2):
            async with AsyncTcpClient("127.0.0.1", port) as client:
                pcm = await checked(client)
        async with AsyncUnixClient(tmp_path / "w.sock") as client:
            assert plain(await transcript(client, pcm)) == TEXT
            wide = Resampler(16_000, 48_000).feed(pcm + bytes(3200))
            assert plain(await transcript(client, wide, 48_000)) == TEXT


async def test_the_wake_word_is_found_where_it_is_and_nowhere_else(tmp_path: Path) -> None:
    woken = (await asyncio.to_thread(read_wav, FIRST)).pcm
    async with a_server(tmp_path) as port, AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Detect(["okay_nabu"]).event())
        await send(client, woken)
        found = Detection.from_event(await until(client, "detection"))
        assert found.name == "okay_nabu"
        assert found.timestamp is not None and 300 < found.timestamp < 2000
        await client.write_event(Detect().event())
        await send(client, await spoken(client, TEXT))
        await until(client, "not-detected")


async def bench(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", BENCH, *arguments), stdout=PIPE, stderr=PIPE
    )
    told, complaint = await asyncio.wait_for(process.communicate(), 2 * PATIENCE)
    assert process.returncode == 0, complaint.decode()
    return told.decode()


async def test_wyoming_bench_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    async with a_server(tmp_path) as port:
        where = f"127.0.0.1:{port}"
        async with AsyncTcpClient("127.0.0.1", port) as client:
            pcm = await spoken(client, TEXT)
        await asyncio.to_thread(write_wav, corpus / "one.wav", pcm)
        (corpus / "one.txt").write_text(TEXT)
        info = await bench("info", where)
        assert "transcript streaming" in info and "synthesize streaming" in info
        heard = await bench("stt", where, "--corpus", str(corpus), "--rounds", "1")
        assert heard.count("ok=1 fail=0") == 2 and heard.count("WER=0.0%") == 2, heard
        said = await bench("tts", where, "--rounds", "1", "--texts", "Good morning. It is seven.")
        assert said.count("ok=1 fail=0") == 2, said
