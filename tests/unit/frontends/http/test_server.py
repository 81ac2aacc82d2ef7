"""What the server does with good clients, bad ones, and ones that go away."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from laresd.errors import LaresError, Permanent, Temporary
from laresd.frontends.http import Limits
from laresd.generation import Ending, Finish, Generation, Message, Piece
from tests.fakes.language_model import FakeLanguageModel
from tests.unit.frontends.http.served import asking, error_of, events_of, serving

ASKED = {"messages": [{"role": "user", "content": "Hello"}]}
CHAT = "/v1/chat/completions"
TOKEN = "a-token-of-some-length"


class HeldModel:
    """Says one word and then waits until it may go on; knows when its answer was given up."""

    def __init__(self, *, silent: bool = False, failure: LaresError | None = None) -> None:
        self.asked = asyncio.Event()
        self.go = asyncio.Event()
        self.closed = asyncio.Event()
        self._silent = silent
        self._failure = failure

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        try:
            self.asked.set()
            if not self._silent:
                yield Piece("one")
            await self.go.wait()
            if self._failure is not None:
                raise self._failure
            yield Piece(" two", ending=Ending(Finish.STOP, (), 1, 0, 2, "tower", "why\nnot: ü"))
        finally:
            self.closed.set()

    async def prepare(self, head: Sequence[Message], *, deadline: float) -> None: ...

    async def anticipate(self, generation: Generation, *, deadline: float) -> None: ...


class Wire:
    """A connection whose bytes the test writes itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, text: str | bytes) -> None:
        self.writer.write(text if isinstance(text, bytes) else text.encode())

    def post(self, body: str, *headers: str, path: str = CHAT) -> None:
        lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
        self.send("\r\n".join([*lines, *headers, "", body]))

    async def until(self, mark: bytes) -> bytes:
        async with asyncio.timeout(60):
            return await self.reader.readuntil(mark)

    async def rest(self) -> bytes:
        """What comes until the connection ends, however it ends."""
        found = b""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(60):
                while data := await self.reader.read(1 << 16):
                    found += data
        return found


@asynccontextmanager
async def wired(address: str) -> AsyncGenerator[Wire, None]:
    host, _, port = address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


async def happens(event: asyncio.Event) -> None:
    async with asyncio.timeout(60):
        await event.wait()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_goes_away_frees_what_computes_for_it(stream: bool) -> None:
    model = HeldModel()
    async with serving(model) as address:
        async with wired(address) as wire:
            wire.post(json.dumps({**ASKED, "stream": stream}))
            await happens(model.asked)
            if stream:
                await wire.until(b"one")
            assert not model.closed.is_set()
        await happens(model.closed)


async def test_a_client_that_goes_away_before_the_first_word_frees_it_too() -> None:
    model = HeldModel(silent=True)
    async with serving(model) as address:
        async with wired(address) as wire:
            wire.post(json.dumps({**ASKED, "stream": True}))
            await happens(model.asked)
        await happens(model.closed)


async def test_a_server_that_stops_cuts_off_who_is_being_answered() -> None:
    model = HeldModel()
    async with AsyncExitStack() as stack:
        async with serving(model) as address:
            wire = await stack.enter_async_context(wired(address))
            wire.post(json.dumps({**ASKED, "stream": True}))
            await wire.until(b"one")
        assert model.closed.is_set()
        assert b"[DONE]" not in await wire.rest()


class Talker(FakeLanguageModel):
    """Says more than all buffers between it and a client hold."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = asyncio.Event()

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        try:
            while True:
                yield Piece("x" * 100_000)
        finally:
            self.closed.set()


async def test_a_client_that_does_not_take_its_stream_is_cut_off(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "laresd.frontends.http")
    model = Talker()
    async with (
        serving(model, limits=Limits(send_s=0.05)) as address,
        wired(address) as wire,
    ):
        wire.post(json.dumps({**ASKED, "stream": True}))
        await happens(model.closed)
        assert b"[DONE]" not in await wire.rest()
    assert f"POST {CHAT} 499" in caplog.text


async def test_a_stream_that_waits_shows_that_it_lives() -> None:
    model = HeldModel(silent=True)
    async with serving(model, limits=Limits(pause_s=0.01)) as address, wired(address) as wire:
        wire.post(json.dumps({**ASKED, "stream": True}), "Connection: close")
        head = await wire.until(b": still at it\n\n")
        assert b" 200 OK" in head and b"text/event-stream" in head and b"data:" not in head
        model.go.set()
        assert b"[DONE]" in await wire.rest()


async def test_an_error_after_the_stream_has_begun_is_its_last_event() -> None:
    model = HeldModel(failure=Temporary("the host went away", remedy="ask again"))
    model.go.set()
    async with serving(model) as address, asking(address) as client:
        response = await client.post(CHAT, json={**ASKED, "stream": True})
    assert response.status_code == 200
    *_, last = events_of(response.text)
    assert isinstance(last, dict) and last["error"] == {
        "message": "the host went away (ask again)",
        "type": "server_error",
        "param": None,
        "code": "temporarily_unavailable",
    }
    assert "[DONE]" not in response.text


async def test_an_error_before_the_stream_has_begun_is_a_status() -> None:
    model = HeldModel(silent=True, failure=Temporary("the worker died"))
    model.go.set()
    async with serving(model) as address, asking(address) as client:
        response = await client.post(CHAT, json={**ASKED, "stream": True})
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert error_of(response)["message"] == "the worker died"


async def test_an_answer_says_where_it_was_computed_and_why_in_letters_of_headers() -> None:
    model = HeldModel()
    model.go.set()
    async with serving(model) as address, asking(address) as client:
        response = await client.post("/generate", json={"prompt": "Hello"})
        streamed = await client.post("/generate", json={"prompt": "Hello", "stream": True})
    assert response.headers["x-lares-where"] == "tower"
    assert response.headers["x-lares-why"] == "why?not: ?"
    assert response.json()["text"] == "one two"
    assert [event["text"] for event in events_of(streamed.text) if isinstance(event, dict)] == [
        "one", " two", "",
    ]  # fmt: skip


class Unending(FakeLanguageModel):
    """Breaks the contract: its answers have no ending, or were given up."""

    def __init__(self, *pieces: Piece) -> None:
        super().__init__()
        self._said = pieces

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        for piece in self._said:
            yield piece


@pytest.mark.parametrize(
    "pieces", [(), (Piece("a"),), (Piece("a", ending=Ending(Finish.CANCELLED)),)]
)
async def test_an_answer_that_broke_off_is_never_told_as_a_whole_one(
    pieces: tuple[Piece, ...],
) -> None:
    async with serving(Unending(*pieces)) as address, asking(address) as client:
        whole = await client.post(CHAT, json=ASKED)
        streamed = await client.post(CHAT, json={**ASKED, "stream": True})
    assert whole.status_code == 503
    assert "[DONE]" not in streamed.text and '"error"' in streamed.text


async def test_a_body_that_is_too_large_is_not_read_to_its_end() -> None:
    limits = Limits(body_bytes=1000)
    async with serving(FakeLanguageModel(), limits=limits) as address:
        async with asking(address) as client:
            announced = await client.post(CHAT, json={**ASKED, "user": "x" * 2000})
            assert announced.status_code == 413
            assert error_of(announced)["code"] == "body_too_large"
        async with wired(address) as wire:
            wire.send(
                f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            wire.send("800\r\n" + "x" * 0x800 + "\r\n")  # and no end
            assert b" 413 " in await wire.until(b"\r\n")


async def test_a_compressed_body_counts_by_what_it_becomes() -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    async with serving(FakeLanguageModel()) as address, asking(address) as client:
        headers = {"Content-Encoding": "gzip"}
        assert (await client.post(CHAT, content=bomb, headers=headers)).status_code == 413
        damaged = await client.post(CHAT, content=b"no gzip at all", headers=headers)
        assert damaged.status_code == 400
        small = gzip.compress(json.dumps(ASKED).encode())
        assert (await client.post(CHAT, content=small, headers=headers)).status_code == 200


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    limits = Limits(body_s=0.01)
    async with serving(FakeLanguageModel(), limits=limits) as address, wired(address) as wire:
        wire.send(f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{{")
        answer = await wire.until(b"slow_body")
    assert b" 408 " in answer and b"connection: close" in answer.lower()


async def test_a_connection_on_which_nothing_is_asked_is_closed() -> None:
    limits = Limits(idle_s=0.01)
    async with serving(FakeLanguageModel(), limits=limits) as address, wired(address) as wire:
        wire.send("GET /healthz HTTP/1.1\r\nHos")
        assert await wire.rest() == b""


async def test_connections_are_bounded() -> None:
    async with (
        serving(FakeLanguageModel(), limits=Limits(connections=1)) as address,
        wired(address) as first,
    ):
        first.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await first.until(b'"ok"}')
        async with wired(address) as second:
            assert await second.rest() == b""


async def test_requests_that_compute_are_bounded_and_others_still_answered() -> None:
    model = HeldModel()
    async with (
        serving(model, limits=Limits(at_once=1, requests_per_minute=0)) as address,
        wired(address) as wire,
        asking(address) as client,
    ):
        wire.post(json.dumps(ASKED))
        await happens(model.asked)
        refused = await client.post(CHAT, json=ASKED)
        assert (refused.status_code, error_of(refused)["code"]) == (503, "overloaded")
        assert refused.headers["retry-after"] == "1"
        assert (await client.get("/v1/models")).status_code == 200
        model.go.set()
        await wire.until(b"one two")
        assert (await client.post(CHAT, json=ASKED)).status_code == 200


async def test_a_client_that_asks_too_often_is_told_when_to_come_again() -> None:
    limits = Limits(requests_per_minute=1)
    async with serving(FakeLanguageModel(), limits=limits) as address, asking(address) as client:
        assert (await client.get("/v1/models")).status_code == 200
        refused = await client.get("/v1/models")
        assert (refused.status_code, error_of(refused)["type"]) == (429, "rate_limit_error")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert (await client.get("/healthz")).status_code == 200


async def test_with_a_token_everything_but_the_health_needs_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    async with serving(FakeLanguageModel(), token_file=file) as address, asking(address) as client:
        for path in ("/v1/models", "/readyz", "/metrics", "/openapi.json", "/nothing", CHAT):
            refused = await client.get(path)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert error_of(refused)["code"] == "invalid_api_key"
        assert (await client.get("/healthz")).status_code == 200
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert (await client.get("/metrics", headers=right)).status_code == 200


async def test_pages_of_other_sites_are_kept_out() -> None:
    async with serving(FakeLanguageModel()) as address, asking(address) as client:
        rebound = await client.get("/v1/models", headers={"Host": "evil.example"})
        foreign = await client.post(CHAT, json=ASKED, headers={"Origin": "https://evil.example"})
        flown = await client.options(CHAT, headers={"Access-Control-Request-Method": "POST"})
    assert (rebound.status_code, foreign.status_code, flown.status_code) == (403, 403, 405)
    assert not [name for name in flown.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/v1/models/", 404),
        ("GET", "/%00%ff", 404),
        ("GET", CHAT, 405),
        ("DELETE", "/v1/models", 405),
    ],
)
async def test_what_is_not_there_is_told_in_openais_form(
    method: str, path: str, status: int
) -> None:
    async with serving(FakeLanguageModel()) as address, asking(address) as client:
        response = await client.request(method, path)
    assert response.status_code == status
    error_of(response)
    assert (status == 405) == ("allow" in response.headers)


async def test_a_body_that_is_no_json_is_told_what_it_is_not() -> None:
    async with serving(FakeLanguageModel()) as address, asking(address) as client:
        for body in (b"", b"hello", b"[]", b'{"a":' * 50_000):
            response = await client.post(CHAT, content=body)
            assert (response.status_code, error_of(response)["code"]) == (400, "invalid_json")


async def test_a_large_body_is_read_as_a_small_one_is() -> None:
    model = FakeLanguageModel()
    async with serving(model) as address, asking(address) as client:
        long = {"messages": [{"role": "user", "content": "word " * 20_000}]}
        assert (await client.post(CHAT, json=long)).status_code == 200
    assert len(model.asked[0].messages[0].content) == 100_000


async def test_health_is_told_always_and_readiness_when_it_is_there() -> None:
    async with serving(None, ready="the model is loading") as address, asking(address) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.head("/healthz")).status_code == 200
        waiting = await client.get("/readyz")
        assert (waiting.status_code, error_of(waiting)["message"]) == (503, "the model is loading")
    async with serving(None) as address, asking(address) as client:
        assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_a_failure_of_an_engine_that_is_not_ready_is_not_the_requests_fault() -> None:
    model = FakeLanguageModel(error=Permanent("there is no model file"))
    async with serving(model, ready="llm: no file") as address, asking(address) as client:
        response = await client.post(CHAT, json=ASKED)
    assert response.status_code == 503
    assert error_of(response)["message"] == "there is no model file; llm: no file"


async def test_a_box_without_a_language_model_says_so() -> None:
    async with serving(None) as address, asking(address) as client:
        response = await client.post(CHAT, json=ASKED)
    assert (response.status_code, error_of(response)["code"]) == (503, "not_configured")


async def test_embeddings_stay_on_the_box() -> None:
    async with serving(None) as address, asking(address) as client:
        body = {"input": "a lamp"}
        away = await client.post("/v1/embeddings", json=body, headers={"X-Lares-Hosts": "tower"})
        assert (away.status_code, error_of(away)["param"]) == (400, "X-Lares-Hosts")
        private = {"X-Lares-Reach": "device"}
        assert (await client.post("/v1/embeddings", json=body, headers=private)).status_code == 200
        narrow = await client.post("/v1/embeddings", json={**body, "dimensions": 3})
        assert "64 dimensions" in str(error_of(narrow)["message"])


async def test_metrics_are_the_boxs_and_the_apis_own() -> None:
    async with serving(FakeLanguageModel()) as address, asking(address) as client:
        await client.get("/v1/models/x%22y")
        await client.get("/nothing")
        response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = response.text.splitlines()
    assert "lares_up 1" in lines
    name = "lares_http_requests_total"
    assert f'{name}{{route="/v1/models/{{model:.+}}",status="404"}} 1' in lines
    assert f'{name}{{route="other",status="404"}} 1' in lines


async def test_the_log_has_a_line_for_each_request_and_no_secret_in_it(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    caplog.set_level(logging.INFO, "laresd.frontends.http")
    right = {"Authorization": f"Bearer {TOKEN}"}
    model = FakeLanguageModel("a b")
    async with serving(model, token_file=file) as address, asking(address) as client:
        await client.post(f"{CHAT}?key={TOKEN}", json=ASKED, headers=right)
        await client.get("/a%0Ab", headers=right)
    lines = [record.getMessage() for record in caplog.records if record.name.endswith("server")]
    assert [line.split(" ms")[0].rpartition(" ")[0] for line in lines] == [
        f"POST {CHAT} 200",
        "GET /a%0Ab 404",
    ]
    assert lines[0].endswith("ms, 2 tokens by this box")
    assert TOKEN not in caplog.text and "Hello" not in caplog.text


async def test_the_log_tells_of_clients_that_went_away(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "laresd.frontends.http")
    model = HeldModel()
    async with serving(model) as address:
        async with wired(address) as wire:
            wire.post(json.dumps(ASKED))
            await happens(model.asked)
        await happens(model.closed)
    assert f"POST {CHAT} 499" in caplog.text
