"""HTTP to a host: what goes out, and what is said of what comes back."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from laresd.backends.hosts import faults
from laresd.backends.hosts.http import Address, HttpClient, Upload
from laresd.backends.hosts.tls import fingerprint_bytes
from laresd.errors import DeadlineExceeded, LaresError, Permanent, Temporary
from laresd.jobs import HostKind
from laresd.types import Json
from tests.fakes.certificates import Certificate, certificate
from tests.fakes.openai_formats import Body, Fault
from tests.fakes.openai_host import OpenAiHost, Traits
from tests.fakes.workers import soon

SECRET = "sk-never-tell"
CHAT: Body = {"model": "tiny", "messages": [{"role": "user", "content": "?"}], "max_tokens": 99}


@pytest.fixture
async def server() -> AsyncIterator[OpenAiHost]:
    async with OpenAiHost(HostKind.VLLM) as server:
        yield server


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Certificate, Certificate]:
    folder = tmp_path_factory.mktemp("certificates")
    return certificate(folder, "one"), certificate(folder, "other")


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")
    return file


async def models(address: Address) -> Json:
    async with HttpClient(address) as http:
        return http.json(await http.get("/v1/models", deadline=soon()))


async def stream(server: OpenAiHost, *, deadline: float | None = None) -> list[bytes]:
    async with HttpClient(Address("gpu", server.url)) as http:
        events = http.events("/v1/chat/completions", CHAT, deadline=deadline or soon())
        async with aclosing(events):
            return [event async for event in events]


async def test_a_stream_comes_event_by_event(server: OpenAiHost) -> None:
    events = await stream(server)
    assert len(events) > 5
    assert events[-1] == b"[DONE]"


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
async def test_the_address_may_end_as_people_write_it(server: OpenAiHost, path: str) -> None:
    assert await models(Address("gpu", server.url + path))


@pytest.mark.parametrize("url", ["", "gpu:8080", "tcp://gpu:8080", "file:///etc/passwd"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(Permanent, match=r"not one of http or https.*hosts\.gpu\.url"):
        HttpClient(Address("gpu", url))


FAULTS: dict[Fault, tuple[type[LaresError], str]] = {
    Fault.BUSY: (Temporary, "the host gpu is full: no free slot"),
    Fault.LOADING: (Temporary, "gpu is still loading its model"),
    Fault.CRASHED: (Temporary, r"gpu failed \(500\): out of memory"),
    Fault.DENIED: (Permanent, r"gpu does not accept the token \(401\) .*hosts\.gpu\.token_file"),
    Fault.MOVED: (Permanent, r"sends its callers elsewhere \(307\).*hosts\.gpu\.url"),
    Fault.PAGE: (Temporary, "no answer: text/html in place of a stream"),
    Fault.PLAIN_ERROR: (Temporary, "no answer: something else"),
    Fault.RESET: (Temporary, r"broke off|was lost"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_stream_that_fails_says_why(server: OpenAiHost, fault: Fault) -> None:
    server.fault = fault
    kind, words = FAULTS[fault]
    with pytest.raises(kind, match=words):
        await stream(server)


async def test_a_host_that_hangs_costs_no_more_than_the_deadline(server: OpenAiHost) -> None:
    server.fault = Fault.HANG
    with pytest.raises(DeadlineExceeded, match="gpu did not answer in time"):
        await stream(server, deadline=asyncio.get_running_loop().time() + 0.3)
    await server.idle()  # and it need not go on


async def test_a_page_in_place_of_json_is_told(server: OpenAiHost) -> None:
    server.fault = Fault.PAGE
    with pytest.raises(Temporary, match="text/html in place of JSON"):
        await models(Address("gpu", server.url))


async def test_a_stream_that_is_left_is_hung_up_on(server: OpenAiHost) -> None:
    server.fault = Fault.HANG
    async with HttpClient(Address("gpu", server.url)) as http:
        events = http.events("/v1/chat/completions", CHAT, deadline=soon())
        async with aclosing(events):
            await anext(events)
            assert server.running == 1
        await server.idle()
    assert server.finished == 0


async def test_nobody_there_is_told() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(Temporary, match="no server listens at the host gpu"):
            await models(Address("gpu", url))


async def test_a_server_that_hangs_up_without_a_word_is_told() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Temporary, match="the connection to the host gpu was lost"):
            await models(Address("gpu", f"http://127.0.0.1:{port}"))


async def test_what_speaks_no_http_is_told() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Temporary, match="the host gpu"):
            await models(Address("gpu", f"http://127.0.0.1:{port}"))


async def test_a_name_that_nobody_knows_is_told() -> None:
    with pytest.raises(Temporary, match="name of the host gpu is not known"):
        await models(Address("gpu", "http://gpu.invalid:8080"))


async def test_the_token_is_sent_and_told_to_nobody(
    server: OpenAiHost, token_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.traits = Traits(token=SECRET)
    address = Address("gpu", server.url, token_file=token_file)
    assert await models(address)
    server.traits = Traits(token="another")  # and the server repeats the one that it got
    with pytest.raises(Permanent, match="does not accept the token") as caught:
        await models(address)
    assert SECRET not in f"{caught.value}{caught.value!r}{caplog.text}"
    assert SECRET not in repr(address)


async def test_a_token_that_was_changed_is_read_again(server: OpenAiHost, token_file: Path) -> None:
    server.traits = Traits(token="new")
    async with HttpClient(Address("gpu", server.url, token_file=token_file)) as http:
        with pytest.raises(Permanent, match="does not accept"):
            await http.get("/v1/models", deadline=soon())
        token_file.write_text("new")
        assert (await http.get("/v1/models", deadline=soon())).ok


@pytest.mark.parametrize("content", ["", "\n", "two words", "zwölf", "a\nb"])
async def test_a_file_that_holds_no_token_is_told(
    server: OpenAiHost, token_file: Path, content: str
) -> None:
    token_file.write_text(content)
    with pytest.raises(Permanent, match="holds no token"):
        await models(Address("gpu", server.url, token_file=token_file))
    assert server.seen == []


async def test_a_missing_token_file_is_told(server: OpenAiHost, tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="token of the host gpu cannot be read"):
        await models(Address("gpu", server.url, token_file=tmp_path / "none"))


async def test_a_pinned_certificate_opens_the_way(
    certificates: tuple[Certificate, Certificate], token_file: Path
) -> None:
    own, _ = certificates
    traits = Traits(token=SECRET)
    async with OpenAiHost(HostKind.OPENAI, traits, tls=own.context()) as server:
        assert await models(Address("gpu", server.url, token_file, own.fingerprint))
        with_colons = ":".join(own.fingerprint[n : n + 2].upper() for n in range(0, 64, 2))
        assert await models(Address("gpu", server.url, token_file, with_colons))


async def test_another_certificate_is_shown_nothing(
    certificates: tuple[Certificate, Certificate], token_file: Path
) -> None:
    own, other = certificates
    async with OpenAiHost(HostKind.OPENAI, tls=other.context()) as server:
        with pytest.raises(Permanent, match=r"another certificate .*lares hosts trust gpu"):
            await models(Address("gpu", server.url, token_file, own.fingerprint))
        assert server.seen == []


async def test_a_certificate_that_nobody_signed_is_not_trusted_by_itself(
    certificates: tuple[Certificate, Certificate], token_file: Path
) -> None:
    async with OpenAiHost(HostKind.OPENAI, tls=certificates[0].context()) as server:
        with pytest.raises(Permanent, match=r"not trusted: self.signed .*hosts\.gpu\.fingerprint"):
            await models(Address("gpu", server.url, token_file))
        assert server.seen == []


async def test_tls_to_a_server_without_it_is_told(server: OpenAiHost) -> None:
    with pytest.raises(Temporary, match="TLS with the host gpu failed"):
        await models(Address("gpu", server.url.replace("http:", "https:")))


@pytest.mark.parametrize("wrong", ["00", "g" * 64, "ab" * 33])
def test_a_fingerprint_that_is_none_is_told(wrong: str) -> None:
    with pytest.raises(Permanent, match="no fingerprint"):
        fingerprint_bytes(wrong)


def test_a_fingerprint_without_tls_is_refused() -> None:
    with pytest.raises(Permanent, match=r"write https:// in hosts\.gpu\.url"):
        HttpClient(Address("gpu", "http://gpu:8080", fingerprint="ab" * 32))


async def test_a_form_carries_its_files() -> None:
    received = bytearray()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = (int(x.split(b":")[1]) for x in head.split(b"\r\n") if b"ength" in x)
        received.extend(head + await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with HttpClient(Address("gpu", url)) as http:
            form: dict[str, str | Upload] = {
                "model": "m",
                "file": Upload("a.wav", b"RIFF", "audio/wav"),
            }
            answer = await http.post_form("/v1/audio/transcriptions", form, deadline=soon())
    assert http.json(answer) == {}
    assert b"multipart/form-data" in received
    assert b'filename="a.wav"' in received and b"\r\nRIFF\r\n" in received


async def test_after_the_end_nothing_is_sent(server: OpenAiHost) -> None:
    async with HttpClient(Address("gpu", server.url)) as http:
        pass
    with pytest.raises(Permanent, match="was closed"):
        await http.get("/v1/models", deadline=soon())


async def test_a_host_that_takes_no_connection_costs_a_second() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        try:
            for one in waiting:  # until its queue is full, and it answers nobody more
                one.setblocking(False)
                one.connect_ex(address)
            started = asyncio.get_running_loop().time()
            with pytest.raises(Temporary, match="the host gpu does not answer"):
                await models(Address("gpu", f"http://127.0.0.1:{address[1]}"))
            assert asyncio.get_running_loop().time() - started < 30.0
        finally:
            for one in waiting:
                one.close()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "too  long\\n\\u0007"}}', "too long"),
        (b'{"error": "no model"}', "no model"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"message": "", "detail": [1]}', ""),
        (b"<html><body>oops</body></html>", ""),
        (b"plain words", "plain words"),
        (b"", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b'"key sk-never-tell is wrong"', "key *** is wrong"),
    ],
)
def test_what_a_host_says_is_told_on_one_line(body: bytes, said: str) -> None:
    assert faults.saying(body, secret=SECRET) == said


def test_a_host_that_says_much_is_cut_short() -> None:
    assert len(faults.saying(b"x" * 10_000)) == faults.LONGEST_SAYING
