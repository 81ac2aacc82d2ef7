"""Servers of the OpenAI API as a small program: llama-server, vLLM, Ollama, or any other; they
answer in their own formats, and fail as the test tells them to.

Their one model gives the same answer to everything. Its tokens are the bytes of UTF-8, so that
most characters beyond ASCII have several.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self, cast

from aiohttp import web

from laresd.backends.hosts.llama_server import LocalModelFacts
from laresd.jobs import HostKind
from laresd.types import Json
from tests.fakes.openai_formats import (
    AT_ONCE,
    TURN,
    Body,
    Fault,
    chunk,
    continues,
    event,
    last,
    prompt_of,
    refuse,
    said_in,
    template,
    usage_event,
)

ANSWER = "It is warm: 21 °C in the kitchen 🦊, and the lamp is off. 你好!"
CALL: Body = {"room": "kitchen", "level": 3}
JSON_ANSWER = '"yes"'
END = 256  # the token that ends an answer
PIECE = 4  # characters that a chunk of a chat has
FACTS = LocalModelFacts(tensor_bytes=1000, parameters=500, vocabulary=257)
VECTOR = (3.0, 0.0, 4.0)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came in."""

    path: str
    body: Body
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Traits:
    """What the test wants the server to be. `token`: that it asks for. `calls`: a model that can
    call functions. `echoes`: it repeats what it goes on from. `metrics`: they are switched on.
    `vectors`: it makes vectors, too (llama-server, vLLM: vectors only).
    """

    model: str = "tiny"
    facts: LocalModelFacts = FACTS
    digest: str = "sha256:1"
    token: str = ""
    answer: str = ANSWER
    calls: bool = True
    echoes: bool = True
    metrics: bool = True
    vectors: bool = False
    version: str = "0.12.1"
    usage: bool = True


@dataclass
class OpenAiHost:
    """`fault` may change at any time. `running`: answers that are being given now; `finished`:
    those that came to their end.
    """

    kind: HostKind
    traits: Traits = field(default_factory=Traits)
    fault: Fault | None = None
    after: int = 2
    tls: ssl.SSLContext | None = None
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    running: int = 0
    waiting: int = 0
    finished: int = 0

    def __post_init__(self) -> None:
        self._runner: web.AppRunner | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._first])
        app.add_routes([web.route("*", "/{path:.*}", self._serve)])
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.tls)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def swap(self, facts: LocalModelFacts, digest: str) -> None:
        """Another model under the same name."""
        self.traits = replace(self.traits, facts=facts, digest=digest)

    def bodies(self, path: str) -> list[Body]:
        """What was sent to it."""
        return [seen.body for seen in self.seen if seen.path == path]

    async def idle(self) -> None:
        """Until no answer is being given."""
        while self.running:
            self._changed.clear()
            await self._changed.wait()

    @web.middleware
    async def _first(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await _body(request)
        self.seen.append(Seen(request.path, body, dict(request.headers)))
        wanted = f"Bearer {self.traits.token}"
        if self.traits.token and request.headers.get("Authorization") != wanted:
            return refuse(401, f"Invalid API Key {request.headers.get('Authorization')}")
        if self.fault is Fault.MOVED:
            raise web.HTTPTemporaryRedirect("http://127.0.0.1:1/elsewhere")
        if self.fault is not None and self.fault in AT_ONCE:
            status, kind, page = AT_ONCE[self.fault]
            return web.Response(status=status, content_type=kind, text=page)
        return await handler(request)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        if request.method == "POST" and request.path in ("/v1/chat/completions", "/v1/completions"):
            return await self._openai(request, body)
        if self.kind is HostKind.LLAMA_SERVER and request.path == "/completion":
            return await self._completion(request, body)
        if request.path == "/v1/embeddings":
            return self._embeddings(body)
        if request.path == "/metrics":
            return web.Response(text=self._metrics()) if self.traits.metrics else refuse(404, "no")
        told = self._told(request.path, body)
        return web.json_response(told) if told is not None else refuse(404, "File Not Found")

    def _told(self, path: str, body: Body) -> Json:
        """What is no stream; None where this server has no such path."""
        if path == "/v1/models":
            return {"object": "list", "data": [self._model()]}
        if self.kind is HostKind.LLAMA_SERVER:
            return self._told_by_llama_server(path, body)
        if self.kind is HostKind.OLLAMA:
            return self._told_by_ollama(path)
        if self.kind is HostKind.VLLM:
            told: Body = {"/health": {}, "/version": {"version": self.traits.version}}
            return told.get(path)
        return None

    def _model(self) -> Body:
        facts = self.traits.facts
        own: dict[HostKind, Body] = {
            HostKind.LLAMA_SERVER: {
                "owned_by": "llamacpp",
                "meta": {
                    "n_vocab": facts.vocabulary,
                    "n_params": facts.parameters,
                    "size": facts.tensor_bytes,
                    "n_ctx": 512,
                },
            },
            HostKind.VLLM: {
                "owned_by": "vllm",
                "root": f"/models/{self.traits.digest}",
                "max_model_len": 2048,
            },
            HostKind.OLLAMA: {"owned_by": "library"},
        }
        row: Body = {"id": self.traits.model, "object": "model", "created": 1}
        return row | own.get(self.kind, {"owned_by": "me"})

    def _told_by_llama_server(self, path: str, body: Body) -> Json:
        if path == "/apply-template":
            return {"prompt": template(cast("list[Body]", body["messages"]))}
        if path == "/tokenize":
            return {"tokens": [*str(body["content"]).encode()]}
        if path == "/detokenize":
            return {"content": bytes(cast("list[int]", body["tokens"])).decode("utf-8", "replace")}
        told: Body = {
            "/health": {"status": "ok"},
            "/slots": [{"id": n, "is_processing": n < self.running} for n in range(2)],
            "/props": {
                "default_generation_settings": {"n_ctx": 512},
                "total_slots": 2,
                "model_path": f"/models/{self.traits.digest}.gguf",
                "chat_template_caps": {"supports_tools": self.traits.calls},
            },
        }
        return told.get(path)

    def _told_by_ollama(self, path: str) -> Json:
        name, digest = self.traits.model, self.traits.digest
        cloud: Body = {"name": "big:cloud", "digest": "x", "remote_host": "https://ollama.com"}
        abilities = [
            "completion",
            *["tools"] * self.traits.calls,
            *["embedding"] * self.traits.vectors,
        ]
        told: Body = {
            "/api/version": {"version": "0.13.0"},
            "/api/tags": {"models": [cloud, {"name": name, "digest": digest}]},
            "/api/ps": {"models": [{"name": name, "digest": digest, "context_length": 8192}]},
            "/api/show": {"capabilities": [*abilities]},
        }
        return told.get(path)

    def _metrics(self) -> str:
        if self.kind is HostKind.VLLM:
            label = f'{{engine="0",model_name="{self.traits.model}"}}'
            return (
                "# TYPE vllm:num_requests_running gauge\n"
                f"vllm:num_requests_running{label} {float(self.running)}\n"
                f"vllm:num_requests_waiting{label} {float(self.waiting)}\n"
            )
        return (
            f"llamacpp:predicted_tokens_seconds 12.5\nllamacpp:prompt_tokens_seconds 100\n"
            f"llamacpp:requests_processing {self.running}\n"
            f"llamacpp:requests_deferred {self.waiting}\n"
        )

    def _embeddings(self, body: Body) -> web.Response:
        texts = cast("list[str]", body.get("input"))
        if not self.traits.vectors:
            status = {HostKind.LLAMA_SERVER: 501, HostKind.VLLM: 404}.get(self.kind, 500)
            return refuse(status, "This server does not support embeddings")
        if not texts:
            return refuse(400, '"input" must not be empty')
        return web.json_response({"object": "list", "data": self.vectors(texts)})

    def vectors(self, texts: Sequence[str]) -> list[Body]:
        """The last one first: their order is told by `index`."""
        rows: list[Body] = [
            {"index": n, "embedding": [number * (n + 1) for number in VECTOR]}
            for n in range(len(texts))
        ]
        return rows[::-1]

    async def _openai(self, request: web.Request, body: Body) -> web.StreamResponse:
        chat = request.path.endswith("/chat/completions")
        if body["model"] != self.traits.model:
            return refuse(404, f"The model {body['model']} does not exist.")
        if body.get("tools") and self.traits.calls:
            return await self._stream(request, self._calling(body))
        answer, echo = self._rest(prompt_of(body)), ""
        if chat and continues(body) and self.kind is HostKind.LLAMA_SERVER:
            echo = said_in(body) if self.traits.echoes else ""
        if {"response_format", "json_schema", "grammar", "structured_outputs"} & set(body):
            answer = JSON_ANSWER
        return await self._stream(request, self._chunks(body, answer, echo, chat=chat))

    def _rest(self, prompt: str) -> str:
        """What is left of the answer after the prompt's own beginning of it."""
        said = prompt.rpartition(TURN)[2] if TURN in prompt else ""
        return self.traits.answer.removeprefix(said)

    async def _chunks(
        self, body: Body, answer: str, echo: str, *, chat: bool
    ) -> AsyncIterator[str]:
        most = int(str(body["max_tokens"]))
        stops = cast("list[str]", body.get("stop", []))
        answer = answer[: min([len(answer), *(answer.find(s) for s in stops if s in answer)])]
        pieces = [answer[n : n + PIECE] for n in range(0, len(answer), PIECE)]
        if chat:
            yield chunk({"delta": {"role": "assistant", "content": None}})
        for number, piece in enumerate(pieces[:most]):
            shown = echo + piece if not number else piece
            yield chunk({"delta": {"content": shown}} if chat else {"text": shown})
        finish = "length" if most < len(pieces) else "stop"
        yield chunk({"delta": {}, "finish_reason": finish} if chat else last(finish))
        if self.traits.usage:
            yield event(usage_event(9, 4, min(most, len(pieces))))
        yield "data: [DONE]\n\n"

    async def _calling(self, body: Body) -> AsyncIterator[str]:
        tool = cast(Body, cast("list[Body]", body["tools"])[0]["function"])
        arguments = json.dumps(CALL)
        head: Body = {"index": 0, "id": "call_7", "type": "function"}
        yield chunk({"delta": {"content": "Well. "}})
        named: Body = head | {"function": {"name": tool["name"], "arguments": ""}}
        yield chunk({"delta": {"tool_calls": [named]}})
        for n in range(0, len(arguments), 6):
            part: Body = {"index": 0, "function": {"arguments": arguments[n : n + 6]}}
            yield chunk({"delta": {"tool_calls": [part]}})
        yield chunk({"delta": {}, "finish_reason": "tool_calls"})
        yield "data: [DONE]\n\n"

    async def _completion(self, request: web.Request, body: Body) -> web.StreamResponse:
        prompt = body["prompt"]
        parts = prompt if isinstance(prompt, list) else [prompt]
        read = b"".join(p.encode() if isinstance(p, str) else bytes([cast(int, p)]) for p in parts)
        said = read.rpartition(TURN.encode())[2] if TURN.encode() in read else b""
        rest = self.traits.answer.encode().removeprefix(said)
        if "json_schema" in body or "grammar" in body:
            rest = JSON_ANSWER.encode()
        return await self._stream(request, self._tokens(body, rest, len(read)))

    async def _tokens(self, body: Body, rest: bytes, evaluated: int) -> AsyncIterator[str]:
        """As llama-server tells of tokens: of a character's several ones only the last."""
        most = int(str(body["n_predict"]))
        told: Body = {"stop": False, "tokens_evaluated": evaluated, "timings": {"cache_n": 3}}
        waiting = b""
        for number, byte in enumerate(rest[:most], 1):
            waiting += bytes([byte])
            try:
                text = waiting.decode()
            except UnicodeDecodeError as error:
                if error.reason == "unexpected end of data":
                    continue
                text = waiting.decode("utf-8", "replace")  # it began within a character
            waiting = b""
            yield event(told | {"content": text, "tokens": [byte], "tokens_predicted": number})
        count, why = min(most, len(rest)), "limit"
        if len(rest) < most:
            count, why = count + 1, "eos"
            yield event(told | {"content": "", "tokens": [END], "tokens_predicted": count})
        end: Body = {"content": "", "tokens": [], "stop": True, "stop_type": why}
        yield event(told | end | {"tokens_predicted": count})

    async def _stream(self, request: web.Request, events: AsyncIterator[str]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        self.running += 1
        try:
            count = 0
            async for line in events:
                if count == self.after and await self._fail(request, response):
                    return response
                await response.write(line.encode())
                count += 1
            self.finished += 1
        finally:
            self.running -= 1
            self._changed.set()
        return response

    async def _fail(self, request: web.Request, response: web.StreamResponse) -> bool:
        """Whether the stream is at its end."""
        if self.fault is Fault.RESET and request.transport is not None:
            request.transport.abort()
        if self.fault is Fault.HANG:
            await asyncio.Event().wait()
        lines = {
            Fault.GARBAGE: b'data: {"choices": 5}\n\n',
            Fault.NOT_JSON: b"data: \x00\xff<<>>\n\n",
            Fault.ERROR: b'data: {"error": {"code": 500, "message": "out of memory"}}\n\n',
        }
        if self.fault in lines:
            with contextlib.suppress(ConnectionError):
                await response.write(lines[self.fault])
        return self.fault in (Fault.RESET, Fault.CLOSED, *lines)


async def _body(request: web.Request) -> Body:
    text = await request.text()
    return cast(Body, json.loads(text)) if text else {}
